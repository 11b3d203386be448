//! Variables of either kind of app.

use serde_json::{Value, json};

use super::{body, coolify, line};
use crate::providers::coolify::Resource;
use crate::providers::coolify::envs::Reach;
use crate::secrets::Secret;

fn row(uuid: &str, key: &str, is_preview: bool) -> Value {
    json!({"uuid": uuid, "key": key, "is_preview": is_preview})
}

#[tokio::test]
async fn rows_for_previews_are_no_rows_but_go_with_theirs_and_before_them() {
    let rows = json!([
        row("a", "KEY", false),
        row("b", "OTHER", false),
        row("pa", "KEY", true),
        row("px", "OLD", true)
    ]);
    let coolify = coolify([("/applications/app/envs", 200, rows)]);
    let rows = coolify.env_rows(Resource::Application("app")).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.key.as_str()).collect::<Vec<_>>(), ["KEY", "OTHER"]);
    assert_eq!(rows[0].ids().collect::<Vec<_>>(), ["pa", "a"]);
    assert_eq!(rows[1].ids().collect::<Vec<_>>(), ["b"]);
}

#[test]
fn an_applications_rows_say_all_their_flags_and_a_services_only_those_it_knows() {
    let value = Secret::new("blue".to_owned());
    let coolify = coolify([]);
    let service = coolify.set_envs(Resource::Service("svc"), &[("COLOUR", &value, Reach::Build)]);
    let mut flags = json!({"key": "COLOUR", "value": "blue", "is_literal": true, "is_multiline": false,
        "is_shown_once": false});
    assert_eq!(line(&service), "PATCH /services/svc/envs/bulk");
    assert_eq!(body(&service), json!({"data": [flags]}));
    let application = coolify.set_envs(Resource::Application("app"), &[("COLOUR", &value, Reach::Build)]);
    let more = json!({"is_preview": false, "is_runtime": true, "is_buildtime": true});
    flags.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    assert_eq!(line(&application), "PATCH /applications/app/envs/bulk");
    assert_eq!(body(&application), json!({"data": [flags]}));
}

#[test]
fn what_is_for_the_container_alone_is_kept_from_the_build() {
    let value = Secret::new("r1".to_owned());
    let call = coolify([]).set_envs(Resource::Application("app"), &[("KEY", &value, Reach::Container)]);
    let row = &body(&call)["data"][0];
    assert_eq!((&row["is_buildtime"], &row["is_runtime"]), (&json!(false), &json!(true)));
}

#[test]
fn a_name_given_twice_is_sent_once_with_its_last_value() {
    let (old, new) = (Secret::new("old".to_owned()), Secret::new("new".to_owned()));
    let call = coolify([])
        .set_envs(Resource::Application("app"), &[("KEY", &old, Reach::Build), ("KEY", &new, Reach::Build)]);
    let data = body(&call)["data"].clone();
    assert_eq!((data.as_array().map(Vec::len), &data[0]["value"]), (Some(1), &json!("new")));
}

#[test]
fn the_journal_learns_names_of_variables_and_no_values() {
    let value = Secret::new("canary".to_owned());
    let call = coolify([]).set_envs(Resource::Application("app"), &[("KEY", &value, Reach::Build)]);
    assert!(!format!("{:?}", call.redacted).contains("canary"));
    assert_eq!(call.redacted.attributes.get("KEY").map(String::as_str), Some("set"));
}
