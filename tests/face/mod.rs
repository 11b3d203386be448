//! The program as people meet it: the real binary, its words, its exit codes, what it leaves behind.

mod destroy;
mod doctor;
mod drift;
pub mod house;
mod image;
mod input;
mod left;
mod places;
mod program;
pub mod served;
mod story;
mod together;
mod unlock;
