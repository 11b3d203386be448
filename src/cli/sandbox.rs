//! `fabrik sandbox`: the simulated Coolify and Cloudflare, by hand.

use std::io::{ErrorKind, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::args::{Global, SandboxArgs, SandboxCommand, Stranger};
use super::settings::{self, Backend, Settings};
use super::ui::Ui;
use super::{CommandResult, consent};
use crate::plan::Blocker;
use crate::report::exit::DONE;
use crate::report::tables::table;
use crate::sandbox::{Fault, Sandbox, serve};

/// Carries out one subcommand of `fabrik sandbox`.
pub(crate) async fn run(args: &SandboxArgs, global: &Global, face: &Ui) -> CommandResult {
    if let SandboxCommand::Fault { list: true, .. } = args.what {
        return Ok(list(face));
    }
    let folder = folder(global).map_err(|blocker| vec![blocker])?;
    let done = match &args.what {
        SandboxCommand::Serve { listen } => serve_at(&folder, *listen, face).await,
        SandboxCommand::Show => show(&folder, face),
        SandboxCommand::Reset => reset(&folder, global, face),
        SandboxCommand::Fault { kind, times, .. } => fault(&folder, kind.as_deref(), *times, face),
        SandboxCommand::Stranger { kind, name, to } => stranger(&folder, *kind, (name, to.as_deref()), face),
    };
    done.map_err(|blocker| vec![blocker])
}

fn folder(global: &Global) -> Result<PathBuf, Blocker> {
    let settings = Settings::of(global, Path::new("."));
    match settings.locate(global)?.backend {
        Backend::LocalSandbox(folder) => Ok(folder),
        Backend::Live => settings::sandbox_home(),
        Backend::RemoteSandbox(_) => {
            Err(Blocker::new("this works on a folder, not on a URL", "say `--sandbox=DIR`"))
        }
    }
}

fn open(folder: &Path) -> Result<Sandbox, Blocker> {
    Sandbox::open(folder).map_err(|error| Blocker::new(error.to_string(), ""))
}

async fn serve_at(folder: &Path, listen: SocketAddr, face: &Ui) -> Result<u8, Blocker> {
    if !listen.ip().is_loopback() {
        return Err(Blocker::new(format!("{listen} is not on this machine alone"), "listen on 127.0.0.1"));
    }
    let unable = |error: std::io::Error| Blocker::new(format!("cannot listen on {listen}: {error}"), "");
    let server = serve::bind(open(folder)?, listen).await.map_err(unable)?;
    let url = format!("http://{}", server.address().map_err(unable)?);
    let lines = [format!("listening on {url}"), format!("the world is kept in {}", folder.display())];
    face.show(&lines, || json!({"url": url, "folder": folder}));
    let _ = std::io::stdout().flush();
    server.run().await.map_err(unable)?;
    Ok(DONE)
}

fn show(folder: &Path, face: &Ui) -> Result<u8, Blocker> {
    let sandbox = open(folder)?;
    face.show(&[sandbox.show().trim_end().to_owned()], || sandbox.show_json());
    Ok(DONE)
}

fn reset(folder: &Path, global: &Global, face: &Ui) -> Result<u8, Blocker> {
    let question = format!("empty the sandbox in {}, its journal too?", folder.display());
    if !consent::consent(global, face)(&question) {
        return Err(Blocker::new("cancelled", "pass `--yes` to go on without being asked"));
    }
    open(folder)?.reset().map_err(|error| Blocker::new(error.to_string(), ""))?;
    for name in ["fabrik.db", "fabrik.db-wal", "fabrik.db-shm"] {
        let path = folder.join(name);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                let why = crate::error::reason(&error);
                return Err(Blocker::new(format!("`{}` cannot be removed: {why}", path.display()), ""));
            }
            _ => {}
        }
    }
    face.show(&["the sandbox is empty".to_owned()], || json!({"reset": folder}));
    Ok(DONE)
}

fn fault(folder: &Path, kind: Option<&str>, times: Option<u32>, face: &Ui) -> Result<u8, Blocker> {
    let kind = kind.unwrap_or_default();
    let fault: Fault = kind.parse().map_err(|error: crate::sandbox::UnknownFault| {
        Blocker::new(error.to_string(), "`fabrik sandbox fault --list` lists them")
    })?;
    let armed = open(folder)?.with_world(|world| world.arm(fault, times));
    armed.map_err(|error| Blocker::new(error.to_string(), ""))?;
    face.show(&[format!("armed: {}", fault.sentence())], || json!({"fault": fault.name(), "times": times}));
    Ok(DONE)
}

fn list(face: &Ui) -> u8 {
    let rows = Fault::ALL.map(|fault| [fault.name().to_owned(), fault.sentence().to_owned()]);
    face.show(&table(["FAULT", "WHAT IT DOES"], &rows), || {
        Fault::ALL.iter().map(|fault| json!({"fault": fault.name(), "does": fault.sentence()})).collect()
    });
    DONE
}

fn stranger(
    folder: &Path,
    kind: Stranger,
    (name, to): (&str, Option<&str>),
    face: &Ui,
) -> Result<u8, Blocker> {
    let sandbox = open(folder)?;
    let (word, put) = match (kind, to) {
        (Stranger::Record, None) => ("A record", sandbox.stranger_record(name)),
        (Stranger::Record, Some(to)) => ("record", sandbox.stranger_record_to(name, to)),
        (Stranger::Service, None) => ("service", sandbox.stranger_service(name)),
        (Stranger::Service, Some(_)) => {
            return Err(Blocker::new(
                "`--to` says where a record leads, and a service leads nowhere",
                "leave it out",
            ));
        }
    };
    put.map_err(|error| Blocker::new(error.to_string(), ""))?;
    face.show(
        &[format!("somebody else's {word} `{name}` is there now")],
        || json!({"kind": word, "name": name}),
    );
    Ok(DONE)
}
