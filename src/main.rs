//! The program `fabrik`: see [`fabrik::cli`].

fn main() -> std::process::ExitCode {
    fabrik::cli::run()
}
