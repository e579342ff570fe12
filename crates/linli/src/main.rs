//! The `linli` command: one binary for serving, operating and computing.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    linli::Cli::parse().run()
}
