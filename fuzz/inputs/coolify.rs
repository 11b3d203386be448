//! What Coolify, or whoever answers in its place, replies: everything that reads it, in turn.

use machine::phase::VolumePolicy;
use std::sync::Arc;

use fabrik::providers::coolify::deployments::{judge, trigger};
use fabrik::providers::coolify::envs::EnvRow;
use fabrik::providers::coolify::sub_resources::StatusScope;
use fabrik::providers::coolify::{Resource, application_attributes};
use fabrik::providers::{Clients, Cloudflare, Coolify, Provider, RemoteObject, ResourceNames};
use fabrik::secrets::Secret;
use machine::id::{JournalId, RunId};
use machine::plan::TargetLocation;
use machine::receipt::Attributes;
use machine::step::Step;
use machine::tag::OwnershipTag;

use super::api::{Api, TOKEN, now, told};

const APP: &str = "a0b1c2d3e4f5";
const PROJECT: &str = "p0b1c2d3e4f5";

pub fn feed(data: &[u8]) {
    let api = Api::read(data);
    instance(&api);
    for resource in [Resource::Service(APP), Resource::Application(APP)] {
        running(&api, resource);
    }
    deployments(&api, APP);
    for kind in ["service", "image"] {
        resources(&api, kind);
    }
}

fn seen(api: &Arc<Api>) -> Coolify {
    Coolify::new(api.ports(), "https://coolify.example.com", Secret::new(TOKEN))
}

fn instance(api: &Arc<Api>) {
    told(now(seen(api).team()));
    told(now(seen(api).version()));
    told(now(seen(api).changes_parts()));
    told(now(seen(api).skew()));
    let _ = now(seen(api).own_address());
    for ability in [now(seen(api).may_write()), now(seen(api).may_deploy())] {
        told(ability);
    }
    for access in [now(seen(api).private_key("deploy-key")), now(seen(api).github_app("deploy-key"))] {
        told(access);
    }
    for server in told(now(seen(api).servers())).unwrap_or_default() {
        told(now(seen(api).public_address(&server.uuid)));
        told(now(seen(api).is_usable(&server.uuid)));
        told(now(seen(api).check_access("0", &server.uuid)));
    }
    told(now(seen(api).environment_resources(PROJECT, None)));
    told(now(seen(api).environment_resources(PROJECT, Some("production"))));
}

fn running(api: &Arc<Api>, resource: Resource<'_>) {
    told(now(seen(api).status(resource)));
    told(now(seen(api).container(resource, "web", 10_000)));
    let rows = told(now(seen(api).env_rows(resource))).unwrap_or_default();
    for id in rows.iter().flat_map(EnvRow::ids) {
        api.sort(&seen(api).delete_env(resource, id));
    }
    for part in told(now(seen(api).parts(resource.uuid()))).unwrap_or_default() {
        for fate in [StatusScope::Silenced, StatusScope::Woken, StatusScope::Unrouted] {
            api.sort(&seen(api).change_part(resource.uuid(), &part, fate, &tag(Step::App)));
        }
    }
    for storage in told(now(seen(api).storages(resource.uuid()))).unwrap_or_default() {
        api.sort(&seen(api).delete_storage(resource.uuid(), &storage));
    }
    for call in [seen(api).deploy(resource), seen(api).stop(resource)] {
        api.sort(&call);
    }
}

fn deployments(api: &Arc<Api>, app: &str) {
    let known = told(now(seen(api).deployments(app))).unwrap_or_default();
    assert!(known.is_sorted_by_key(|it| std::cmp::Reverse(it.number)), "the newest is not the first");
    for deployment in &known {
        let _ = deployment.tail(20);
        told(now(seen(api).deployment(&deployment.uuid)));
        api.sort(&seen(api).cancel(&deployment.uuid));
    }
    for body in api.bodies() {
        let trigger = trigger(&body, app);
        for before in [None, Some(0), Some(u64::MAX)] {
            let _ = (judge(before, Some(&trigger), &known), judge(before, None, &known));
        }
    }
}

/// Projects, environments and apps.
fn resources(api: &Arc<Api>, kind: &str) {
    let clients = || Clients {
        cloudflare: Cloudflare::new(api.ports(), "https://api.example.com", Secret::new(TOKEN)),
        coolify: seen(api),
    };
    let place = TargetLocation {
        coolify: "https://coolify.example.com".to_owned(),
        team: "0".to_owned(),
        server: "s0b1c2d3e4f5".to_owned(),
        server_name: "localhost".to_owned(),
    };
    let [project, environment, app] = ["blog", "production", "blog"].map(str::to_owned);
    let names = ResourceNames { project, environment, app };
    let wanted: Attributes = [
        ("kind", kind),
        ("name", "blog"),
        ("url", "https://blog.example.com"),
        ("image", "ghcr.io/acme/blog:1.0"),
        ("port", "8000"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    resource(api, || Box::new(clients().projects(&place, &names)), &wanted);
    resource(api, || Box::new(clients().environments(&place, &names, PROJECT)), &wanted);
    resource(api, || clients().app(&place, &names, PROJECT, &wanted, "{\"services\":{}}"), &wanted);
}

fn resource(api: &Arc<Api>, provider: impl Fn() -> Box<dyn Provider>, wanted: &Attributes) {
    let tag = tag(provider().step());
    let mut found: Vec<RemoteObject> = told(now(provider().find_by_key())).unwrap_or_default();
    for ours in told(now(provider().find_by_tag(&tag))).unwrap_or_default() {
        assert_eq!(ours.tag.as_ref(), Some(&tag), "it is taken for ours, and is not");
        found.push(ours);
    }
    told(now(provider().check_access()));
    api.sort(&provider().create_request(wanted, &tag));
    found.extend(api.bodies().filter_map(|body| provider().parse_created(&body, wanted, &tag)));
    for object in found {
        let _ = (object.differences(wanted), provider().unchangeable(&object, wanted));
        let _ = application_attributes::settled(&object.fields);
        told(now(provider().get(&object.id)));
        api.sort(&provider().update_request(&object.id, wanted));
        api.sort(&provider().delete_request(&object.id, VolumePolicy::Retain));
    }
}

fn tag(step: Step) -> OwnershipTag {
    OwnershipTag { run: RunId::from_bits(1), step, journal: JournalId::from_bits(7) }
}
