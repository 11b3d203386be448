//! No secret is written anywhere but into `.env`: every command, every way of saying, every file.
//!
//! Looks at each byte that the program leaves behind: what it says, the journal with its log, everything in the state
//! folder, the app's folder. Of the sandbox's world only the tables of variables may know.

mod canaries;
mod life;
mod quoted;
mod refused;
