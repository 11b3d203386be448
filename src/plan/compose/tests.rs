//! What the compose text says, and that a Dockerfile keeps meaning what it said.

use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::spec::templates::Template;

fn bundle(dockerfile: &str) -> Bundle {
    let folder = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(folder.path().join("Dockerfile"), dockerfile).expect("written");
    std::fs::write(folder.path().join("app.py"), "print()").expect("written");
    Bundle::read(folder.path()).expect("a bundle")
}

fn compose(bundle: &Bundle, env_keys: &[String]) -> serde_json::Value {
    let volumes = [Volume { name: "data".to_owned(), path: "/data".to_owned() }];
    let input = ComposeInput {
        name: "shop",
        port: Some(8000),
        health_path: "/health",
        resources: &Resources::default(),
        volumes: &volumes,
        bundle,
        env_keys,
    };
    serde_json::from_str(&render(&input).expect("rendered")).expect("JSON")
}

/// What becomes of the instructions of a Dockerfile, without our stage.
fn rewritten(dockerfile: &str) -> Result<String, DockerfileError> {
    let text = dockerfile::inline(dockerfile, "QUJD")?;
    let (before, after) = text.split_once("FROM busybox:1.37 AS fabrik-context\n").expect("our stage");
    let (_, after) = after.split_once("-C /context\n\n").expect("the end of our stage");
    Ok(format!("{before}{after}"))
}

#[track_caller]
fn becomes(line: &str, wanted: &str) {
    let found = rewritten(&format!("FROM a\n{line}\n")).expect("rewritten");
    assert_eq!(found, format!("FROM a\n{wanted}\n"));
}

#[track_caller]
fn stays(text: &str) {
    assert_eq!(rewritten(text).expect("rewritten"), text);
}

#[test]
fn the_compose_text_names_what_coolify_needs() {
    let bundle = bundle("FROM a\nCOPY . .\n");
    let compose = compose(&bundle, &[]);
    let app = &compose["services"]["app"];
    assert_eq!(app["build"]["context"], ".");
    assert_eq!(app["expose"], json!(["8000"]));
    assert_eq!(app["labels"], json!({"fabrik.health": "/health"}));
    assert_eq!(app["volumes"], json!(["data:/data"]));
    assert_eq!(compose["volumes"], json!({"data": {"driver": "local"}}));
    assert_eq!(app["environment"], json!({"PORT": "8000"}));
    let image = app["image"].as_str().expect("text");
    let tag = image.strip_prefix("fabrik/app-shop:").expect("our own name");
    assert!(tag.len() == 12 && tag.bytes().all(|byte| byte.is_ascii_hexdigit()));
}

#[test]
fn a_port_that_the_spec_sets_itself_is_not_set_twice() {
    assert!(compose(&bundle("FROM a\n"), &["PORT".to_owned()])["services"]["app"]["environment"].is_null());
}

#[test]
fn limits_are_those_that_docker_compose_keeps_without_a_swarm() {
    let bundle = bundle("FROM a\n");
    let limited = |memory: Option<&str>, cpu: Option<&str>| {
        let resources = Resources { memory: memory.map(str::to_owned), cpu: cpu.map(str::to_owned) };
        let (name, health_path, volumes, env_keys) = ("a", "/", &[][..], &[][..]);
        let input = ComposeInput {
            name,
            port: None,
            health_path,
            resources: &resources,
            volumes,
            bundle: &bundle,
            env_keys,
        };
        let text = render(&input).expect("rendered");
        serde_json::from_str::<serde_json::Value>(&text).expect("JSON")["services"]["app"]["deploy"].clone()
    };
    let limits = json!({"memory": "512M", "cpus": "1.50"});
    assert_eq!(limited(Some("512M"), Some("1.50")), json!({"resources": {"limits": limits}}));
    assert_eq!(limited(None, Some("2")), json!({"resources": {"limits": {"cpus": "2"}}}));
    assert!(limited(None, None).is_null());
}

#[test]
fn a_worker_is_given_no_port() {
    let bundle = bundle("FROM a\n");
    let (name, health_path, resources) = ("a", "/", &Resources::default());
    let input = ComposeInput {
        name,
        port: None,
        health_path,
        resources,
        volumes: &[],
        bundle: &bundle,
        env_keys: &[],
    };
    let text = render(&input).expect("rendered");
    assert!(!text.contains("PORT") && !text.contains("expose") && !text.contains("fabrik.health"), "{text}");
}

#[test]
fn the_files_in_the_compose_text_are_the_apps_files() {
    let bundle = bundle("FROM a\nCOPY . .\n");
    let compose = compose(&bundle, &[]);
    let text = compose["services"]["app"]["build"]["dockerfile_inline"].as_str().expect("text").to_owned();
    let body = text
        .split("<<FABRIK /files\n")
        .nth(1)
        .and_then(|rest| rest.split("\nFABRIK\n").next())
        .expect("files");
    assert!(body.lines().all(|line| line.len() <= 76));
    let packed = STANDARD.decode(body.replace('\n', "")).expect("base64");
    let mut tar = Vec::new();
    flate2::read::GzDecoder::new(packed.as_slice()).read_to_end(&mut tar).expect("gzip");
    assert!(tar == bundle.tar);
}

#[test]
fn every_dollar_of_a_dockerfile_is_hidden_from_compose() {
    let bundle = bundle("ARG V=1\nFROM a:$V\nRUN echo $HOME ${V} $$\n");
    let text = compose(&bundle, &[])["services"]["app"]["build"]["dockerfile_inline"]
        .as_str()
        .expect("text")
        .to_owned();
    assert_eq!(text.replace("$$", "").matches('$').count(), 0);
    assert!(text.replace("$$", "$").ends_with("FROM a:$V\nRUN echo $HOME ${V} $$\n"));
}

#[test]
fn templates_need_no_dollar_in_the_compose_text() {
    for template in Template::all() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let domain = template.port.map(|_| "shop.example.com");
        crate::spec::scaffold::scaffold(folder.path(), template, "shop", domain).expect("written");
        let bundle = Bundle::read(&folder.path().join("shop")).expect("a bundle");
        let input = ComposeInput {
            name: "shop",
            port: template.port,
            health_path: "/",
            resources: &Resources::default(),
            volumes: &[],
            bundle: &bundle,
            env_keys: &[],
        };
        let text = render(&input).expect("rendered");
        assert!(!text.contains('$') && !text.contains("{}") && !text.contains("[]"), "{}", template.name);
    }
}

#[test]
fn the_content_hash_follows_the_files_and_the_dockerfile_and_nothing_else() {
    let hash = |bundle: &Bundle, port| {
        let resources = Resources::default();
        let (name, health_path, volumes, env_keys) = ("a", "/", &[][..], &[][..]);
        content_hash(&ComposeInput {
            name,
            port,
            health_path,
            resources: &resources,
            volumes,
            bundle,
            env_keys,
        })
    };
    let (one, other) = (bundle("FROM a\n"), bundle("FROM b\n"));
    assert_eq!(hash(&one, Some(1)), hash(&one, None));
    assert_ne!(hash(&one, None), hash(&other, None));
}

#[test]
fn copies_read_our_stage() {
    becomes("COPY . .", "COPY --from=fabrik-context /context/ .");
    becomes("COPY app.py /app/", "COPY --from=fabrik-context /context/app.py /app/");
    becomes("copy a b/ ./c/d /x/", "COPY --from=fabrik-context /context/a /context/b/ /context/c/d /x/");
    becomes(
        "COPY --chown=1:2 --chmod=755 *.py /",
        "COPY --from=fabrik-context --chown=1:2 --chmod=755 /context/*.py /",
    );
    becomes("COPY [\"a b\", \"/x y/\"]", "COPY --from=fabrik-context [\"/context/a b\",\"/x y/\"]");
    becomes("COPY \"a\" b", "COPY --from=fabrik-context \"/context/a\" b");
    becomes("COPY ${DIR}/x .", "COPY --from=fabrik-context /context/${DIR}/x .");
    becomes("COPY ../../etc/x /", "COPY --from=fabrik-context /context/etc/x /");
    becomes("COPY / /app", "COPY --from=fabrik-context /context/ /app");
    becomes("ADD app.py /app/", "COPY --from=fabrik-context /context/app.py /app/");
}

#[test]
fn copies_over_several_lines_are_one() {
    becomes(
        "COPY a \\\n  # why\n\n  b \\\n  /x/",
        "COPY --from=fabrik-context /context/a   /context/b   /x/".replace("   ", " ").as_str(),
    );
    let windows = rewritten("# escape=`\nFROM a\nCOPY a `\n  /x\n").expect("rewritten");
    assert_eq!(windows, "# escape=`\nFROM a\nCOPY --from=fabrik-context /context/a /x\n");
}

#[test]
fn what_reads_no_build_folder_stays_as_it_is() {
    stays("FROM a AS b\nFROM c\nCOPY --from=b /x /y\n");
    stays("FROM a\nADD https://example.com/x.tar.gz /\nADD --checksum=sha256:0 https://a/b git@c:d /x/\n");
    stays(
        "FROM a\nCOPY <<EOF /x\nCOPY . .\nEOF\nRUN <<-\"END\" sh\n\tCOPY . .\n\tEND\nRUN echo 'COPY . .'\n",
    );
    stays("FROM a\nRUN echo a \\\n  && COPY . .\nRUN --mount=type=cache,target=/x true\nCMD [\"a\"]\n");
    stays("FROM a\nRUN echo 'x<<y' $((1<<Z)) <<<w\nCMD x\n");
    stays("FROM a\r\nRUN x\r\n");
}

#[test]
fn directives_and_arguments_keep_their_place_before_the_first_stage() {
    let text = "# syntax=docker/dockerfile:1\n# escape=\\\n\nARG V=1\nFROM a:$V AS x\nFROM x\n";
    let inline = dockerfile::inline(text, "QUJD").expect("rewritten");
    assert!(inline.starts_with(
        "# syntax=docker/dockerfile:1\n# escape=\\\n\nARG V=1\nFROM busybox:1.37 AS fabrik-context\n"
    ));
    assert!(inline.ends_with("-C /context\n\nFROM a:$V AS x\nFROM x\n"));
}

#[test]
fn stages_called_by_number_are_the_same_stages() {
    becomes("COPY --from=0 /a /b", "COPY --from=1 /a /b");
    becomes("RUN --mount=from=2,target=/x true", "RUN --mount=from=3,target=/x true");
}

#[test]
fn bind_mounts_of_the_build_folder_read_our_stage() {
    becomes(
        "RUN --mount=type=bind,source=req.txt,target=req.txt pip install -r req.txt",
        "RUN --mount=type=bind,source=/context/req.txt,target=req.txt,from=fabrik-context pip install -r req.txt",
    );
    becomes("RUN --mount=target=. make", "RUN --mount=target=.,source=/context/,from=fabrik-context make");
}

#[test]
fn what_cannot_be_kept_is_refused_with_its_line() {
    let line = |text: &str| rewritten(text).expect_err(text).line;
    assert_eq!(line("FROM a\n\nADD x.tar.gz /\n"), 3);
    assert_eq!(line("FROM a\nADD https://a/b c /x/\n"), 2);
    assert_eq!(line("FROM a\nCOPY x <<EOF /y/\nb\nEOF\n"), 2);
    assert_eq!(line("FROM a\nCOPY --parents a/b /x/\n"), 2);
    assert_eq!(line("FROM a\nONBUILD COPY . .\n"), 2);
    assert_eq!(line("FROM a AS fabrik-context\n"), 1);
    assert_eq!(line("RUN x\n"), 1);
}

#[test]
fn a_dockerfile_without_a_last_line_end_is_whole() {
    assert_eq!(rewritten("FROM a\nCMD x").expect("rewritten"), "FROM a\nCMD x\n");
}
