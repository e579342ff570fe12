//! One file per subcommand; this table is the whole command line.

mod audit;
mod backup;
pub mod demo;
pub mod doctor;
mod evaluate;
mod evaluate_repeats;
mod import;
mod import_residents;
mod insight;
mod keys;
mod migrate;
mod plan;
mod serve;
mod train;
mod train_district;
mod unlock;

use clap::Subcommand;

use crate::config::{Config, Source};

/// A command's result; the error is a sentence that says what to do next.
pub type Done = Result<(), Box<dyn std::error::Error>>;

/// What `linli` can be asked to do.
#[derive(Subcommand)]
pub enum Command {
    /// Serve all districts until SIGINT or SIGTERM.
    Serve(serve::Args),
    /// Plan mass-service days on files: generate, solve, check, replan, match, simulate.
    #[command(subcommand)]
    Plan(plan::Plan),
    /// Bring every district's database up to this program's schema.
    Migrate(migrate::Args),
    /// Fill an empty district with the synthetic demo: land, people, half a year of cases.
    Demo(demo::Args),
    /// Bring in messages of the hotline from a file; the same file twice adds nothing.
    #[command(subcommand)]
    Import(import::Command),
    /// Copy every district (database and photos) into a new folder, also while it is being served.
    Backup(backup::BackupArgs),
    /// Bring a backup back into empty databases and verify it.
    Restore(backup::RestoreArgs),
    /// Find a wrong setting, a missing key, a full disk, a wrong clock, a database behind; says what to do.
    Doctor(doctor::Args),
    /// The activity log: verify its chain.
    #[command(subcommand)]
    Audit(audit::Command),
    /// The keys of sealed fields: wrap them by a new master key, make new ones.
    Keys(keys::Args),
    /// End the wait of a log-in name after failed tries, when nobody gets in who could do it on a page.
    Unlock(unlock::Args),
    /// Learn to suggest labels from labelled cases; keep the model only when it is better.
    Train(train::TrainArgs),
    /// Measure how well a reader of texts does on cases it has not seen.
    #[command(subcommand)]
    Evaluate(evaluate::Evaluate),
    /// Read what many cases say together.
    #[command(subcommand)]
    Insight(insight::Insight),
}

/// Runs one subcommand.
pub fn run(source: &Source, command: Command) -> Done {
    match command {
        Command::Serve(args) => block_on(serve::run(Config::load(source)?, args)),
        Command::Plan(command) => plan::run(command),
        Command::Migrate(args) => block_on(migrate::run(Config::load(source)?, args)),
        Command::Demo(args) => block_on(demo::run(Config::load(source)?, args)),
        Command::Import(command) => block_on(import::run(Config::load(source)?, command)),
        Command::Backup(args) => block_on(backup::run_backup(Config::load(source)?, args)),
        Command::Restore(args) => block_on(backup::run_restore(Config::load(source)?, args)),
        Command::Doctor(args) => block_on(doctor::run(source, args)),
        Command::Audit(command) => block_on(audit::run(Config::load(source)?, command)),
        Command::Keys(args) => block_on(keys::run(Config::load(source)?, args)),
        Command::Unlock(args) => block_on(unlock::run(Config::load(source)?, args)),
        Command::Train(args) if args.district.is_some() => {
            block_on(train_district::run(Config::load(source)?, args))
        }
        Command::Train(args) => train::run(&args),
        Command::Evaluate(what) => evaluate::run(what),
        Command::Insight(what) => insight::run(what),
    }
}

fn block_on(work: impl Future<Output = Done>) -> Done {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}
