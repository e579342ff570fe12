//! One file per subcommand; this table is the whole command line.

mod audit;
mod migrate;
mod serve;

use clap::Subcommand;

use crate::config::{Config, Source};

/// A command's result; the error is a sentence that says what to do next.
pub type Done = Result<(), Box<dyn std::error::Error>>;

/// What `linli` can be asked to do.
#[derive(Subcommand)]
pub enum Command {
    /// Serve all districts until SIGINT or SIGTERM.
    Serve(serve::Args),
    /// Bring every district's database up to this program's schema.
    Migrate(migrate::Args),
    /// The activity log: verify its chain.
    #[command(subcommand)]
    Audit(audit::Command),
}

/// Runs one subcommand.
pub fn run(source: &Source, command: Command) -> Done {
    match command {
        Command::Serve(args) => block_on(serve::run(Config::load(source)?, args)),
        Command::Migrate(args) => block_on(migrate::run(Config::load(source)?, args)),
        Command::Audit(command) => block_on(audit::run(Config::load(source)?, command)),
    }
}

fn block_on(work: impl Future<Output = Done>) -> Done {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}
