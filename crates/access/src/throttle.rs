//! Growing waits after failed tries (登录失败锁定): long ones per account name and source, so that nobody locks another
//! out from elsewhere; per source; and short ones per account name, which only slow down who guesses from many sources.
//!
//! A try is counted before it is checked and forgiven after it proves right, so that many tries at
//! the same moment cannot slip through before the first failure is written.

use std::time::Duration;

use linli_kernel::{Error, Result, Timestamp, params};
use linli_store::Tx;

/// How many failures are free, and how the wait grows then: it doubles each time.
#[derive(Debug, Clone, Copy)]
pub struct Allowance {
    /// Failures without a wait.
    pub free: i64,
    /// The first wait.
    pub first: Duration,
    /// The longest wait.
    pub most: Duration,
}

/// For one account name from one source, and for one account's second factor or present password.
pub const ACCOUNT: Allowance =
    Allowance { free: 5, first: Duration::from_secs(30), most: Duration::from_mins(30) };
/// For one network address: a whole office may be behind it.
pub const SOURCE: Allowance =
    Allowance { free: 50, first: Duration::from_secs(10), most: Duration::from_mins(10) };
/// For one account name, from wherever: it must not lock anybody out, only make guessing from many sources slow. A
/// device on which the account has logged in before does not wait for it.
pub const NAME: Allowance =
    Allowance { free: 30, first: Duration::from_secs(1), most: Duration::from_secs(5) };
/// Failures are forgotten after a day without one.
pub const FORGET: Duration = Duration::from_hours(24);

impl Allowance {
    /// The wait after this many failures.
    pub fn wait(self, failures: i64) -> Duration {
        let beyond = failures - self.free;
        if beyond < 0 {
            return Duration::ZERO;
        }
        let doublings = u32::try_from(beyond.min(20)).unwrap_or(20);
        self.first.saturating_mul(1 << doublings).min(self.most)
    }
}

/// Counts a try under `key`, or refuses it with the seconds to wait.
pub async fn reserve(tx: &mut Tx, key: &str, allowance: Allowance, now: Timestamp) -> Result<()> {
    // The upsert takes the row's lock on PostgreSQL, so that tries queue here.
    let (failures, last, until): (i64, Timestamp, Timestamp) = tx
        .one(
            "INSERT INTO throttle (key, failures, last_at, until_at) VALUES ($1, 0, $2, 0)
             ON CONFLICT (key) DO UPDATE SET last_at = throttle.last_at RETURNING failures, last_at, until_at",
            params![key, now],
        )
        .await?;
    if until > now {
        let wait = until.millis_since(now).unsigned_abs().div_ceil(1000);
        return Err(Error::TooMany(wait));
    }
    let failures = if last.plus(FORGET) <= now { 1 } else { failures + 1 };
    tx.execute(
        "UPDATE throttle SET failures = $2, last_at = $3, until_at = $4 WHERE key = $1",
        params![key, failures, now, now.plus(allowance.wait(failures))],
    )
    .await?;
    Ok(())
}

/// The try was right: nothing is held against this key any more.
pub async fn forgive(tx: &mut Tx, key: &str) -> Result<()> {
    tx.execute("DELETE FROM throttle WHERE key = $1", params![key]).await?;
    Ok(())
}

/// Nothing is held against this key any more, nor against those that go on from it after a colon.
pub async fn forgive_all(tx: &mut Tx, key: &str) -> Result<()> {
    // The semicolon is what comes after the colon.
    let (from, to) = (format!("{key}:"), format!("{key};"));
    tx.execute("DELETE FROM throttle WHERE key = $1 OR (key >= $2 AND key < $3)", params![key, from, to])
        .await?;
    Ok(())
}

/// The try was right, but the key is shared: only this try is taken back, with the wait that it began.
/// The wait of the failures before it was over, or the try would not have been counted.
pub async fn refund(tx: &mut Tx, key: &str) -> Result<()> {
    tx.execute(
        "UPDATE throttle SET failures = failures - 1, until_at = 0 WHERE key = $1 AND failures > 0",
        params![key],
    )
    .await?;
    Ok(())
}

/// Removes what is forgotten; a daily job calls it.
pub async fn sweep(tx: &mut Tx, now: Timestamp) -> Result<u64> {
    tx.execute("DELETE FROM throttle WHERE last_at < $1 AND until_at < $2", params![now.minus(FORGET), now])
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_limit() {
        let seconds: Vec<u64> = (1..=13).map(|n| ACCOUNT.wait(n).as_secs()).collect();
        assert_eq!(seconds, [0, 0, 0, 0, 30, 60, 120, 240, 480, 960, 1800, 1800, 1800]);
        assert_eq!(ACCOUNT.wait(i64::MAX).as_secs(), 1800);
    }
}
