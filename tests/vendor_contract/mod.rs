//! The client and the sandbox, held against evidence that neither wrote: exchanges recorded from a real Coolify
//! 4.3.11, and the vendors' own schemas.
//!
//! The evidence lies beside the checkout and is read in place. Where it is absent these tests say so and prove
//! nothing.

mod applications;
mod checked;
mod client;
mod compare;
mod cycles;
mod differences;
mod endpoints;
mod fits;
mod ignored;
mod reads;
mod recorded;
mod schemas;
mod situation;
mod story;
mod timelines;
mod traps;
mod values;
mod writes;
