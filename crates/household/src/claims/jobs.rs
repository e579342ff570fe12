//! What ends by itself between the nights: old proofs of phones. Forms that were decided go in the night, by the table
//! of the privacy slice.

use std::time::Duration;

use linli_kernel::params;
use linli_store::{
    Op,
    worker::{Handler, Handlers, Work},
};

use super::phone;
use crate::privacy;

fn sweep(op: &mut Op) -> Work<'_> {
    Box::pin(async move {
        let stewards = privacy::all(&op.district);
        let rule = privacy::rule(&mut op.tx, &stewards, "messages").await?;
        let before = rule.cutoff(op.now);
        op.tx.execute("DELETE FROM phone_proof WHERE asked_at < $1", params![before]).await?;
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
