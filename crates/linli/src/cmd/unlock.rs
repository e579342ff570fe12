//! `linli unlock`

use std::sync::Arc;

use linli_access::accounts;
use linli_kernel::Error;
use linli_store::District;

use super::{Done, keys::meant};
use crate::{config::Config, wiring};

/// Options of `linli unlock`.
#[derive(clap::Args)]
pub struct Args {
    /// The log-in name.
    name: String,
    /// Which district, if the settings list several.
    #[arg(long, value_name = "NAME")]
    district: Option<String>,
}

pub(super) async fn run(config: Config, args: Args) -> Done {
    let [settings] = meant(&config, args.district.as_deref())?[..] else {
        return Err("the settings list several districts; say which with --district".into());
    };
    let district = wiring::open(&config, settings).await?;
    let done = unlock(&district, &args.name).await;
    district.db.close().await;
    match done {
        Ok(()) => {
            println!("{}: {} may log in at once", settings.name, args.name);
            Ok(())
        }
        Err(Error::NotFound) => {
            Err(format!("{}: there is no account with the log-in name {}", settings.name, args.name).into())
        }
        Err(other) => Err(other.into()),
    }
}

/// In a transaction of its own, which has ended when this answers: closing the database waits for it.
async fn unlock(district: &Arc<District>, name: &str) -> Result<(), Error> {
    let mut op = district.op("linli unlock").await?;
    accounts::unlock_named(&mut op, name).await?;
    op.commit().await
}
