//! What ends by itself: old proofs of phones, and what was typed into entries that were decided long ago.

use std::time::Duration;

use linli_kernel::{params, time::DAY_MS};
use linli_store::{
    Op,
    worker::{Handler, Handlers, Work},
};

use super::{RETENTION_DAYS, phone};

/// Proofs are kept as long as limits count by them.
const PROOFS: Duration = Duration::from_hours(48);

fn sweep(op: &mut Op) -> Work<'_> {
    Box::pin(async move {
        let before = op.now.minus(PROOFS);
        op.tx.execute("DELETE FROM phone_proof WHERE asked_at < $1", params![before]).await?;
        let decided = linli_kernel::Timestamp::from_millis(op.now.millis() - RETENTION_DAYS * DAY_MS);
        op.tx
            .execute(
                "UPDATE claim SET content = NULL, phone_hash = NULL WHERE content IS NOT NULL AND decided_at < $1
                   AND state IN ('accepted', 'partly', 'declined', 'withdrawn')",
                params![decided],
            )
            .await?;
        Ok(())
    })
}

/// Jobs of the entries.
pub fn handlers() -> Handlers {
    Handlers::from([
        (phone::SEND, Handler::Outside(phone::send)),
        ("household.claims_sweep", Handler::Every(Duration::from_hours(6), sweep)),
    ])
}
