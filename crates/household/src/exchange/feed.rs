//! A peer's own feed: the register's feed, without changes of what the agreement does not name.
//!
//! The register's feed says that a thing has changed, not what of it. So what an agreement may tell of each thing is
//! hashed, and the thing stands at the number under which this last became another: what the peer must not hear moves
//! nothing, and a peer that reads page by page, or begins anew, misses nothing. What has left the agreement's reach
//! is another thing than before: a tombstone.

use linli_access::{Access, Purpose};
use linli_kernel::{Result, Timestamp, params};
use linli_store::{Conn, Op, Where, bulk::Insert};
use uuid::Uuid;

use super::{
    Agreement,
    view::{self, Told},
};
use crate::store::feed::Subject;

/// Numbers of the register's feed that one step looks through at most: an agreement of one small area does not make
/// us read the whole district at once.
const STRETCH: i64 = 20_000;
/// Things of one step.
const STEP: usize = 500;
/// Bytes of a keyed hash that are kept.
const PRINT: usize = 16;

/// A thing of which a peer is to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Item {
    /// Its place in the feed.
    pub seq: i64,
    /// What it is.
    pub kind: Subject,
    /// Which one.
    pub subject: Uuid,
    /// When.
    pub at: Timestamp,
}

fn print(access: &Access, agreement: &Agreement, told: &Told) -> Result<Vec<u8>> {
    let fields = serde_json::to_string(&told.fields).map_err(linli_kernel::Error::internal)?;
    let place = format!("exchange_feed/{}/{}/{fields}", agreement.id, told.id);
    let mut print = access.keyring.lookup(Purpose::Partner, &place)?;
    print.truncate(PRINT);
    Ok(print)
}

/// The last number of the register's feed.
pub(super) async fn last(conn: &mut Conn) -> Result<i64> {
    conn.scalar("SELECT coalesce(max(seq), 0) FROM register_feed", vec![]).await
}

/// Up to which number the register's feed has been looked through.
pub(super) async fn scanned(conn: &mut Conn, agreement: &Agreement) -> Result<i64> {
    conn.scalar("SELECT scanned FROM exchange_agreement WHERE id = $1", params![agreement.id]).await
}

/// Brings the peer's feed one step on; answers whether there is more to look through. The caller commits.
pub async fn advance(op: &mut Op, agreement: &Agreement) -> Result<bool> {
    let lock = op.tx.dialect("", "FOR UPDATE");
    let sql = format!("SELECT scanned FROM exchange_agreement WHERE id = $1 {lock}");
    let after: i64 = op.tx.scalar(&sql, params![agreement.id]).await?;
    let last = last(&mut op.tx).await?;
    let end = after.saturating_add(STRETCH).min(last);
    let mut items = register(&mut op.tx, agreement, after, end).await?;
    let full = items.len() > STEP;
    items.truncate(STEP);
    let to = if full { items.last().map_or(end, |item| item.seq) } else { end };
    if to <= after {
        return Ok(false);
    }
    keep(op, agreement, &items).await?;
    op.tx
        .execute("UPDATE exchange_agreement SET scanned = $2 WHERE id = $1", params![agreement.id, to])
        .await?;
    Ok(to < last)
}

/// The agreement's part of a stretch of the register's feed, one more than a step takes.
async fn register(conn: &mut Conn, agreement: &Agreement, after: i64, to: i64) -> Result<Vec<Item>> {
    let mut rows = Where::new();
    rows.and("seq > ? AND seq <= ?", vec![after.into(), to.into()]);
    rows.within("area", &agreement.areas).any("kind", &agreement.subjects());
    let limit = rows.bind(i64::try_from(STEP + 1).unwrap_or(i64::MAX));
    let sql =
        format!("SELECT seq, kind, subject, at FROM register_feed{} ORDER BY seq LIMIT {limit}", rows.text());
    conn.all(&sql, rows.args()).await
}

/// Moves the things to their numbers of which something else is to be told now.
async fn keep(op: &mut Op, agreement: &Agreement, items: &[Item]) -> Result<()> {
    let access = op.district.port::<Access>()?;
    let told = view::told(&mut op.tx, &access, agreement, items, op.now).await?;
    let insert = Insert {
        head: "INSERT INTO exchange_feed (agreement_id, subject, seq, kind, at, print)",
        row: "(?, ?, ?, ?, ?, ?)",
        tail: "ON CONFLICT (agreement_id, subject) DO UPDATE SET seq = excluded.seq, at = excluded.at, print = excluded.print
               WHERE exchange_feed.print <> excluded.print",
    };
    // A thing that has moved within the agreement's areas stands there twice; a statement may touch a row once only.
    let mut once = std::collections::HashMap::new();
    for one in &told {
        once.entry(one.id).or_insert(one);
    }
    let rows = once.into_values().map(|one| {
        Ok(params![agreement.id, one.id, one.seq, one.kind, one.at, print(&access, agreement, one)?])
    });
    let rows = rows.collect::<Result<Vec<_>>>()?;
    op.tx.insert(insert, rows).await?;
    Ok(())
}

/// The things of a stretch of the peer's feed, in order.
pub async fn stretch(
    conn: &mut Conn,
    agreement: &Agreement,
    after: i64,
    to: i64,
    limit: usize,
) -> Result<Vec<Item>> {
    conn.all(
        "SELECT seq, kind, subject, at FROM exchange_feed WHERE agreement_id = $1 AND seq > $2 AND seq <= $3
         ORDER BY seq LIMIT $4",
        params![agreement.id, after, to, i64::try_from(limit).unwrap_or(i64::MAX)],
    )
    .await
}

/// Which things are next for a peer: they, where to go on, whether there is more. It goes as far as the register's
/// feed has been looked through.
pub async fn next(
    conn: &mut Conn,
    agreement: &Agreement,
    after: i64,
    limit: usize,
) -> Result<(Vec<Item>, i64, bool)> {
    let (end, last) = (scanned(conn, agreement).await?, last(conn).await?);
    let mut items = stretch(conn, agreement, after, end, limit + 1).await?;
    let full = items.len() > limit;
    items.truncate(limit);
    let next = if full { items.last().map_or(end, |item| item.seq) } else { end.max(after) };
    Ok((items, next, full || end < last))
}

/// How many things wait for a peer; counted no further than one above `most`. Of what has not been looked through
/// yet, each change counts that may concern it.
pub async fn waiting(conn: &mut Conn, agreement: &Agreement, most: i64) -> Result<i64> {
    let scanned = scanned(conn, agreement).await?;
    let most = most.saturating_add(1);
    let known: i64 = conn
        .scalar(
            "SELECT count(*) FROM (SELECT 1 AS one FROM exchange_feed WHERE agreement_id = $1 AND seq > $2 LIMIT $3) AS waiting",
            params![agreement.id, agreement.cursor, most],
        )
        .await?;
    let mut rows = Where::new();
    rows.and("seq > ?", vec![agreement.cursor.max(scanned).into()]);
    rows.within("area", &agreement.areas).any("kind", &agreement.subjects());
    let limit = rows.bind(most);
    let sql = format!(
        "SELECT count(*) FROM (SELECT 1 AS one FROM register_feed{} ORDER BY seq LIMIT {limit}) AS waiting",
        rows.text()
    );
    let unseen: i64 = conn.scalar(&sql, rows.args()).await?;
    Ok((known + unseen).min(most))
}

/// Forgets the feeds of agreements that are over.
pub(super) async fn forget(op: &mut Op) -> Result<()> {
    op.tx
        .execute(
            "DELETE FROM exchange_feed WHERE agreement_id IN
                 (SELECT id FROM exchange_agreement WHERE ended_at IS NOT NULL OR ends_at <= $1)",
            params![op.now],
        )
        .await?;
    Ok(())
}
