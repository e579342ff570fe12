//! Sessions in the database.

use std::time::Duration;

use linli_kernel::{
    AreaCode, Result, Role, Timestamp,
    actor::{AccountId, OrgId},
    params,
};
use linli_store::{Conn, Tx};

use super::{Device, SessionId};

/// A session joined with its account and one of the posts held; one row per post.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Joined {
    pub id: SessionId,
    pub account_id: AccountId,
    pub factor_done: bool,
    pub created_at: Timestamp,
    pub seen_at: Timestamp,
    pub expires_at: Timestamp,
    pub login: String,
    pub name: String,
    pub area: AreaCode,
    pub must_change: bool,
    pub factor_at: Option<Timestamp>,
    pub role: Option<Role>,
    pub post_area: Option<AreaCode>,
    pub org_id: Option<OrgId>,
}

pub(super) async fn find(conn: &mut Conn, token_hash: Vec<u8>, now: Timestamp) -> Result<Vec<Joined>> {
    conn.all(
        "SELECT s.id, s.account_id, s.factor_done, s.created_at, s.seen_at, s.expires_at, a.login, a.name, a.area, a.must_change,
             a.factor_at, p.role, p.area AS post_area, p.org_id
         FROM session s
         JOIN account a ON a.id = s.account_id
         LEFT JOIN post p ON p.account_id = a.id AND p.from_at <= $2 AND (p.until_at IS NULL OR p.until_at > $2)
         WHERE s.token_hash = $1 AND s.revoked_at IS NULL AND s.expires_at > $2 AND s.seen_at + s.idle_ms > $2
             AND a.status = 'active'
         ORDER BY p.id",
        params![token_hash, now],
    )
    .await
}

pub(super) struct NewSession<'a> {
    pub id: SessionId,
    pub token_hash: Vec<u8>,
    pub account: AccountId,
    pub device: &'a str,
    pub source: &'a str,
    pub idle: Duration,
    pub expires_at: Timestamp,
}

pub(super) async fn insert(tx: &mut Tx, new: NewSession<'_>, now: Timestamp) -> Result<()> {
    let idle = i64::try_from(new.idle.as_millis()).unwrap_or(i64::MAX);
    tx.execute(
        "INSERT INTO session (id, token_hash, account_id, factor_done, device, source, created_at, seen_at, idle_ms, expires_at)
         VALUES ($1, $2, $3, FALSE, $4, $5, $6, $6, $7, $8)",
        params![new.id, new.token_hash, new.account, new.device, new.source, now, idle, new.expires_at],
    )
    .await?;
    Ok(())
}

pub(super) async fn touch(tx: &mut Tx, id: SessionId, now: Timestamp) -> Result<()> {
    tx.execute("UPDATE session SET seen_at = $2 WHERE id = $1 AND seen_at < $2", params![id, now]).await?;
    Ok(())
}

/// A new token for a session that has proved more than before; the old one is dead.
pub(super) async fn raise(tx: &mut Tx, id: SessionId, token_hash: Vec<u8>) -> Result<bool> {
    let raised = tx
        .execute(
            "UPDATE session SET token_hash = $2, factor_done = TRUE WHERE id = $1 AND revoked_at IS NULL",
            params![id, token_hash],
        )
        .await?;
    Ok(raised == 1)
}

pub(super) async fn revoke(tx: &mut Tx, id: SessionId, now: Timestamp) -> Result<bool> {
    let ended = tx
        .execute("UPDATE session SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL", params![id, now])
        .await?;
    Ok(ended == 1)
}

/// Ends the account's sessions, all but `keep`.
pub(crate) async fn revoke_all(
    tx: &mut Tx,
    account: AccountId,
    keep: Option<SessionId>,
    now: Timestamp,
) -> Result<u64> {
    let keep = keep.map(|id| id.0).unwrap_or_default();
    tx.execute(
        "UPDATE session SET revoked_at = $3 WHERE account_id = $1 AND id <> $2 AND revoked_at IS NULL",
        params![account, keep, now],
    )
    .await
}

pub(super) async fn owner(conn: &mut Conn, id: SessionId) -> Result<AccountId> {
    conn.scalar("SELECT account_id FROM session WHERE id = $1", params![id]).await
}

pub(super) async fn live(conn: &mut Conn, account: AccountId, now: Timestamp) -> Result<Vec<Device>> {
    conn.all(
        "SELECT id, device, source, created_at, seen_at, expires_at FROM session
         WHERE account_id = $1 AND revoked_at IS NULL AND expires_at > $2 AND seen_at + idle_ms > $2
         ORDER BY seen_at DESC, id",
        params![account, now],
    )
    .await
}

pub(super) async fn forget(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    tx.execute("DELETE FROM session WHERE expires_at < $1", params![before]).await
}
