//! Without a Cloudflare token: what goes, what does not, and what is said of it.

use std::process::Output;

use fabrik::sandbox::{CLOUDFLARE, Sandbox, serve};

use super::fixture::{CliFixture, Said};

const EXTERNAL: &str = "name: ext\nimage: nginx:1.27\ndomain: ext.example.com\ndns: external\n";
const WORKER: &str = "name: work\nimage: nginx:1.27\n";
const MANAGED: &str = "name: own\nimage: nginx:1.27\ndomain: own.example.com\n";

/// A house beside a Coolify that is not in the sandbox, as far as the program can tell.
struct Beside {
    house: CliFixture,
    sandbox: Sandbox,
    url: String,
}

impl Beside {
    async fn new() -> Self {
        let house = CliFixture::new();
        for (name, text) in [("ext.yaml", EXTERNAL), ("work.yaml", WORKER), ("own.yaml", MANAGED)] {
            house.write(name, text);
        }
        let sandbox = Sandbox::in_memory(1);
        let server = serve::bind(sandbox.clone(), "127.0.0.1:0".parse().unwrap()).await.unwrap();
        let url = format!("http://{}", server.address().unwrap());
        tokio::spawn(server.run());
        Self { house, sandbox, url }
    }

    async fn run(&self, arguments: &[&str]) -> Said {
        let mut command = self.house.command(arguments);
        command.env("COOLIFY_API_URL", &self.url).env("COOLIFY_API_TOKEN", "1|token");
        let output: Output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        Said::of(output)
    }

    fn asked_cloudflare(&self) -> bool {
        self.sandbox.world().log.by_host.contains_key(CLOUDFLARE)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_whose_record_others_keep_is_planned_without_a_cloudflare_token() {
    let beside = Beside::new().await;
    let said = beside.run(&["plan", "ext.yaml"]).await.ends(0);
    said.says("ext.example.com  (external: verified, not managed)").says("https://ext.example.com");
    let said = beside.run(&["plan", "ext.yaml", "--json"]).await.ends(0);
    let document: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(document["external"], serde_json::json!(["ext.example.com"]), "{document}");
    beside.run(&["plan", "work.yaml"]).await.ends(0);
    assert!(!beside.asked_cloudflare());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_whose_record_fabrik_keeps_wants_the_token_by_name_before_anything_is_asked() {
    let beside = Beside::new().await;
    for command in ["plan", "apply"] {
        let said = beside.run(&[command, "own.yaml"]).await.ends(2);
        said.says("CLOUDFLARE_API_TOKEN not set").says("`dns: external`");
    }
    assert_eq!(beside.sandbox.world().log.requests, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_says_for_what_the_missing_token_is_not_needed() {
    let beside = Beside::new().await;
    let said = beside.run(&["doctor"]).await.ends(0);
    said.says("! cloudflare   skipped: CLOUDFLARE_API_TOKEN is not set")
        .says("`dns: external`")
        .says("✓ team");
    assert!(!beside.asked_cloudflare());
}
