//! Values arrive: what every container of a finished release got as its environment.

use std::sync::LazyLock;

use fabrik::sandbox::World;
use fabrik::secrets::FingerprintKey;
use machine::plan::{EnvVarAction, Plan};

use super::invariants::{Told, newest};

/// The key that a scene's processes take fingerprints with.
pub static SCENES_KEY: LazyLock<FingerprintKey> = LazyLock::new(|| FingerprintKey::new([7; 32]));

/// Every variable of the newest release is in every container of the app, byte for byte: the fingerprint of what the
/// container got is that of what was asked for.
pub(super) fn values_arrived(world: &World, told: &Told, key: &FingerprintKey, context: &str) {
    let Some(finished) = newest(&told.runs) else { return };
    let (plan, app) = (&finished.phase().plan, &finished.phase().app);
    let services = world.services.iter().filter(|it| it.uuid == app.id).flat_map(|it| &it.containers);
    let applications = world.applications.iter().filter(|it| it.uuid == app.id).flat_map(|it| &it.container);
    for container in services.chain(applications) {
        for env in plan.envs.iter().filter(|env| env.change != EnvVarAction::Remove) {
            let got = container.env.get(&env.key);
            let print = got.map(|value| match env.key.as_str() {
                "FABRIK_RELEASE" => value.clone(),
                name => key.fingerprint(name, value),
            });
            assert_eq!(print.as_ref(), Some(&env.fingerprint), "{context}: `{}` arrived as {got:?}", env.key);
        }
        let parts = container.env.keys().filter(|key| key.starts_with("FABRIK_PART_"));
        let stale: Vec<&String> = parts.filter(|part| !is_part_of(part, plan)).collect();
        assert_eq!(stale, Vec::<&String>::new(), "{context}: parts of no value");
    }
    if let Some(container) =
        world.applications.iter().find(|it| it.uuid == app.id).and_then(|it| it.container.as_ref())
    {
        let url = container.env.get("COOLIFY_URL").cloned().unwrap_or_default();
        // Behind a tunnel the scheme is the one that Coolify's proxy is asked by.
        assert_eq!(url, plan.app.attributes["url"], "{context}: COOLIFY_URL");
        let hosts = |urls: &str| urls.replace("http://", "https://");
        assert_eq!(hosts(&url), plan.endpoints.join(","), "{context}: COOLIFY_URL");
    }
}

fn is_part_of(part: &str, plan: &Plan) -> bool {
    let own = |key: &str| {
        part.strip_prefix(&format!("FABRIK_PART_{key}_")).is_some_and(|nth| nth.parse::<u32>().is_ok())
    };
    part == "FABRIK_PART_0" || plan.envs.iter().any(|env| env.change != EnvVarAction::Remove && own(&env.key))
}
