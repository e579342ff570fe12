//! The `linli` command: one binary for serving, operating and computing.

mod cmd;

use std::process::ExitCode;

use clap::Parser;

/// Grassroots governance of a district: serve it, operate it, compute for it.
#[derive(Parser)]
#[command(name = "linli", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: cmd::Command,
}

fn main() -> ExitCode {
    match cmd::run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("linli: {error}");
            ExitCode::FAILURE
        }
    }
}
