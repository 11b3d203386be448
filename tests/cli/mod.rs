//! The program as people meet it: the real binary, its words, its exit codes, what it leaves behind.

mod destroy;
mod doctor;
mod drift;
pub mod fixture;
mod folders;
mod help;
mod image;
mod input;
mod keyless;
mod left;
mod observed;
mod places;
mod preflight;
mod program;
pub mod served;
mod story;
mod together;
mod unlock;
mod values;
