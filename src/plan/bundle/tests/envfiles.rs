//! Which files named `.env*` go, which stay, and what is said of it.

use std::fs;

use super::super::envfiles::{Named, named};
use super::*;

const NAMES: [&str; 8] = [
    ".env",
    ".env.local",
    ".env.production",
    ".env.production.local",
    ".env.example",
    ".env.local.example",
    ".envrc",
    ".env.bak",
];

fn with(dockerfile: &str, more: &[(&str, &str)]) -> TempDir {
    let dockerfile = format!("FROM a\n{dockerfile}\n");
    let files: Vec<(&str, &str)> = NAMES.iter().map(|name| (*name, "A=b")).collect();
    folder(&[&[("Dockerfile", dockerfile.as_str())], files.as_slice(), more].concat())
}

fn sent(folder: &TempDir) -> Vec<String> {
    paths(folder).into_iter().filter(|path| path.contains(".env")).collect()
}

#[test]
fn a_name_says_whether_it_is_a_model_or_holds_secrets() {
    let kinds = [
        (
            Named::Secrets,
            ".env .ENV .env.local .env.production.local .envrc .env~ .env.bak .env_old .env.keys .env-secrets",
        ),
        (
            Named::EnvFile,
            ".env.example .env.local.example .env.production .env.test .env.vault .envoy.yaml .envs",
        ),
        (Named::Plain, "env .environ/x a.env example.env xenv"),
        (Named::History, ".git sub/.git"),
    ];
    for (kind, names) in kinds {
        for name in names.split(' ') {
            assert_eq!(named(Path::new(name)), kind, "{name}");
        }
    }
}

#[test]
fn an_env_file_goes_only_where_the_dockerfile_names_it() {
    for (dockerfile, wanted) in [
        ("COPY . .", &[][..]),
        ("COPY * /x/", &[]),
        ("COPY .env.example .env", &[".env.example"]),
        ("COPY --chown=1 ./.env.production x /y/", &[".env.production"]),
        ("COPY [\".env.production\", \"/y\"]", &[".env.production"]),
        ("ADD .env.example /", &[".env.example"]),
        ("ARG E=production\nCOPY .env.$E /", &[".env.production"]),
        ("COPY .env.ex* /", &[".env.example"]),
        ("COPY .env* ./", &[".env.example", ".env.local.example", ".env.production"]),
        ("RUN --mount=type=bind,source=.env.example,target=.env make", &[".env.example"]),
        ("# COPY .env.example .env", &[]),
        ("RUN cp .env.example .env", &[]),
        ("COPY --from=x .env.example .env", &[]),
    ] {
        assert_eq!(sent(&with(dockerfile, &[("x", "")])), wanted, "{dockerfile}");
    }
    let inner = [("a/.env.example", ""), ("a/.env", "")];
    assert_eq!(sent(&with("COPY a/.env.example /", &inner)), ["a/.env.example"]);
    assert_eq!(sent(&with("COPY a /", &inner)), [""; 0]);
}

#[test]
fn one_that_holds_secrets_is_refused_where_the_dockerfile_names_it() {
    for name in [".env", ".env.local", ".env.production.local", ".envrc", ".env.bak"] {
        let said = refused(&with(&format!("COPY x {name} /y/"), &[("x", "")]));
        assert!(said.contains("Dockerfile:2:8") && said.contains("holds secrets"), "{name}: {said}");
        assert!(said.contains("`secrets:`"), "{said}");
        // Whatever an ignore file takes back.
        let back = format!("*\n!Dockerfile\n!{name}\n");
        assert_eq!(sent(&with("CMD x", &[(".dockerignore", &back)])), [""; 0], "{name}");
    }
    let said = refused(&with("COPY .git/HEAD /", &[(".git/HEAD", "")]));
    assert!(said.contains("Dockerfile:2:6") && said.contains("`.git` is never sent"), "{said}");
    let said = refused(&with("COPY .env.example /", &[(".dockerignore", ".env*\n")]));
    assert!(said.contains("line 1 of .dockerignore leaves out"), "{said}");
}

#[test]
fn what_a_copied_folder_goes_without_is_said() {
    let warnings = |dockerfile: &str, more: &[(&str, &str)]| {
        let warnings = read(&with(dockerfile, more)).expect("read").warnings;
        warnings.into_iter().map(|it| (it.line, it.message)).collect::<Vec<_>>()
    };
    let said = warnings("RUN x\nCOPY . .", &[("a/.env.test", "")]);
    assert_eq!((said.len(), said[0].0, said[1].0), (2, 3, 3));
    for name in ["`.env.example`", "`.env.production`", "`a/.env.test`"] {
        assert!(said[0].1.contains("`COPY .`") && said[0].1.contains(name), "{said:?}");
    }
    assert!(said[1].1.contains("`.env`") && said[1].1.contains("`.envrc`"), "{said:?}");
    assert_eq!(warnings("COPY a /", &[("a/x", "")]), []);
    assert_eq!(warnings("COPY . .", &[(".dockerignore", ".env*\n")]), []);
    assert_eq!(warnings("COPY .env* x /y/", &[("x", "")]).len(), 1);
}

#[test]
fn the_env_file_that_secrets_come_from_is_not_spoken_of() {
    let home = folder(&[("Dockerfile", "FROM a\nCOPY . .\n"), (".env", "")]);
    let warnings = |own: &Path| Bundle::read(home.path(), own).expect("read").warnings.len();
    assert_eq!((warnings(&home.path().join("./.env")), warnings(Path::new("/no/.env"))), (0, 1));
    fs::remove_file(home.path().join(".env")).expect("removed");
    assert_eq!(warnings(Path::new("/no/.env")), 0);
}
