//! The binary's parts, as a library so that integration tests drive the same wiring.

pub mod cmd;
pub mod config;
mod homes;
mod meetings;
pub mod nav;
mod readers;
mod requests;
mod retention;
mod table;
pub mod texting;
pub mod topics;
mod visits;
pub mod wiring;

use std::process::ExitCode;

use clap::Parser;

/// Linli (邻里共治): the working platform of a district's grassroots governance.
///
/// Serve it, operate it, compute for it. Settings come from a file (--config, default linli.toml if
/// present) and from the environment; `linli doctor` says what is wrong with them.
#[derive(Parser)]
#[command(name = "linli", version, propagate_version = true)]
pub struct Cli {
    #[command(flatten)]
    settings: config::Source,
    #[command(subcommand)]
    command: cmd::Command,
}

impl Cli {
    /// Runs the command and says on stderr why it did not work.
    pub fn run(self) -> ExitCode {
        match cmd::run(&self.settings, self.command) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("linli: {error}");
                ExitCode::FAILURE
            }
        }
    }
}
