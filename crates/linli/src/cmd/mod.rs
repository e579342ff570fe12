//! One file per subcommand; this table is the whole command line.

use clap::Subcommand;

/// What `linli` can be asked to do.
#[derive(Subcommand)]
pub(crate) enum Command {}

/// Runs one subcommand; the error is a sentence that says what to do next.
pub(crate) fn run(command: Command) -> Result<(), Box<dyn std::error::Error>> {
    match command {}
}
