//! Accounts and posts in the database.

use linli_kernel::{AreaCode, Result, Role, Timestamp, actor::AccountId, actor::OrgId, params};
use linli_store::{Conn, Tx};

use super::{PostId, Status};

/// An account without its posts.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct AccountRow {
    pub id: AccountId,
    pub login: String,
    pub name: String,
    pub area: AreaCode,
    pub phone: Option<Vec<u8>>,
    pub status: Status,
    pub password: Option<String>,
    pub must_change: bool,
    pub tokens_from: Timestamp,
    pub factor: Option<Vec<u8>>,
    pub factor_at: Option<Timestamp>,
    pub factor_step: i64,
    pub created_at: Timestamp,
    pub last_login_at: Option<Timestamp>,
}

impl AccountRow {
    /// Where the sealed phone belongs.
    pub(crate) fn phone_place(id: AccountId) -> String {
        format!("account:{id}:phone")
    }

    /// Where the sealed secret of the second factor belongs.
    pub(crate) fn factor_place(id: AccountId) -> String {
        format!("account:{id}:factor")
    }
}

pub(crate) const COLUMNS: &str = "id, login, name, area, phone, status, password, must_change, tokens_from, factor, factor_at, factor_step, created_at, last_login_at";

pub(crate) async fn by_id(conn: &mut Conn, id: AccountId) -> Result<AccountRow> {
    conn.one(&format!("SELECT {COLUMNS} FROM account WHERE id = $1"), params![id]).await
}

/// The account, its row locked until the transaction ends.
pub(crate) async fn locked(tx: &mut Tx, id: AccountId) -> Result<AccountRow> {
    let lock = tx.dialect("", "FOR UPDATE");
    let sql = format!("SELECT {COLUMNS} FROM account WHERE id = $1 {lock}");
    tx.one(&sql, params![id]).await
}

pub(crate) async fn by_login(conn: &mut Conn, login: &str) -> Result<Option<AccountRow>> {
    conn.optional(&format!("SELECT {COLUMNS} FROM account WHERE login = $1"), params![login]).await
}

/// What is written of a person, at first and at every edit.
pub(crate) struct Person<'a> {
    pub name: &'a str,
    pub area: &'a AreaCode,
    pub phone: Option<Vec<u8>>,
    pub phone_hash: Option<Vec<u8>>,
}

pub(crate) async fn insert(
    tx: &mut Tx,
    id: AccountId,
    login: &str,
    person: Person<'_>,
    password: &str,
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "INSERT INTO account (id, login, name, initials, area, phone, phone_hash, status, password, password_at,
             must_change, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'active', $8, $9, TRUE, $9, $9)",
        params![
            id,
            login,
            person.name,
            super::initials(person.name),
            person.area,
            person.phone,
            person.phone_hash,
            password,
            now
        ],
    )
    .await?;
    Ok(())
}

pub(crate) async fn update(tx: &mut Tx, id: AccountId, person: Person<'_>, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE account SET name = $2, initials = $3, area = $4, phone = $5, phone_hash = $6, updated_at = $7 WHERE id = $1",
        params![
            id,
            person.name,
            super::initials(person.name),
            person.area,
            person.phone,
            person.phone_hash,
            now
        ],
    )
    .await?;
    Ok(())
}

pub(crate) async fn set_status(tx: &mut Tx, id: AccountId, status: Status, now: Timestamp) -> Result<()> {
    tx.execute("UPDATE account SET status = $2, updated_at = $3 WHERE id = $1", params![id, status, now])
        .await?;
    Ok(())
}

pub(crate) async fn set_password(
    tx: &mut Tx,
    id: AccountId,
    hash: &str,
    must_change: bool,
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "UPDATE account SET password = $2, must_change = $3, password_at = $4, tokens_from = $4, updated_at = $4 WHERE id = $1",
        params![id, hash, must_change, now],
    )
    .await?;
    Ok(())
}

/// The same password under present costs.
pub(crate) async fn renew_hash(tx: &mut Tx, id: AccountId, hash: &str) -> Result<()> {
    tx.execute("UPDATE account SET password = $2 WHERE id = $1", params![id, hash]).await?;
    Ok(())
}

/// What was made beside the sessions until now counts no more.
pub(crate) async fn end_tokens(tx: &mut Tx, id: AccountId, now: Timestamp) -> Result<()> {
    tx.execute("UPDATE account SET tokens_from = $2 WHERE id = $1", params![id, now]).await?;
    Ok(())
}

pub(crate) async fn set_factor(
    tx: &mut Tx,
    id: AccountId,
    sealed: Option<Vec<u8>>,
    confirmed_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "UPDATE account SET factor = $2, factor_at = $3, updated_at = $4 WHERE id = $1",
        params![id, sealed, confirmed_at, now],
    )
    .await?;
    Ok(())
}

/// Takes the step of a code; false if it or a later one was taken already.
pub(crate) async fn take_step(tx: &mut Tx, id: AccountId, step: i64) -> Result<bool> {
    let taken = tx
        .execute("UPDATE account SET factor_step = $2 WHERE id = $1 AND factor_step < $2", params![id, step])
        .await?;
    Ok(taken == 1)
}

pub(crate) async fn put_recovery_codes(tx: &mut Tx, id: AccountId, hashes: Vec<Vec<u8>>) -> Result<()> {
    tx.execute("DELETE FROM recovery_code WHERE account_id = $1", params![id]).await?;
    for hash in hashes {
        tx.execute("INSERT INTO recovery_code (account_id, hash) VALUES ($1, $2)", params![id, hash]).await?;
    }
    Ok(())
}

/// Takes a recovery code; false if there is none or it was taken already.
pub(crate) async fn take_recovery_code(
    tx: &mut Tx,
    id: AccountId,
    hash: Vec<u8>,
    now: Timestamp,
) -> Result<bool> {
    let taken = tx
        .execute(
            "UPDATE recovery_code SET used_at = $3 WHERE account_id = $1 AND hash = $2 AND used_at IS NULL",
            params![id, hash, now],
        )
        .await?;
    Ok(taken == 1)
}

pub(crate) async fn recovery_codes_left(conn: &mut Conn, id: AccountId) -> Result<i64> {
    conn.scalar("SELECT count(*) FROM recovery_code WHERE account_id = $1 AND used_at IS NULL", params![id])
        .await
}

pub(crate) async fn logged_in(tx: &mut Tx, id: AccountId, now: Timestamp) -> Result<()> {
    tx.execute("UPDATE account SET last_login_at = $2 WHERE id = $1", params![id, now]).await?;
    Ok(())
}

/// A post as it is stored.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct PostRow {
    pub id: PostId,
    pub account_id: AccountId,
    pub role: Role,
    pub area: AreaCode,
    pub org_id: OrgId,
    pub from_at: Timestamp,
    pub until_at: Option<Timestamp>,
    pub granted_by: String,
}

const POST: &str = "id, account_id, role, area, org_id, from_at, until_at, granted_by";

pub(crate) async fn posts_of(conn: &mut Conn, accounts: &[AccountId]) -> Result<Vec<PostRow>> {
    let mut rows = linli_store::Where::new();
    if accounts.is_empty() {
        return Ok(Vec::new());
    }
    rows.any("account_id", accounts);
    let sql = format!("SELECT {POST} FROM post{} ORDER BY from_at, id", rows.text());
    conn.all(&sql, rows.args()).await
}

pub(crate) async fn post(conn: &mut Conn, id: PostId) -> Result<PostRow> {
    conn.one(&format!("SELECT {POST} FROM post WHERE id = $1"), params![id]).await
}

pub(crate) async fn insert_post(tx: &mut Tx, post: &PostRow) -> Result<()> {
    tx.execute(
        "INSERT INTO post (id, account_id, role, area, org_id, from_at, until_at, granted_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        params![
            post.id, post.account_id, post.role, &post.area, post.org_id, post.from_at, post.until_at,
            &post.granted_by
        ],
    )
    .await?;
    Ok(())
}

pub(crate) async fn end_post(tx: &mut Tx, id: PostId, now: Timestamp) -> Result<bool> {
    let ended = tx
        .execute(
            "UPDATE post SET until_at = $2 WHERE id = $1 AND (until_at IS NULL OR until_at > $2)",
            params![id, now],
        )
        .await?;
    Ok(ended == 1)
}
