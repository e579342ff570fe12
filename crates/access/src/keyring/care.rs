//! Changing keys while the service runs (换密钥): from the command line, one transaction and one activity row each.

use std::{sync::Arc, time::Duration};

use linli_kernel::{Actor, Error, Result};
use linli_store::{District, Entry, Op};
use serde_json::{Value, json};

use super::{Purpose, store};
use crate::Access;

/// Every process looks for keys that another one made this often.
const PACE: Duration = Duration::from_mins(1);

fn entry(op: &Op, action: &'static str, detail: Value) -> Entry {
    let area = op.district.area.clone();
    Entry { action, subject: "keys", subject_id: String::new(), area, detail }
}

/// Begins with the keys: nobody else changes them meanwhile. People have no right to it; the machine's operator has.
async fn begin(op: &mut Op) -> Result<Arc<Access>> {
    if op.actor != Actor::System {
        return Err(Error::Forbidden("error-forbidden"));
    }
    store::lock(&mut op.tx).await?;
    op.district.port::<Access>()
}

/// Gives each of these purposes a new data key, with which every process seals once all of them have it. What was
/// sealed before still opens. The caller commits.
pub async fn rotate(op: &mut Op, purposes: &[Purpose]) -> Result<()> {
    let access = begin(op).await?;
    for &purpose in purposes {
        access.keyring.rotate(&mut op.tx, purpose, op.now).await?;
    }
    let entry = entry(op, "keys.rotate", json!({ "purposes": purposes }));
    op.log(entry).await
}

/// Wraps all keys by the first line of the master key file; answers how many were wrapped by another. The caller
/// commits.
pub async fn rewrap(op: &mut Op) -> Result<usize> {
    let access = begin(op).await?;
    let wrapped = access.keyring.rewrap(&mut op.tx).await?;
    if wrapped > 0 {
        let entry = entry(op, "keys.rewrap", json!({ "keys": wrapped }));
        op.log(entry).await?;
    }
    Ok(wrapped)
}

/// Takes in what was changed, in this process, for as long as the district is open.
pub fn follow(district: &Arc<District>) {
    let district = Arc::downgrade(district);
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(PACE).await;
            let Some(district) = district.upgrade() else { return };
            if let Err(error) = refresh(&district).await {
                tracing::error!(district = %district.name, %error, "the keys could not be read again");
            }
        }
    });
}

/// Takes in what was changed.
pub async fn refresh(district: &District) -> Result<()> {
    let mut conn = district.db.read().await?;
    district.port::<Access>()?.keyring.reload(&mut conn, district.clock.now()).await
}
