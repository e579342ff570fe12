//! `linli migrate`

use linli_kernel::Clock;
use linli_store::migrate;

use super::Done;
use crate::{config::Config, wiring};

/// Options of `linli migrate`.
#[derive(clap::Args)]
pub struct Args {
    /// Only say what would be applied.
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(config: Config, args: Args) -> Done {
    for settings in &config.district {
        let db = wiring::database(settings).await?;
        let names = if args.dry_run {
            migrate::pending(&db, &wiring::migrations()).await?
        } else {
            migrate::migrate(&db, &wiring::migrations(), Clock::System.now()).await?
        };
        let verb = if args.dry_run { "pending" } else { "applied" };
        println!("{}: {} {verb}", settings.name, names.len());
        for name in names {
            println!("  {name}");
        }
        db.close().await;
    }
    Ok(())
}
