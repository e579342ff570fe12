//! API keys (接口密钥): how another system proves who it is, for a few actions in one area.

use std::time::Duration;

use linli_kernel::{
    Actor, AreaCode, Cursor, Error, FieldError, Page, Result, Timestamp, error::Check, params,
};
use linli_store::{Conn, Db, Entry, Op, Tx, Where};
use serde::Serialize;
use serde_json::json;

use crate::{Access, Authorise, Target, places::Places, token};

linli_kernel::typed_id! {
    /// One key.
    ApiKeyId
}

/// The longest life of a key.
pub const LONGEST: Duration = Duration::from_hours(2 * 366 * 24);

/// A key as the security officer sees it; the key itself is shown once and kept nowhere.
#[derive(Debug, Clone, Serialize)]
pub struct ApiKey {
    /// Its id, also the actor's id in the log.
    pub id: ApiKeyId,
    /// The system's name.
    pub name: String,
    /// The first characters, to tell keys apart.
    pub prefix: String,
    /// The actions it may do.
    pub scopes: Vec<String>,
    /// Where.
    pub area: AreaCode,
    /// Who made it.
    pub created_by: String,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
    /// When it was ended.
    pub revoked_at: Option<Timestamp>,
    /// When it was used last, to the hour.
    pub last_used_at: Option<Timestamp>,
}

/// What is chosen for a new key.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// The system's name.
    pub name: String,
    /// The actions it may do.
    pub scopes: Vec<String>,
    /// Where.
    pub area: AreaCode,
    /// Until when.
    pub expires_at: Timestamp,
}

/// A system that proved itself.
#[derive(Debug, Clone)]
pub struct Client {
    /// The key.
    pub id: ApiKeyId,
    /// Who acts.
    pub actor: Actor,
    /// Whether [`touch`] is due; at most once an hour.
    pub touch_due: bool,
}

#[derive(sqlx::FromRow)]
struct KeyRow {
    id: ApiKeyId,
    name: String,
    prefix: String,
    scopes: String,
    area: AreaCode,
    created_by: String,
    created_at: Timestamp,
    expires_at: Timestamp,
    revoked_at: Option<Timestamp>,
    last_used_at: Option<Timestamp>,
}

const COLUMNS: &str =
    "id, name, prefix, scopes, area, created_by, created_at, expires_at, revoked_at, last_used_at";

impl TryFrom<KeyRow> for ApiKey {
    type Error = Error;
    fn try_from(row: KeyRow) -> Result<Self> {
        let scopes = serde_json::from_str(&row.scopes).map_err(Error::internal)?;
        let KeyRow {
            id,
            name,
            prefix,
            area,
            created_by,
            created_at,
            expires_at,
            revoked_at,
            last_used_at,
            ..
        } = row;
        Ok(Self {
            id,
            name,
            prefix,
            scopes,
            area,
            created_by,
            created_at,
            expires_at,
            revoked_at,
            last_used_at,
        })
    }
}

/// Makes a key and answers its text, which is shown once. The caller commits.
pub async fn create(op: &mut Op, new: NewApiKey) -> Result<(ApiKeyId, String)> {
    Places::told(op, "api_key.manage", &new.area)?;
    let access = op.district.port::<Access>()?;
    let mut check = Check::new();
    let name = check.text("name", &new.name, 60);
    check.require(!new.scopes.is_empty(), "scopes", "error-required");
    if let Some(scope) = new.scopes.iter().find(|scope| !access.policy.grantable(scope)) {
        check.push(FieldError::new("scopes", "error-scope").with("scope", scope));
    }
    let life = op.now < new.expires_at && new.expires_at <= op.now.plus(LONGEST);
    check.require(life, "expires_at", "error-expiry").done()?;
    let prefix = format!("lk_{}", token::readable(&op.district.ids, 1, 8));
    let text = format!("{prefix}_{}", token::make(&op.district.ids));
    let id = ApiKeyId(op.uuid());
    let mut scopes = new.scopes;
    scopes.sort();
    scopes.dedup();
    let created_by = op.actor.name().to_owned();
    op.tx
        .execute(
            "INSERT INTO api_key (id, name, prefix, hash, scopes, area, created_by, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            params![
                id,
                &name,
                &prefix,
                token::hash(&text),
                json!(scopes),
                &new.area,
                created_by,
                op.now,
                new.expires_at
            ],
        )
        .await?;
    let detail = json!({ "name": name, "prefix": prefix, "scopes": scopes, "expires_at": new.expires_at });
    op.log(entry("api_key.create", id, new.area, detail)).await?;
    Ok((id, text))
}

/// Ends a key at once. The caller commits.
pub async fn revoke(op: &mut Op, id: ApiKeyId) -> Result<()> {
    let area: AreaCode = op.tx.scalar("SELECT area FROM api_key WHERE id = $1", params![id]).await?;
    op.permit("api_key.manage", &Target::at(&area))?;
    let ended = op
        .tx
        .execute(
            "UPDATE api_key SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL",
            params![id, op.now],
        )
        .await?;
    if ended == 1 {
        op.log(entry("api_key.revoke", id, area, json!({}))).await?;
    }
    Ok(())
}

/// A page of the keys that `actor` manages, newest first.
pub async fn list(
    conn: &mut Conn,
    access: &Access,
    actor: &Actor,
    after: Option<Cursor>,
    size: usize,
) -> Result<Page<ApiKey>> {
    access.policy.require_somewhere(actor, "api_key.manage")?;
    let mut rows = Where::new();
    access.policy.scope(actor, "api_key.manage").filter(&mut rows, "area", "");
    rows.before("created_at", "id", after);
    let size = size.clamp(1, 200);
    let limit = rows.bind(i64::try_from(size + 1).unwrap_or(i64::MAX));
    let sql = format!(
        "SELECT {COLUMNS} FROM api_key{} ORDER BY created_at DESC, id DESC LIMIT {limit}",
        rows.text()
    );
    let found: Vec<KeyRow> = conn.all(&sql, rows.args()).await?;
    let page = Page::cut(found, size, |row| Cursor { key: row.created_at.millis(), id: row.id.0 });
    let items = page.items.into_iter().map(ApiKey::try_from).collect::<Result<_>>()?;
    Ok(Page { items, next: page.next })
}

/// The system whose key this is, in one query.
pub async fn authenticate(conn: &mut Conn, text: &str, now: Timestamp) -> Result<Option<Client>> {
    let sql =
        format!("SELECT {COLUMNS} FROM api_key WHERE hash = $1 AND revoked_at IS NULL AND expires_at > $2");
    let found: Option<KeyRow> = conn.optional(&sql, params![token::hash(text), now]).await?;
    let Some(key) = found.map(ApiKey::try_from).transpose()? else { return Ok(None) };
    let hour = Duration::from_hours(1);
    Ok(Some(Client {
        id: key.id,
        touch_due: key.last_used_at.is_none_or(|at| at.plus(hour) <= now),
        actor: Actor::Client { id: key.id.0, name: key.name, scopes: key.scopes, area: key.area },
    }))
}

/// Notes that the key is in use.
pub async fn touch(db: &Db, id: ApiKeyId, now: Timestamp) -> Result<()> {
    let mut tx: Tx = db.begin().await?;
    tx.execute("UPDATE api_key SET last_used_at = $2 WHERE id = $1", params![id, now]).await?;
    tx.commit().await
}

fn entry(action: &'static str, id: ApiKeyId, area: AreaCode, detail: serde_json::Value) -> Entry {
    Entry { action, subject: "api_key", subject_id: id.to_string(), area, detail }
}
