//! Deployments: reading triggers and records, and judging which one is ours.

use serde_json::{Value, json};

use super::{coolify, line};
use crate::providers::coolify::Resource;
use crate::providers::coolify::deployments::{
    DeploymentRecord, DeploymentVerdict, Status, Trigger, judge, trigger,
};
use crate::providers::coolify::lifecycle::ContainerState;

fn entry(uuid: &str, id: u64, status: &str) -> Value {
    json!({"deployment_uuid": uuid, "id": id, "status": status, "is_api": true, "logs": null})
}

fn deployment(uuid: &str, number: u64, status: Status) -> DeploymentRecord {
    DeploymentRecord { uuid: uuid.into(), number, status, commit: None, by_api: true, log: Some(Vec::new()) }
}

fn answer(message: &str, deployment: Option<&str>) -> Value {
    json!({"deployments": [
        {"message": "Application other deployment queued.", "resource_uuid": "other", "deployment_uuid": "x"},
        {"message": message, "resource_uuid": "app", "deployment_uuid": deployment},
    ]})
}

#[test]
fn the_answer_to_a_trigger_is_read_for_this_app_alone() {
    for (message, uuid, expected) in [
        ("Application api deployment queued.", Some("d"), Trigger::Queued("d".into())),
        ("Deployment already queued for this commit.", Some("phantom"), Trigger::AlreadyQueued),
        ("Deployment already queued for this commit.", None, Trigger::AlreadyQueued),
        ("Service api started. It could take a while, be patient.", None, Trigger::Unrecorded),
    ] {
        assert_eq!(trigger(&answer(message, uuid), "app"), expected, "{message}");
    }
    let denied = "Unauthorized to deploy this application.";
    assert_eq!(trigger(&answer(denied, None), "app"), Trigger::Denied(denied.into()));
    assert_eq!(trigger(&json!({}), "app"), Trigger::Silent);
}

#[test]
fn a_deployment_is_followed_only_if_it_is_listed_or_younger_than_the_trigger() {
    let older = deployment("older", 3, Status::Finished);
    let ours = deployment("ours", 4, Status::InProgress);
    let queued = |uuid: &str| Some(Trigger::Queued(uuid.to_owned()));
    let follow = |uuid: &str| DeploymentVerdict::Follow(uuid.to_owned());
    let now = [ours, older.clone()];
    assert_eq!(judge(Some(3), queued("ours").as_ref(), &now), follow("ours"));
    assert_eq!(judge(Some(3), queued("phantom").as_ref(), &now), follow("ours"));
    assert_eq!(judge(Some(3), None, &now), follow("ours"));
    assert_eq!(judge(None, None, &now[..1]), follow("ours"));
    assert_eq!(judge(Some(3), queued("phantom").as_ref(), &now[1..]), DeploymentVerdict::Lost);
    assert_eq!(judge(Some(3), None, &now[1..]), DeploymentVerdict::Lost);
    assert_eq!(judge(None, None, &[]), DeploymentVerdict::Lost);
}

#[test]
fn one_that_was_under_way_before_is_waited_for_and_not_taken_for_ours() {
    let older = deployment("older", 3, Status::Queued);
    let already = Some(&Trigger::AlreadyQueued);
    assert_eq!(
        judge(Some(3), already, std::slice::from_ref(&older)),
        DeploymentVerdict::WaitFor("older".into())
    );
    let over = DeploymentRecord { status: Status::Failed, ..older.clone() };
    assert_eq!(judge(Some(3), already, &[over]), DeploymentVerdict::Lost);
    let ours = deployment("ours", 4, Status::Queued);
    assert_eq!(judge(Some(3), already, &[ours, older]), DeploymentVerdict::Follow("ours".into()));
}

#[test]
fn what_a_push_started_is_not_adopted() {
    let push = DeploymentRecord { by_api: false, ..deployment("push", 4, Status::InProgress) };
    assert_eq!(judge(Some(3), None, &[push]), DeploymentVerdict::Lost);
}

#[test]
fn a_denied_trigger_is_denied_whatever_runs() {
    let denied = Trigger::Denied("no".into());
    let running = deployment("d", 9, Status::InProgress);
    assert_eq!(judge(None, Some(&denied), &[running]), DeploymentVerdict::Denied("no".into()));
}

#[tokio::test]
async fn the_newest_is_the_one_with_the_highest_number_however_they_are_ordered() {
    let list = json!({"count": 2, "deployments": [entry("a", 3, "finished"), entry("b", 12, "queued")]});
    let coolify = coolify([("/deployments/applications/app?skip=0&take=10", 200, list)]);
    let newest = coolify.newest("app").await.unwrap().unwrap();
    assert_eq!((newest.uuid.as_str(), newest.status), ("b", Status::Queued));
    assert_eq!(coolify.newest("gone").await, Ok(None));
}

#[tokio::test]
async fn every_status_is_read_and_only_three_are_ends() {
    for (word, status, is_over) in [
        ("queued", Status::Queued, false),
        ("in_progress", Status::InProgress, false),
        ("finished", Status::Finished, true),
        ("failed", Status::Failed, true),
        ("cancelled-by-user", Status::Cancelled, true),
        ("resting", Status::Other("resting".into()), false),
    ] {
        let coolify = coolify([("/deployments/d", 200, entry("d", 1, word))]);
        let deployment = coolify.deployment("d").await.unwrap().unwrap();
        assert_eq!((deployment.status.is_over(), deployment.status), (is_over, status));
        assert_eq!(coolify.deployment("phantom").await, Ok(None));
    }
}

#[tokio::test]
async fn the_log_is_what_people_may_see_and_absent_is_not_empty() {
    let entries = json!([
        {"command": null, "output": "Starting deployment.", "type": "stdout", "hidden": false, "batch": 1},
        {"command": "docker build", "output": "secret", "type": "stdout", "hidden": true, "batch": 1, "order": 2},
        {"output": "step 1\nstep 2\n", "type": "stderr", "hidden": false, "batch": 1, "order": 3},
    ]);
    let mut told = entry("d", 1, "failed");
    told["logs"] = json!(entries.to_string());
    let mut untold = entry("u", 1, "failed");
    untold.as_object_mut().unwrap().remove("logs");
    let coolify = coolify([
        ("/deployments/d", 200, told),
        ("/deployments/u", 200, untold),
        ("/deployments/n", 200, entry("n", 1, "queued")),
    ]);
    let read = async |uuid| coolify.deployment(uuid).await.unwrap().unwrap();
    assert_eq!(read("d").await.tail(2), Some("step 1\nstep 2".to_owned()));
    assert_eq!(read("d").await.tail(9), Some("Starting deployment.\nstep 1\nstep 2".to_owned()));
    assert_eq!(read("u").await.tail(9), None);
    assert_eq!(read("n").await.tail(9), Some(String::new()));
}

#[tokio::test]
async fn the_same_verbs_serve_both_kinds_at_their_own_paths() {
    let coolify = coolify([
        ("/applications/app", 200, json!({"uuid": "app", "status": "exited:unhealthy"})),
        ("/services/svc", 200, json!({"uuid": "svc", "status": "exited"})),
    ]);
    let (app, svc) = (Resource::Application("app"), Resource::Service("svc"));
    assert_eq!(coolify.status(app).await, Ok(Some("exited:unhealthy".to_owned())));
    assert_eq!(coolify.status(svc).await, Ok(Some("exited".to_owned())));
    assert_eq!(line(&coolify.stop(app)), "POST /applications/app/stop?docker_cleanup=false");
    assert_eq!(line(&coolify.stop(svc)), "POST /services/svc/stop?docker_cleanup=false");
    assert_eq!(line(&coolify.deploy(app)), "POST /deploy?uuid=app");
    assert_eq!(line(&coolify.cancel("d")), "POST /deployments/d/cancel");
}

#[tokio::test]
async fn an_applications_log_needs_no_part_and_a_400_means_that_nothing_runs() {
    let coolify = coolify([
        ("/applications/up/logs?lines=9&show_timestamps=true", 200, json!({"logs": "release r1\n"})),
        (
            "/applications/down/logs?lines=9&show_timestamps=true",
            400,
            json!({"message": "Application is not running."}),
        ),
    ]);
    let log = async |uuid| coolify.container(Resource::Application(uuid), "app", 9).await;
    assert_eq!(log("up").await, Ok(ContainerState::Running("release r1\n".into())));
    assert_eq!(log("down").await, Ok(ContainerState::Stopped));
    assert!(log("gone").await.is_err(), "an application that is not there is not a stopped one");
}
