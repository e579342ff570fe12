//! The outbox: work that a committed change owes — events for our handlers, messages to the world.
//!
//! A row is written in the transaction of its change. Workers lease rows; a lease that runs out
//! (the process was killed) lets another worker take the row again, so work happens at least once.
//! A handler that only writes to this database finishes in the same transaction as its row
//! ([`finish`] refuses a lost lease), and so happens exactly once.

use std::time::Duration;

use linli_kernel::{Error, Result, Timestamp, params};
use serde::Serialize;
use uuid::Uuid;

use crate::{Db, Tx, Where, owed::Insert};

/// A leased row.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Task {
    /// The row.
    pub id: Uuid,
    /// Which handler.
    pub kind: String,
    /// What it needs, as JSON; ids rather than copies.
    pub payload: String,
    /// When the change happened.
    pub created_at: Timestamp,
    /// Tries so far, this one included.
    pub attempts: i64,
    /// Whose it is now.
    pub lease: Option<Uuid>,
}

/// Tries before a row is set aside for a person.
pub const MAX_ATTEMPTS: i64 = 12;

/// A row that was taken so often without an end is taken without others: should it be the one that takes the process
/// with it, the others do not go along again and again, and go before it the next time.
pub const CAREFUL: i64 = 3;

/// The insert that [`enqueue`] owes.
pub(crate) const INSERT: Insert = Insert {
    head: "INSERT INTO outbox (id, kind, once, payload, created_at, run_at)",
    width: 6,
    tail: "ON CONFLICT (once) DO NOTHING",
};

/// Adds a row to the running transaction; it is written at its end. With `once`, a second row of the
/// same word is not added.
pub async fn enqueue(
    tx: &mut Tx,
    id: Uuid,
    kind: &str,
    once: Option<&str>,
    payload: &impl Serialize,
    now: Timestamp,
    run_at: Timestamp,
) -> Result<()> {
    let payload = serde_json::to_string(payload).map_err(Error::internal)?;
    tx.owed.outbox.push(params![id, kind, once, payload, now, run_at]);
    if tx.owed.is_full() { tx.settle().await } else { Ok(()) }
}

/// Leases up to `limit` due rows for `lease_for`, none of the kinds in `except`, and one more of those to be careful
/// with ([`CAREFUL`]).
pub async fn lease(
    db: &Db,
    lease: Uuid,
    now: Timestamp,
    lease_for: Duration,
    limit: i64,
    except: &[String],
) -> Result<Vec<Task>> {
    let mut rows = Where::new();
    rows.and("done_at IS NULL AND failed_at IS NULL AND run_at <= ? AND lease_until <= ?", params![now, now]);
    rows.none_of("kind", except);
    let sql = format!("SELECT count(*) FROM (SELECT 1 FROM outbox{} LIMIT 1) x", rows.text());
    let due: i64 = db.read().await?.scalar(&sql, rows.clone().args()).await?;
    if due == 0 {
        return Ok(Vec::new());
    }
    let mut tx = db.begin().await?;
    let skip = tx.dialect("", "FOR UPDATE SKIP LOCKED");
    let (own, until, most) = (rows.bind(lease), rows.bind(now.plus(lease_for)), rows.bind(limit));
    let sql = format!(
        "UPDATE outbox SET lease = {own}, lease_until = {until}, attempts = attempts + 1,
             run_at = CASE WHEN attempts >= {CAREFUL} THEN {until} ELSE run_at END WHERE id IN (
             SELECT id FROM (SELECT id FROM outbox{due} AND attempts < {CAREFUL} ORDER BY run_at, id LIMIT {most} {skip}) often
             UNION ALL
             SELECT id FROM (SELECT id FROM outbox{due} AND attempts >= {CAREFUL} ORDER BY run_at, id LIMIT 1 {skip}) seldom)
         RETURNING id, kind, payload, created_at, attempts, lease",
        due = rows.text(),
    );
    let mut tasks: Vec<Task> = tx.all(&sql, rows.args()).await?;
    tx.commit().await?;
    tasks.sort_by_key(|t| t.id);
    Ok(tasks)
}

/// Marks the row done in the running transaction; refuses if the lease was lost meanwhile.
pub async fn finish(tx: &mut Tx, task: &Task, now: Timestamp) -> Result<()> {
    let held = tx
        .execute(
            "UPDATE outbox SET done_at = $3, error = NULL WHERE id = $1 AND lease = $2 AND done_at IS NULL",
            params![task.id, task.lease, now],
        )
        .await?;
    if held == 1 { Ok(()) } else { Err(Error::Conflict("error-lease-lost")) }
}

/// Keeps a lease until a later time; refuses if it was lost meanwhile.
pub async fn keep(tx: &mut Tx, task: &Task, until: Timestamp) -> Result<()> {
    let held = tx
        .execute(
            "UPDATE outbox SET lease_until = $3 WHERE id = $1 AND lease = $2 AND done_at IS NULL",
            params![task.id, task.lease, until],
        )
        .await?;
    if held == 1 { Ok(()) } else { Err(Error::Conflict("error-lease-lost")) }
}

/// Marks the rows of one lease done; refuses if one of them was lost meanwhile.
pub async fn finish_all(tx: &mut Tx, tasks: &[Task], now: Timestamp) -> Result<()> {
    let mut args = params![now, tasks.first().and_then(|task| task.lease)];
    let first = args.len() + 1;
    args.extend(tasks.iter().map(|task| linli_kernel::Value::from(task.id)));
    let marks: Vec<String> = (first..first + tasks.len()).map(|n| format!("${n}")).collect();
    let sql = format!(
        "UPDATE outbox SET done_at = $1, error = NULL WHERE lease = $2 AND done_at IS NULL AND id IN ({})",
        marks.join(", ")
    );
    let held = tx.execute(&sql, args).await?;
    if held == tasks.len() as u64 { Ok(()) } else { Err(Error::Conflict("error-lease-lost")) }
}

/// What becomes of a row after a failed try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// Another try, unless there were [`MAX_ATTEMPTS`].
    Tries,
    /// Nothing: it is set aside for a person.
    Refusal,
    /// Another try, however many there were, after this long at most: what comes every so often is never given up.
    Always(Duration),
}

/// Notes a failed try; the next comes later each time (1 s, 2 s, 4 s … at most half an hour).
pub async fn postpone(tx: &mut Tx, task: &Task, error: &str, after: After, now: Timestamp) -> Result<()> {
    let backoff =
        Duration::from_secs(1 << task.attempts.clamp(1, 12).unsigned_abs()).min(Duration::from_hours(1)) / 2;
    let (wait, give_up) = match after {
        After::Tries => (backoff, task.attempts >= MAX_ATTEMPTS),
        After::Refusal => (backoff, true),
        After::Always(most) => (backoff.min(most), false),
    };
    let give_up = give_up.then_some(now);
    let error: String = error.chars().take(500).collect();
    tx.execute(
        "UPDATE outbox SET lease = NULL, lease_until = 0, run_at = $3, error = $4, failed_at = $5 WHERE id = $1 AND lease = $2",
        params![task.id, task.lease, now.plus(wait), error, give_up],
    )
    .await?;
    Ok(())
}

/// Runs the row again at `run_at` (periodic work re-arms itself this way).
pub async fn again(tx: &mut Tx, task: &Task, run_at: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE outbox SET lease = NULL, lease_until = 0, attempts = 0, run_at = $3, error = NULL WHERE id = $1 AND lease = $2",
        params![task.id, task.lease, run_at],
    )
    .await?;
    Ok(())
}

/// Takes up again what was set aside under this word `once`.
pub async fn revive(tx: &mut Tx, once: &str, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE outbox SET failed_at = NULL, attempts = 0, run_at = $2 WHERE once = $1 AND failed_at IS NOT NULL",
        params![once, now],
    )
    .await?;
    Ok(())
}

/// Removes rows done before `before`; a batch at a time, so that the writer is not held long.
pub async fn sweep(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    tx.execute(
        "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE done_at < $1 ORDER BY done_at LIMIT 2000)",
        params![before],
    )
    .await
}

/// How the queue stands: waiting, and set aside.
pub async fn depth(db: &Db) -> Result<(i64, i64)> {
    db.read()
        .await?
        .one(
            "SELECT (SELECT count(*) FROM outbox WHERE done_at IS NULL AND failed_at IS NULL),
                    (SELECT count(*) FROM outbox WHERE failed_at IS NOT NULL)",
            vec![],
        )
        .await
}
