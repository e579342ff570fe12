//! The change feed (变更流): a number for every change, in the order of the commits.
//!
//! The numbers come from one row that stays locked until the transaction ends, so a number that can be read
//! has no smaller one that is still to come: a reader who continues after the last number it saw misses
//! nothing, on either engine. Take the numbers last, so that others wait only for the commit itself.

use linli_kernel::{AreaCode, Result, Timestamp, params, text_enum};
use linli_store::{Conn, Tx, bulk::Insert};
use serde::Serialize;
use uuid::Uuid;

text_enum! {
    /// What kind of thing has changed.
    pub enum Subject {
        /// 房屋
        Dwelling = "dwelling",
        /// 户
        Household = "household",
        /// 居民
        Resident = "resident",
        /// 法人
        Entity = "entity",
    }
}

/// A thing that has changed, in an area.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, sqlx::FromRow)]
pub struct Change {
    /// Its place in the feed; 0 before it is written.
    pub seq: i64,
    /// What it is.
    pub kind: Subject,
    /// Which one.
    pub subject: Uuid,
    /// Where; for a thing that has left, where it was.
    pub area: AreaCode,
    /// When.
    #[serde(skip)]
    pub at: Timestamp,
}

/// Writes the changes, each with the next number. Answers the first and the last number.
pub async fn append(tx: &mut Tx, changes: &[Change], now: Timestamp) -> Result<Option<(i64, i64)>> {
    // A statement may not touch one row twice.
    let mut changes: Vec<&Change> = changes.iter().collect();
    changes.sort_by_key(|c| (c.subject, &c.area));
    changes.dedup_by_key(|c| (c.subject, &c.area));
    let Ok(count) = i64::try_from(changes.len()) else { return Ok(None) };
    if count == 0 {
        return Ok(None);
    }
    let last: i64 = tx
        .scalar(
            "INSERT INTO counter (name, n) VALUES ('register.feed', $1)
             ON CONFLICT (name) DO UPDATE SET n = counter.n + $1 RETURNING n",
            params![count],
        )
        .await?;
    let first = last - count + 1;
    let insert = Insert {
        head: "INSERT INTO register_feed (seq, kind, subject, area, at)",
        row: "(?, ?, ?, ?, ?)",
        tail: "ON CONFLICT (subject, area) DO UPDATE SET seq = excluded.seq, at = excluded.at",
    };
    let rows = (first..).zip(changes).map(|(seq, c)| params![seq, c.kind, c.subject, &c.area, now]).collect();
    tx.insert(insert, rows).await?;
    Ok(Some((first, last)))
}

/// What has changed after `seq`, in this order.
pub async fn after(conn: &mut Conn, seq: i64, limit: i64) -> Result<Vec<Change>> {
    conn.all(
        "SELECT seq, kind, subject, area, at FROM register_feed WHERE seq > $1 ORDER BY seq LIMIT $2",
        params![seq, limit],
    )
    .await
}
