//! The way out, driven against resources that answer as the outside does: servers on loopback with ports from the
//! system, certificates made on the spot, and the sandbox where only the simulated clock can tell.

mod authority;
mod limits;
mod names;
mod proof;
mod site;
mod visit;
mod zone;
