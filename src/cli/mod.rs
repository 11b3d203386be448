//! The command line: the only place where parts are chosen and joined.
//!
//! One file a command. Reads arguments and settings, joins journal, outside and onlookers into a
//! [`Engine`](crate::engine::commands::Engine), and turns what comes of it into an exit code. Decides nothing about
//! deployments.

mod apply;
mod apps;
mod args;
mod check;
mod consent;
mod destroy;
mod doctor;
mod drift;
mod gated_store;
mod help;
mod history;
mod ids;
mod new;
mod plan;
mod recover;
mod renewing_store;
mod sandbox;
mod settings;
mod show;
mod signals;
mod spill_store;
mod status;
mod templates;
mod trace;
mod ui;
mod unlock;
mod unsupported;
mod validate;
mod wiring;

use std::process::ExitCode;

use clap::Parser;

use crate::plan::Blocker;
use args::{Args, Command};
use ui::Ui;

/// What comes of a command: an exit code, or why nothing was attempted.
type CommandResult = Result<u8, Vec<Blocker>>;

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let mut args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return ExitCode::from(unsupported::usage(&error)),
    };
    // The flags of a command that is not there are nobody's.
    args.global.json |=
        matches!(&args.command, Command::Other(words) if words.iter().any(|it| it == "--json"));
    args.global.color.write_global();
    let face = Ui::new(&args.global);
    trace::start(args.global.verbose, face.redactor.clone());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let code = match runtime {
        Ok(runtime) => runtime.block_on(carry_out(&args, &face)),
        Err(error) => Err(vec![Blocker::new(format!("no threads can be started: {error}"), "")]),
    };
    ExitCode::from(code.unwrap_or_else(|blockers| face.refuse(&blockers)))
}

async fn carry_out(args: &Args, face: &Ui) -> CommandResult {
    let global = &args.global;
    settings::named_env_file(global).map_err(|blocker| vec![blocker])?;
    match &args.command {
        Command::New(new) => new::run(new, global, face),
        Command::Templates(templates) => templates::run(templates, face),
        Command::Validate { specs } => Ok(validate::run(specs, face)),
        Command::Plan(plan) => plan::run(plan, global, face).await,
        Command::Apply(apply) => apply::run(apply, global, face).await,
        Command::Resume { id } => recover::resume(id.as_deref(), global, face).await,
        Command::Rollback { id } => recover::roll_back(id, global, face).await,
        Command::Abandon { id, step, reason } => recover::abandon(id, step, reason, global, face).await,
        Command::Destroy(destroy) => destroy::run(destroy, global, face).await,
        Command::Doctor => doctor::run(global, face).await,
        Command::Drift(args) => drift::run(args, global, face).await,
        Command::Status { app } => status::run(app.as_deref(), global, face).await,
        Command::History { app } => history::run(app.as_deref(), global, face).await,
        Command::Show { id } => show::run(id, global, face).await,
        Command::Unlock(args) => unlock::run(args, global, face).await,
        Command::Sandbox(sandbox) => sandbox::run(sandbox, global, face).await,
        Command::Help { command } => help::run(command),
        Command::Other(words) => {
            let word = words.first().map(|word| word.to_string_lossy().into_owned()).unwrap_or_default();
            Err(vec![unsupported::unknown(&word)])
        }
    }
}
