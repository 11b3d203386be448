//! The way out, driven against things that answer as the outside does.

mod limits;
