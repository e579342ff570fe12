//! The same request sent twice changes nothing the second time and answers the same.

use linli_kernel::{Error, Result, Timestamp, params};

use crate::Tx;

/// What the key means for this request.
#[derive(Debug, PartialEq, Eq)]
pub enum Claim {
    /// First time: do it, then [`keep`] the answer in the same transaction.
    New,
    /// Done before: give this answer again.
    Done {
        /// HTTP status.
        status: u16,
        /// The body or the place to go.
        answer: String,
    },
}

/// Claims `key` for a request with this `fingerprint` (a hash of method, path and body).
///
/// On PostgreSQL a second claim waits for the first to end; on SQLite the write lock does the same.
pub async fn claim(tx: &mut Tx, key: &str, fingerprint: &str, now: Timestamp) -> Result<Claim> {
    let fresh = tx
        .execute(
            "INSERT INTO idempotency (key, fingerprint, status, answer, created_at) VALUES ($1, $2, 0, '', $3)
             ON CONFLICT (key) DO NOTHING",
            params![key, fingerprint, now],
        )
        .await?;
    if fresh == 1 {
        return Ok(Claim::New);
    }
    let (old, status, answer): (String, i64, String) =
        tx.one("SELECT fingerprint, status, answer FROM idempotency WHERE key = $1", params![key]).await?;
    if old != fingerprint {
        return Err(Error::Conflict("error-key-reused"));
    }
    Ok(Claim::Done { status: u16::try_from(status).unwrap_or(200), answer })
}

/// Keeps the answer for repeats.
pub async fn keep(tx: &mut Tx, key: &str, status: u16, answer: &str) -> Result<()> {
    tx.defer(
        "UPDATE idempotency SET status = $2, answer = $3 WHERE key = $1",
        params![key, u32::from(status), answer],
    )
    .await
}

/// Forgets keys older than `before`, a batch at a time.
pub async fn forget(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    tx.execute(
        "DELETE FROM idempotency WHERE key IN (SELECT key FROM idempotency WHERE created_at < $1 ORDER BY created_at LIMIT 2000)",
        params![before],
    )
    .await
}
