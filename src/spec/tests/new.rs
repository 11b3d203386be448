//! What `new` writes, and what it must leave alone.

use std::fs;
use std::path::Path;

use super::super::Spec;
use super::super::scaffold::{ScaffoldError, scaffold};
use super::super::templates::Template;
use super::home;

#[test]
fn what_new_writes_is_a_good_spec_and_nothing_is_overwritten() {
    for template in Template::all() {
        let home = tempfile::tempdir().expect("a temporary directory");
        fs::write(home.path().join(".gitignore"), "target").expect("written");
        let domain = template.port.map(|_| "shop.example.com");
        let files = scaffold(home.path(), template, "shop", domain).expect("written");
        let spec = Spec::read(&home.path().join("shop.yaml")).expect("a good spec");
        assert_eq!((spec.port, spec.domains.first().map(String::as_str)), (template.port, domain));
        assert_eq!(files.len(), template.files.len() + 2);
        let ignored = fs::read_to_string(home.path().join(".gitignore")).expect("read");
        assert_eq!(ignored, "target\n.env\n");
        let again = scaffold(home.path(), template, "shop", domain);
        assert!(matches!(again, Err(ScaffoldError::InTheWay(path)) if path.ends_with("shop.yaml")));
        scaffold(home.path(), template, "other", domain).expect("written");
        assert_eq!(fs::read_to_string(home.path().join(".gitignore")).expect("read"), ignored);
    }
}

#[test]
fn new_writes_nothing_when_the_folder_is_in_the_way() {
    let home = home();
    let template = Template::named("python-api").expect("there");
    assert!(scaffold(home.path(), template, "my-api", Some("a.example.com")).is_err());
    assert!(scaffold(home.path(), template, "../x", Some("a.example.com")).is_err());
    let names: Vec<_> =
        fs::read_dir(home.path()).expect("listed").map(|entry| entry.expect("read").file_name()).collect();
    assert_eq!(names, ["my-api"]);
}

#[test]
fn a_worker_is_written_without_a_domain_and_everything_else_with_one() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let template = |name: &str| Template::named(name).expect("there");
    let domain = Some("a.example.com");
    assert!(matches!(
        scaffold(home.path(), template("worker"), "w", domain),
        Err(ScaffoldError::Unfit { .. })
    ));
    assert!(matches!(
        scaffold(home.path(), template("node-api"), "n", None),
        Err(ScaffoldError::Unfit { .. })
    ));
    assert_eq!(fs::read_dir(home.path()).expect("listed").count(), 0);
    scaffold(home.path(), template("worker"), "w", None).expect("written");
    let spec = fs::read_to_string(home.path().join("w.yaml")).expect("read");
    assert!(!spec.contains("domain:") && !spec.contains("port:"), "{spec}");
}

#[test]
fn a_worker_that_is_given_a_domain_must_say_its_port() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let template = Template::named("worker").expect("there");
    scaffold(home.path(), template, "w", None).expect("written");
    let path = home.path().join("w.yaml");
    let text = "name: w\ntemplate: worker\ndomain: w.example.com\n";
    let (_, _, message, _) = super::only(Spec::parse(&path, text));
    assert!(message.contains("`port` is missing: template `worker`"), "{message}");
    let spec = Spec::parse(&path, &format!("{text}port: 80\n")).expect("a good spec");
    assert_eq!(spec.health.fingerprint, None, "nothing in it answers with its release");
}

#[test]
fn the_example_is_what_new_writes() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hello");
    let template = Template::named("python-api").expect("there");
    assert_eq!(fs::read_dir(&example).expect("listed").count(), template.files.len());
    for (path, content) in template.files {
        let found = fs::read(example.join(path)).expect("read");
        assert!(found == *content, "examples/hello/{path} differs from the template");
    }
}
