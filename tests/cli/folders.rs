//! An app's folder: validate, plan and apply find the same in it and say it in the same words, before anything is sent.

use std::os::unix::fs::symlink;

use super::fixture::{CliFixture, Said};

const SPEC: &str = "name: look\nfolder: ./app\ndomain: look.example.com\nport: 80\n";

/// What is in the folder (a name that ends in `@` is a link to the content), and words of the refusal, if it is one.
type Case = (&'static str, &'static [(&'static str, &'static str)], Option<&'static str>);

const COPY_ALL: (&str, &str) = ("Dockerfile", "FROM a\nCOPY . .\n");

const CASES: [Case; 29] = [
    ("fine", &[COPY_ALL, ("x", "")], None),
    ("no folder", &[], Some("the app's folder")),
    ("no Dockerfile", &[("keep", "")], Some("has no Dockerfile")),
    ("other case", &[("DOCKERFILE", "FROM a\n")], Some("rename `DOCKERFILE`")),
    ("small letters", &[("dockerfile", "FROM a\nCOPY . .\n")], None),
    ("empty", &[("Dockerfile", "# none\n\n")], Some("the Dockerfile is empty")),
    ("no text", &[("Dockerfile", "FROM a\nRUN <<E\n")], Some("Dockerfile:2:1")),
    ("no FROM", &[("Dockerfile", "RUN x\n")], Some("before the first FROM")),
    ("a typing error", &[("Dockerfile", "FROM a\nCOPPY . .\n")], Some("did you mean COPY?")),
    ("ONBUILD", &[("Dockerfile", "FROM a\nONBUILD COPY . .\n")], Some("ONBUILD cannot read")),
    ("RUN for later", &[("Dockerfile", "FROM a\nONBUILD RUN x\n")], None),
    (
        "ADD of an archive by name only",
        &[("Dockerfile", "FROM a\nADD a.tar.gz /\n"), ("a.tar.gz", "x\n")],
        None,
    ),
    ("ADD of an archive", &[("Dockerfile", "FROM a\nADD a /\n"), ("a", "BZh9")], Some("ADD unpacks")),
    ("--parents", &[("Dockerfile", "FROM a\nCOPY --parents x /\n"), ("x", "")], Some("--parents")),
    ("our stage", &[("Dockerfile", "FROM a AS fabrik-context\n")], Some("another name")),
    ("a link out", &[COPY_ALL, ("out@", "/etc/passwd")], Some("leads out")),
    ("a link further out", &[COPY_ALL, ("s/out@", "../../x")], Some("leads out")),
    ("a link out that stays", &[COPY_ALL, ("out@", "/etc/passwd"), (".dockerignore", "out")], None),
    ("a link within", &[COPY_ALL, ("s/in@", "../Dockerfile")], None),
    ("a source that is not there", &[("Dockerfile", "FROM a\nCOPY x /\n")], Some("Dockerfile:2:6")),
    ("a source that is left out", &[COPY_ALL, (".dockerignore", "x"), ("x", "")], None),
    (
        "a named source that is left out",
        &[("Dockerfile", "FROM a\nCOPY x /\n"), (".dockerignore", "x"), ("x", "")],
        Some("line 1 of .dockerignore"),
    ),
    (
        "the own ignore file",
        &[
            ("Dockerfile", "FROM a\nCOPY x /\n"),
            ("Dockerfile.dockerignore", "x"),
            (".dockerignore", ""),
            ("x", ""),
        ],
        Some("line 1 of Dockerfile.dockerignore"),
    ),
    ("a bad pattern", &[COPY_ALL, (".dockerignore", "x\n[\n")], Some(".dockerignore:2:1")),
    ("a model", &[("Dockerfile", "FROM a\nCOPY .env.example .env\n"), (".env.example", "A=\n")], None),
    ("secrets", &[("Dockerfile", "FROM a\nCOPY .env /\n"), (".env", "A=b\n")], Some("holds secrets")),
    ("a model that goes with nobody", &[COPY_ALL, (".env.example", "A=\n")], None),
    (
        "history",
        &[("Dockerfile", "FROM a\nCOPY .git /x\n"), (".git/HEAD", "x")],
        Some("`.git` is never sent"),
    ),
    ("a pattern that fits nothing", &[("Dockerfile", "FROM a\nCOPY *.txt /x/\n")], None),
];

fn house(files: &[(&str, &str)]) -> CliFixture {
    let house = CliFixture::new();
    house.write("look.yaml", SPEC);
    for (name, content) in files {
        let Some(link) = name.strip_suffix('@') else {
            house.write(&format!("app/{name}"), content);
            continue;
        };
        let link = house.folder().join("app").join(link);
        std::fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(content, link).unwrap();
    }
    house
}

/// What is said of the folder: errors and warnings with their places.
fn of_folder(said: &Said) -> Vec<String> {
    let about = ["error: ", "warning: ", " --> ", "hint: "];
    let lines = said.err.lines().filter(|line| about.iter().any(|start| line.contains(start)));
    lines.map(str::to_owned).collect()
}

#[test]
fn validate_plan_and_apply_find_the_same_in_a_folder_and_say_it_alike() {
    for (case, files, words) in CASES {
        let house = house(files);
        let validated = house.run(&["validate", "look.yaml"]);
        let planned = house.run(&["plan", "look.yaml", "--sandbox"]);
        let wanted = if words.is_some() { 2 } else { 0 };
        assert_eq!((validated.exit, planned.exit), (wanted, wanted), "{case}: {validated:?}");
        assert_eq!(of_folder(&validated), of_folder(&planned), "{case}");
        if let Some(words) = words {
            let before = house.listing();
            let applied = house.run(&["apply", "look.yaml", "--sandbox"]);
            assert_eq!((applied.exit, of_folder(&applied)), (2, of_folder(&validated)), "{case}");
            assert!(
                validated.err.contains(words) && validated.err.contains("hint: "),
                "{case}: {}",
                validated.err
            );
            assert_eq!(house.listing(), before, "{case}");
        }
    }
}

#[test]
fn a_folder_that_is_wrong_is_told_before_any_other_app_is_begun() {
    let house = house(&[("Dockerfile", "FROM a\nCOPY x /\n")]);
    house.run(&["new", "--template", "python-api", "my-api"]).ends(0);
    let before = house.listing();
    house.run(&["apply", "my-api.yaml", "look.yaml", "--sandbox"]).ends(2).says("Dockerfile:2:6");
    assert_eq!(house.listing(), before);
}

#[test]
fn what_a_copied_folder_goes_without_is_said_by_every_command() {
    let house = house(&[COPY_ALL, (".env.example", "A=\n"), ("sub/.env", "A=b\n")]);
    for command in [
        &["validate", "look.yaml"][..],
        &["plan", "look.yaml", "--sandbox"],
        &["apply", "look.yaml", "--sandbox"],
    ] {
        let said = house.run(command);
        for words in ["Dockerfile:2:6", "`.env.example`", "`sub/.env`", "name it in a COPY", "`secrets:`"] {
            assert!(said.err.contains(words), "{command:?}: {words} is not in {}", said.err);
        }
    }
}

#[test]
fn the_env_file_beside_the_spec_is_not_spoken_of() {
    let house = CliFixture::new();
    house.write("look.yaml", SPEC.replace("./app", "."));
    house.write("Dockerfile", "FROM a\nCOPY . .\n");
    house.write(".env", "TOKEN=abcdefghijkl\n");
    let said = house.run(&["validate", "look.yaml"]).ends(0);
    assert_eq!(said.err, "");
}
