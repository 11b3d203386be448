//! What somebody else does meanwhile, and how it is set right again afterwards: people answer their telephone.

use std::time::Duration;

use fabrik::sandbox::records::Record;
use fabrik::sandbox::world::{SimAbility, SimToken};
use fabrik::sandbox::{Fault, Sandbox, World};
use jiff::SignedDuration;

use super::script::Third;

/// What was done, as far as it can be set right.
#[derive(Debug, Clone)]
pub enum Wound {
    /// A record was changed; so it was before.
    Record(Box<Record>),
    /// An app's name and description were changed; so they were before.
    App { uuid: String, name: String, description: Option<String> },
    /// A record of somebody's own stands there.
    Squatter(String),
    /// Coolify's token is not what it was.
    Token,
}

const NAMES: [&str; 3] = ["blog.example.com", "www.example.com", "news.example.com"];
const THEIRS: &str = "mine now";

/// Does it; `None` where there is nothing to do it to.
pub fn strike(sandbox: &Sandbox, third: Third, lot: u64) -> Option<Wound> {
    match third {
        Third::Squat => return squat(sandbox, lot),
        Third::Revoke | Third::Scope => return take_the_token(sandbox, third, lot),
        Third::Token => {
            let swap =
                |world: &mut World| world.arm(Fault::TeamSwap, Some(3 + u32::try_from(lot % 7).unwrap_or(0)));
            sandbox.with_world(swap).expect("it is in memory");
            return None;
        }
        Third::Clock => {
            let hour = SignedDuration::from_secs(if lot.is_multiple_of(2) { 3600 } else { -3600 });
            sandbox.with_world(|world| world.time.wall += hour).expect("it is in memory");
            return None;
        }
        _ => {}
    }
    sandbox.with_world(|world| strike_in(world, third)).expect("it is in memory")
}

fn strike_in(world: &mut World, third: Third) -> Option<Wound> {
    match third {
        Third::EditRecord | Third::UnmarkRecord | Third::DeleteRecord => record(world, third),
        Third::RenameApp | Third::UnmarkApp | Third::DeleteApp | Third::DeleteVariable => app(world, third),
        Third::Squat | Third::Token | Third::Clock | Third::Revoke | Third::Scope => None,
    }
}

fn record(world: &mut World, third: Third) -> Option<Wound> {
    let ours = |record: &Record| record.comment.as_ref().is_some_and(|it| it.starts_with("fabrik "));
    let at = world.records.iter().position(ours)?;
    let before = world.records[at].clone();
    match third {
        Third::EditRecord => world.records[at].content = "198.51.100.99".into(),
        Third::UnmarkRecord => world.records[at].comment = Some(THEIRS.into()),
        _ => {
            world.records.remove(at);
            world.published.retain(|record| record.id != before.id);
            return None;
        }
    }
    Some(Wound::Record(Box::new(before)))
}

fn app(world: &mut World, third: Third) -> Option<Wound> {
    let ours = |text: &Option<String>| text.as_ref().is_some_and(|it| it.starts_with("fabrik "));
    if let Some(service) = world.services.iter_mut().find(|it| ours(&it.description)) {
        let (uuid, name, description) =
            (service.uuid.clone(), service.name.clone(), service.description.clone());
        match third {
            Third::RenameApp => service.name = "renamed".into(),
            Third::UnmarkApp => service.description = Some(THEIRS.into()),
            Third::DeleteVariable => service.envs.retain(|row| row.key != "COLOUR"),
            _ => {
                world.services.retain(|it| it.uuid != uuid);
                return None;
            }
        }
        return Some(Wound::App { uuid, name, description });
    }
    let application = world.applications.iter_mut().find(|it| ours(&it.description))?;
    let (uuid, name, description) =
        (application.uuid.clone(), application.name.clone(), application.description.clone());
    match third {
        Third::RenameApp => application.name = "renamed".into(),
        Third::UnmarkApp => application.description = Some(THEIRS.into()),
        Third::DeleteVariable => application.envs.retain(|row| row.key != "COLOUR"),
        _ => {
            world.applications.retain(|it| it.uuid != uuid);
            return None;
        }
    }
    Some(Wound::App { uuid, name, description })
}

fn squat(sandbox: &Sandbox, lot: u64) -> Option<Wound> {
    let name = NAMES[usize::try_from(lot % 3).unwrap_or(0)];
    let known = |world: &World| world.records.iter().map(|it| it.id.clone()).collect::<Vec<_>>();
    let before = known(&sandbox.world());
    sandbox.stranger_record(name).expect("it is in memory");
    let id = known(&sandbox.world()).into_iter().find(|id| !before.contains(id))?;
    Some(Wound::Squatter(id))
}

fn take_the_token(sandbox: &Sandbox, third: Third, lot: u64) -> Option<Wound> {
    let strike = |world: &mut World| match third {
        Third::Scope => {
            world.coolify.token = SimToken::Limited(vec![SimAbility::Read]);
            Some(Wound::Token)
        }
        _ if lot.is_multiple_of(2) => {
            world.coolify.token = SimToken::Unknown;
            Some(Wound::Token)
        }
        _ => {
            world.cloudflare.refusals = 3 + u32::try_from(lot % 17).unwrap_or(0);
            None
        }
    };
    sandbox.with_world(strike).expect("it is in memory")
}

/// Sets it right, after a look at what became of it. A record that somebody made theirs they take away.
///
/// # Errors
/// What was somebody's and is gone.
pub fn heal(sandbox: &Sandbox, wound: &Wound) -> Result<(), String> {
    let healed = sandbox.with_world(|world| match wound {
        Wound::Record(before) => {
            let theirs =
                |record: &Record| record.id == before.id && record.comment.as_deref() == Some(THEIRS);
            world.records.retain(|record| !theirs(record));
            world.published.retain(|record| world.records.iter().any(|it| it.id == record.id));
            for record in world.records.iter_mut().chain(&mut world.published) {
                if record.id == before.id {
                    record.content.clone_from(&before.content);
                }
            }
            Ok(())
        }
        Wound::Token => {
            world.coolify.token = SimToken::Root;
            Ok(())
        }
        Wound::App { uuid, name, description } => {
            for service in world.services.iter_mut().filter(|it| it.uuid == *uuid) {
                (service.name, service.description) = (name.clone(), description.clone());
            }
            for application in world.applications.iter_mut().filter(|it| it.uuid == *uuid) {
                (application.name, application.description) = (name.clone(), description.clone());
            }
            Ok(())
        }
        Wound::Squatter(id) => {
            let there = world.records.len();
            world.records.retain(|record| record.id != *id);
            world.published.retain(|record| record.id != *id);
            if world.records.len() == there {
                Err(format!("a stranger's record {id} was deleted"))
            } else {
                Ok(())
            }
        }
    });
    healed.expect("it is in memory")
}

/// How long a process sleeps on the wire: past its lease.
pub const SLEEP: Duration = Duration::from_secs(400);
