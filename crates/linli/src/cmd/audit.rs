//! `linli audit`

use linli_store::activity;

use super::Done;
use crate::{config::Config, wiring};

/// What to do with the activity log.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Recompute every digest and link of the hash chain; fails if anything was changed.
    Verify {
        /// The chain's head as noted earlier must still be in the chain.
        #[arg(long, value_name = "HASH")]
        expect: Option<String>,
    },
}

pub(super) async fn run(config: Config, command: Command) -> Done {
    let Command::Verify { expect } = command;
    let mut broken = 0;
    for settings in &config.district {
        let db = wiring::database(settings).await?;
        let verdict = activity::verify(&db).await?;
        println!(
            "{}: {} sealed, {} waiting, head {}",
            settings.name, verdict.sealed, verdict.open, verdict.head
        );
        for fault in &verdict.faults {
            println!("  {fault}");
        }
        broken += verdict.faults.len();
        if let Some(hash) = &expect
            && !activity::holds(&db, hash).await?
        {
            println!("  the expected head {hash} is not in the chain");
            broken += 1;
        }
        db.close().await;
    }
    if broken == 0 { Ok(()) } else { Err(format!("the activity log is not whole: {broken} faults").into()) }
}
