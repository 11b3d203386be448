//! What may be written on the command line.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};

use crate::net::HostOverride;
use crate::spec::duration;

/// Deploys apps to your own Coolify server behind Cloudflare, and undoes what it made when something fails.
#[derive(Debug, Parser)]
#[command(name = "fabrik", version, arg_required_else_help = true, disable_help_subcommand = true)]
pub(crate) struct Args {
    /// What every command takes.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Global {
    /// The journal [`$FABRIK_STATE`, else `$XDG_STATE_HOME/fabrik/fabrik.db`]
    #[arg(long, global = true, value_name = "PATH")]
    pub state: Option<String>,
    /// Use the sandbox instead of the APIs; its world is kept in DIR, or served at URL
    #[arg(long, global = true, value_name = "DIR|URL", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub sandbox: Option<String>,
    /// Read this file instead of the `.env` beside the spec
    #[arg(long, global = true, value_name = "PATH")]
    pub env_file: Option<PathBuf>,
    /// Print documents for programs
    #[arg(long, global = true)]
    pub json: bool,
    /// Print only how it ended
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Print what is sent; twice for more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
    /// Never ask
    #[arg(long, global = true)]
    pub no_input: bool,
    /// Agree to everything that would be asked
    #[arg(short, long, global = true)]
    pub yes: bool,
    /// When verifying, trust the certificates in this file too (PEM); API calls do not
    #[arg(long, global = true, value_name = "FILE")]
    pub cacert: Option<PathBuf>,
    /// When verifying, connect to ADDR for HOST (`*`: any) and PORT, and skip the DNS check; may be repeated. API
    /// calls do not
    #[arg(long, global = true, value_name = "HOST:PORT:ADDR")]
    pub resolve: Vec<HostOverride>,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Makes it so for the whole process.
    pub(crate) fn write_global(self) {
        match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write a new app: its spec and a small app that runs
    New(New),
    /// List the templates
    Templates(Templates),
    /// Read and check specs; ask nothing outside
    Validate {
        /// The specs
        #[arg(required = true, value_name = "SPEC")]
        specs: Vec<PathBuf>,
    },
    /// Show what apply would do, field by field; write nothing anywhere
    Plan(PlanArgs),
    /// Make the world as the specs ask
    Apply(Apply),
    /// Go on with an interrupted run
    Resume {
        /// The run; the only open one when left out
        id: Option<String>,
    },
    /// Undo a run
    Rollback {
        /// The run, which must be its app's newest
        id: String,
    },
    /// Give up on undoing one resource
    Abandon {
        /// The run
        id: String,
        /// The resource: dns, project, environment or app
        #[arg(long)]
        step: String,
        /// Why; recorded
        #[arg(long)]
        reason: String,
    },
    /// Destroy what Fabrik made for an app; its volumes stay
    Destroy(Destroy),
    /// Check URLs, tokens, abilities, versions, clock and journal; change nothing
    Doctor,
    /// Compare what was deployed with what is there
    Drift(DriftArgs),
    /// Show what is
    Status {
        /// Only this app
        app: Option<String>,
    },
    /// Show what was
    History {
        /// Only this app
        app: Option<String>,
    },
    /// Show one run, step by step
    Show {
        /// The run
        id: String,
    },
    /// Release the lock that a dead run of an app left behind
    Unlock(Unlock),
    /// The simulated outside
    Sandbox(SandboxArgs),
    /// Show what a command does and takes
    Help {
        /// The command, and one of its own if it has any
        #[arg(value_name = "COMMAND")]
        command: Vec<String>,
    },
    /// Everything else is refused by name.
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

/// The arguments of `new`.
#[derive(Debug, clap::Args)]
pub(crate) struct New {
    /// The template
    #[arg(long)]
    pub template: String,
    /// What the app is called
    pub name: String,
    /// Where people find it [`NAME.$FABRIK_DOMAIN`]
    #[arg(long)]
    pub domain: Option<String>,
}

/// The arguments of `templates`.
#[derive(Debug, clap::Args)]
pub(crate) struct Templates {
    /// What to do with them
    #[command(subcommand)]
    pub which: Option<WhichTemplate>,
}

/// One template.
#[derive(Debug, Subcommand)]
pub(crate) enum WhichTemplate {
    /// Show one template's files
    Show {
        /// The template
        template: String,
    },
}

/// The arguments of `plan`.
#[derive(Debug, clap::Args)]
pub(crate) struct PlanArgs {
    /// The specs
    #[arg(required = true, value_name = "SPEC")]
    pub specs: Vec<PathBuf>,
    /// End with 5 if there are changes
    #[arg(long)]
    pub exit_code: bool,
}

/// The arguments of `apply`.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Apply {
    /// The specs
    #[arg(required = true, value_name = "SPEC")]
    pub specs: Vec<PathBuf>,
    /// Leave standing what a failed run made
    #[arg(long)]
    pub no_rollback: bool,
    /// Ask the APIs even if nothing seems to have changed
    #[arg(long)]
    pub refresh: bool,
    /// Restart the app even if nothing differs
    #[arg(long)]
    pub force: bool,
    /// Fail where nothing shows that the new version answers
    #[arg(long)]
    pub require_proof: bool,
    /// The spec lies elsewhere now
    #[arg(long)]
    pub moved: bool,
    /// How long the app may take to become well
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub timeout: Option<Duration>,
    /// How long to wait for another run of the app
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub wait_lock: Option<Duration>,
}

/// The arguments of `destroy`.
#[derive(Debug, clap::Args)]
pub(crate) struct Destroy {
    /// The app
    pub app: String,
    /// Delete its volumes too, with all the data in them
    #[arg(long)]
    pub volumes: bool,
    /// How long to wait for another run of the app
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub wait_lock: Option<Duration>,
}

/// The arguments of `drift`.
#[derive(Debug, clap::Args)]
pub(crate) struct DriftArgs {
    /// Only this app
    pub app: Option<String>,
    /// End with 5 if anything has moved
    #[arg(long)]
    pub exit_code: bool,
}

/// The arguments of `unlock`.
#[derive(Debug, clap::Args)]
pub(crate) struct Unlock {
    /// The app
    pub app: String,
    /// Take it from a living run too: that one stops before it writes again
    #[arg(long)]
    pub force: bool,
}

/// The arguments of `sandbox`.
#[derive(Debug, clap::Args)]
pub(crate) struct SandboxArgs {
    /// What to do with it
    #[command(subcommand)]
    pub what: SandboxCommand,
}

/// What to do with the sandbox.
#[derive(Debug, Subcommand)]
pub(crate) enum SandboxCommand {
    /// Serve it over HTTP on this machine
    Serve {
        /// Where to listen; port 0 takes a free one
        #[arg(long, value_name = "127.0.0.1:PORT", default_value = "127.0.0.1:0")]
        listen: SocketAddr,
    },
    /// Show what is in it
    Show,
    /// Empty it, its journal too
    Reset,
    /// Make the next call go wrong
    Fault {
        /// The kind; see --list
        #[arg(required_unless_present = "list")]
        kind: Option<String>,
        /// How many times
        #[arg(long, value_name = "N")]
        times: Option<u32>,
        /// List the kinds
        #[arg(long)]
        list: bool,
    },
    /// Put something of somebody else's there
    Stranger {
        /// What
        kind: Stranger,
        /// Its name; a record's may be a wildcard
        name: String,
        /// Where the record leads: an address, a host, or `server` for the simulated server
        #[arg(long, value_name = "PLACE")]
        to: Option<String>,
    },
}

/// What somebody else may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Stranger {
    /// A DNS record.
    Record,
    /// A Coolify service.
    Service,
}
