//! The situation that an exchange was recorded in: what the token was, whether the workers and the server were
//! there, and what Docker made of the containers.

use fabrik::sandbox::events::SimEvent;
use fabrik::sandbox::world::{Door, SimAbility, SimToken};
use fabrik::sandbox::{Fault, World};

use super::recorded::Exchange;
use super::story::Stage;

/// The groups during which queue workers took jobs; in all others nothing went on after an answer.
const WORKERS: [&str; 8] = [
    "service-live",
    "service-failures",
    "application-live",
    "application-live2",
    "application-failed-redeploy",
    "delete",
    "server-unreachable",
    "after-recovery",
];

/// Before these exchanges some time passed, so that nothing before them was still going on.
const LATER: [u64; 6] = [301, 343, 443, 448, 600, 621];

/// From here on jobs were kept for the workers that came back, and not lost.
const KEPT: u64 = 560;

/// The first service of `service-live` lived while no scheduler ran, so that its containers were never looked at.
const UNSCHEDULED: std::ops::RangeInclusive<u64> = 301..=319;

/// While these were recorded, Coolify had noticed that the server could not be reached.
const UNREACHABLE: std::ops::RangeInclusive<u64> = 610..=628;

/// What Docker made of a container that the sandbox thinks well: (service, part, status).
const DOCKER: [(&str, &str, &str); 5] = [
    ("f-unhealthy", "web", "running:unhealthy"),
    ("f-crashloop", "web", "restarting:unknown"),
    ("f-dup-port", "a", "starting:unknown"),
    ("f-oneshot", "job", "exited"),
    ("f-oneshot-excluded", "job", "exited"),
];

/// What Coolify showed of an application when it was polled: (from this exchange on, application, status). Its
/// check came before Docker's own, or could not reach the server.
const SHOWN: [(u64, &str, &str); 6] = [
    (418, "l-hc", "running:unhealthy"),
    (423, "l-hc", "running:healthy"),
    (435, "l-hc", "running:unhealthy"),
    (438, "l-hc", "running:healthy"),
    (611, "l-hc", "exited:unhealthy"),
    (640, "l-hc", "running:healthy"),
];

/// The deployments that went well: those of these applications, asked for in these exchanges. Before them the
/// helper's image was broken, after them the server could not be reached or there was no such image.
const WELL: (std::ops::Range<u64>, [&str; 2]) = (401..560, ["l-ok", "l-hc"]);

/// Here Coolify was started again, which gives up on every deployment that is not over.
const RESTARTED: u64 = 301;

/// How long Docker took to stop the containers of what was deleted, and Coolify to forget it, in milliseconds.
const DELETED: [(&str, u64, u64); 3] =
    [("f-oneshot", 31_000, 35_000), ("f-crashloop", 4_000, 5_000), ("l-ok", 31_000, 32_000)];

/// Gives the sandbox the one server that was recorded.
pub fn furnish(stage: &Stage) {
    change(stage, |world| {
        world.server.ip = "localhost".into();
        world.server.shown_ip = "host.docker.internal".into();
        world.server.is_coolify_host = true;
    });
}

fn change(stage: &Stage, change: impl FnOnce(&mut World)) {
    stage.sandbox.with_world(change).expect("a world in memory");
}

/// Sets token, door, rate window and server as they were.
pub fn admit(stage: &Stage, exchange: &Exchange) {
    change(stage, |world| {
        let is_full = exchange.status == 429;
        let setup = &mut world.coolify;
        setup.rate_window = (world.time.boot_ms, if is_full { setup.rate_limit } else { 0 });
        setup.sensitive = !["read", "write", "deploy"].contains(&exchange.token.as_str());
        setup.team = if exchange.token == "otherteam" { 77 } else { 0 };
        setup.token = token(&exchange.token);
        setup.door = match exchange.label.as_str() {
            "version disabled" | "projects disabled" => Door::Shut,
            "ip not allowed" => Door::Listed,
            _ => Door::Open,
        };
        // What works over SSH inside the request notices at once what Coolify notices later.
        let is_cut = exchange.status == 500
            && ["/deploy", "/applications/{}/logs"].contains(&exchange.endpoint().shape);
        world.server.usable = !is_cut && !UNREACHABLE.contains(&exchange.n);
        match exchange.label.as_str() {
            "missing-image: create" => world.arm(Fault::Build, Some(1)),
            "apps list tag" => tag(world, "l-hc", "live"),
            // Its container with the taken port had been given up by now.
            "get after delete while unreachable" => set(world, "f-dup-port", "a", "exited"),
            _ => {}
        }
    });
}

fn tag(world: &mut World, application: &str, tag: &str) {
    let found = world.applications.iter_mut().filter(|it| it.name == application);
    found.for_each(|it| it.tags = vec![tag.to_owned()]);
}

fn token(kind: &str) -> SimToken {
    match kind {
        "invalid" | "expired" => SimToken::Unknown,
        "read" | "readsens" | "member_read" => SimToken::Limited(vec![SimAbility::Read]),
        "write" => SimToken::Limited(vec![SimAbility::Write]),
        "deploy" => SimToken::Limited(vec![SimAbility::Deploy]),
        "member_write" => SimToken::OfMember,
        _ => SimToken::Root,
    }
}

fn set(world: &mut World, service: &str, part: &str, status: &str) {
    let found = world.services.iter_mut().filter(|it| it.name == service);
    let parts = found.flat_map(|it| &mut it.parts).filter(|it| it.name == part);
    parts.for_each(|it| it.status = status.into());
}

/// Whether a pause came before this exchange.
pub fn comes_later(exchange: &Exchange) -> bool {
    LATER.contains(&exchange.n)
}

/// Whether time passed between this request and the one before.
pub fn time_passes(exchange: &Exchange) -> bool {
    WORKERS.contains(&exchange.group.as_str())
}

/// Gives the containers that Docker did not run well the status they had.
pub fn docker(stage: &Stage, exchange: &Exchange) {
    change(stage, |world| {
        for (_, name, status) in SHOWN.iter().filter(|(from, _, _)| *from == exchange.n) {
            let found = world.applications.iter_mut().filter(|it| it.name == *name);
            found.for_each(|it| (*status).clone_into(&mut it.status));
        }
        for (service, part, status) in DOCKER {
            let found = world.services.iter_mut().filter(|it| it.name == service);
            let parts = found.flat_map(|it| &mut it.parts).filter(|it| it.name == part);
            parts.filter(|it| it.status.starts_with("running")).for_each(|it| it.status = status.into());
        }
    });
}

/// Loses the jobs that nobody took. Those queued while the workers were dead were taken later.
pub fn after(stage: &Stage, exchange: &Exchange) {
    change(stage, |world| {
        if UNSCHEDULED.contains(&exchange.n) {
            world.jobs.retain(|job| !matches!(job.event, SimEvent::Scan(_)));
        }
        if !time_passes(exchange) && exchange.n < KEPT {
            world.jobs.clear();
        }
        judge(world, exchange.n);
        if exchange.method == "DELETE" {
            for deletion in DELETED {
                retime(world, deletion);
            }
        }
    });
}

/// Lets the deployments that failed fail.
fn judge(world: &mut World, n: u64) {
    let (when, well) = WELL;
    let named =
        |uuid: &str| world.applications.iter().any(|it| it.uuid == uuid && well.contains(&it.name.as_str()));
    for job in &mut world.jobs {
        if let SimEvent::DeploymentEnds(_, launch) = &mut job.event {
            launch.fails = !(when.contains(&n) && named(&launch.application));
        }
    }
    if n == RESTARTED {
        world
            .deployments
            .iter_mut()
            .filter(|it| it.is_open())
            .for_each(|it| "failed".clone_into(&mut it.status));
    }
}

/// Lets a deletion take as long as it did.
fn retime(world: &mut World, (name, stopped_ms, forgotten_ms): (&str, u64, u64)) {
    let now = world.time.boot_ms;
    let services = world.services.iter().map(|it| (&it.name, &it.uuid));
    let all = services.chain(world.applications.iter().map(|it| (&it.name, &it.uuid)));
    let uuid = all.into_iter().find(|(known, _)| *known == name).map(|(_, uuid)| uuid.clone());
    for job in &mut world.jobs {
        match &job.event {
            SimEvent::Stopped(it) if Some(it) == uuid.as_ref() => job.due_ms = now + stopped_ms,
            SimEvent::Deleted { resource, .. } if Some(resource) == uuid.as_ref() => {
                job.due_ms = now + forgotten_ms;
            }
            _ => {}
        }
    }
}
