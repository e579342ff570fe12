//! The same request sent twice changes nothing the second time and answers the same.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use linli_kernel::{Error, Result, Timestamp, Value, params};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::{Conn, Tx};

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

/// How many locks the keys that are being worked on share.
const LOCKS: usize = 512;

/// One lock for the keys of a hash: whoever sends a key again waits until the first is through.
#[derive(Debug, Clone)]
pub(crate) struct Keys(Arc<[Arc<Mutex<()>>]>);

impl Default for Keys {
    fn default() -> Self {
        Self((0..LOCKS).map(|_| Arc::default()).collect())
    }
}

impl Keys {
    async fn lock(&self, key: &str) -> OwnedMutexGuard<()> {
        let mut hash = DefaultHasher::new();
        key.hash(&mut hash);
        let nth = usize::try_from(hash.finish() % LOCKS as u64).unwrap_or_default();
        self.0[nth].clone().lock_owned().await
    }
}

/// A key that a transaction has claimed without writing it down yet, and the lock that keeps others off it until the
/// transaction is over.
#[derive(Debug, Default)]
pub(crate) struct Claimed {
    row: Option<Vec<Value>>,
    lock: Option<OwnedMutexGuard<()>>,
}

/// Claims `key` for a request with this `fingerprint` (a hash of method, path and body).
///
/// A second claim waits for the first to end: on PostgreSQL by the row; on SQLite beside the writer, as long as the
/// transaction has run nothing yet, and else by the write lock that it holds.
pub async fn claim(tx: &mut Tx, key: &str, fingerprint: &str, now: Timestamp) -> Result<Claim> {
    let aside = tx.aside.as_ref().map(|aside| aside.keys.clone());
    match aside {
        Some(keys) if tx.claimed.lock.is_none() && !tx.has_begun() => {
            let lock = keys.lock(key).await;
            if let Some(done) = found(&mut *tx.before().await?, key, fingerprint).await? {
                return Ok(done);
            }
            tx.claimed = Claimed { row: Some(params![key, fingerprint, now]), lock: Some(lock) };
            Ok(Claim::New)
        }
        _ => {
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
            found(tx, key, fingerprint).await?.ok_or(Error::NotFound)
        }
    }
}

async fn found(conn: &mut Conn, key: &str, fingerprint: &str) -> Result<Option<Claim>> {
    let row: Option<(String, i64, String)> = conn
        .optional("SELECT fingerprint, status, answer FROM idempotency WHERE key = $1", params![key])
        .await?;
    match row {
        None => Ok(None),
        Some((old, ..)) if old != fingerprint => Err(Error::Conflict("error-key-reused")),
        Some((_, status, answer)) => {
            Ok(Some(Claim::Done { status: u16::try_from(status).unwrap_or(200), answer }))
        }
    }
}

/// Keeps the answer for repeats.
pub async fn keep(tx: &mut Tx, key: &str, status: u16, answer: &str) -> Result<()> {
    if write_down(tx, status, answer).await? {
        return Ok(());
    }
    tx.defer(
        "UPDATE idempotency SET status = $2, answer = $3 WHERE key = $1",
        params![key, u32::from(status), answer],
    )
    .await
}

/// Writes a claim that was not yet, with its answer; tells whether there was one.
pub(crate) async fn write_down(tx: &mut Tx, status: u16, answer: &str) -> Result<bool> {
    let Some(mut row) = tx.claimed.row.take() else { return Ok(false) };
    row.extend(params![u32::from(status), answer]);
    tx.defer(
        "INSERT INTO idempotency (key, fingerprint, created_at, status, answer) VALUES ($1, $2, $3, $4, $5)",
        row,
    )
    .await?;
    Ok(true)
}

/// Forgets keys older than `before`, a batch at a time.
pub async fn forget(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    tx.execute(
        "DELETE FROM idempotency WHERE key IN (SELECT key FROM idempotency WHERE created_at < $1 ORDER BY created_at LIMIT 2000)",
        params![before],
    )
    .await
}
