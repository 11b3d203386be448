//! What `new` writes, and what it must leave alone.

use std::fs;

use super::super::Spec;
use super::super::scaffold::{ScaffoldError, scaffold};
use super::super::templates::Template;
use super::home;

#[test]
fn what_new_writes_is_a_good_spec_and_nothing_is_overwritten() {
    for template in Template::all() {
        let home = tempfile::tempdir().expect("a temporary directory");
        fs::write(home.path().join(".gitignore"), "target").expect("written");
        let files = scaffold(home.path(), template, "shop", "shop.example.com").expect("written");
        let spec = Spec::read(&home.path().join("shop.yaml")).expect("a good spec");
        assert_eq!(spec.port, Some(template.port));
        assert_eq!(files.len(), template.files.len() + 2);
        let ignored = fs::read_to_string(home.path().join(".gitignore")).expect("read");
        assert_eq!(ignored, "target\n.env\n");
        let again = scaffold(home.path(), template, "shop", "shop.example.com");
        assert!(matches!(again, Err(ScaffoldError::InTheWay(path)) if path.ends_with("shop.yaml")));
        scaffold(home.path(), template, "other", "other.example.com").expect("written");
        assert_eq!(fs::read_to_string(home.path().join(".gitignore")).expect("read"), ignored);
    }
}

#[test]
fn new_writes_nothing_when_the_folder_is_in_the_way() {
    let home = home();
    let template = Template::named("python-api").expect("there");
    assert!(scaffold(home.path(), template, "my-api", "a.example.com").is_err());
    assert!(scaffold(home.path(), template, "../x", "a.example.com").is_err());
    let names: Vec<_> =
        fs::read_dir(home.path()).expect("listed").map(|entry| entry.expect("read").file_name()).collect();
    assert_eq!(names, ["my-api"]);
}
