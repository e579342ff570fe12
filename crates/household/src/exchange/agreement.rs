//! Agreements (数据共享协议): concluded, ended, never edited.

use std::time::Duration;

use linli_access::{
    Access, Authorise as _, Purpose, Target,
    api_keys::{self, ApiKeyId, LONGEST, NewApiKey},
};
use linli_grid::AtlasPort;
use linli_kernel::{
    Actor, AreaCode, Cursor, Error, Page, Result, Timestamp, error::Check, hex, params, text_enum,
};
use linli_store::{Conn, Entry, Op, Where};
use linli_web::outward::Reach;
use serde_json::json;

use super::{Shared, push};
use crate::{
    model::{Basis, ResidentId},
    store::feed::Subject,
};

linli_kernel::typed_id! {
    /// One agreement.
    AgreementId
}

text_enum! {
    /// Which way data go.
    pub enum Direction {
        /// 只提供
        Out = "out",
        /// 只接收
        In = "in",
        /// 双向
        Both = "both",
    }
}

impl Direction {
    /// Whether the peer hears of changes.
    pub const fn gives(self) -> bool {
        matches!(self, Self::Out | Self::Both)
    }

    /// Whether the peer may tell us.
    pub const fn takes(self) -> bool {
        matches!(self, Self::In | Self::Both)
    }
}

/// An agreement as it is kept; without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// Its id.
    pub id: AgreementId,
    /// What people call it.
    pub name: String,
    /// The other platform.
    pub peer: String,
    /// What for (目的).
    pub purpose: String,
    /// On what basis (依据).
    pub basis: Basis,
    /// The document of the basis.
    pub basis_note: String,
    /// Which way.
    pub direction: Direction,
    /// The fields.
    pub fields: Vec<Shared>,
    /// The areas.
    pub areas: Vec<AreaCode>,
    /// Whether what the peer has checked counts as checked.
    pub trusted: bool,
    /// From.
    pub starts_at: Timestamp,
    /// Until.
    pub ends_at: Timestamp,
    /// Ended before.
    pub ended_at: Option<Timestamp>,
    /// The peer's key.
    pub key: ApiKeyId,
    /// Where news is sent.
    pub url: Option<String>,
    /// Told up to here.
    pub cursor: i64,
    /// The next try, after failures.
    pub retry_at: Option<Timestamp>,
    /// Failures in a row.
    pub failures: i64,
    /// The peer refused: somebody must look.
    pub stopped_at: Option<Timestamp>,
    /// Who concluded it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: AgreementId,
    name: String,
    peer: String,
    purpose: String,
    basis: Basis,
    basis_note: String,
    direction: Direction,
    fields: String,
    areas: String,
    trusted: bool,
    starts_at: Timestamp,
    ends_at: Timestamp,
    ended_at: Option<Timestamp>,
    key_id: ApiKeyId,
    url: Option<String>,
    cursor: i64,
    retry_at: Option<Timestamp>,
    failures: i64,
    stopped_at: Option<Timestamp>,
    created_by: String,
    created_at: Timestamp,
}

const COLUMNS: &str = "id, name, peer, purpose, basis, basis_note, direction, fields, areas, trusted, starts_at, ends_at, ended_at,
    key_id, url, cursor, retry_at, failures, stopped_at, created_by, created_at";

impl TryFrom<Row> for Agreement {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            fields: serde_json::from_str(&row.fields).map_err(Error::internal)?,
            areas: serde_json::from_str(&row.areas).map_err(Error::internal)?,
            id: row.id,
            name: row.name,
            peer: row.peer,
            purpose: row.purpose,
            basis: row.basis,
            basis_note: row.basis_note,
            direction: row.direction,
            trusted: row.trusted,
            starts_at: row.starts_at,
            ends_at: row.ends_at,
            ended_at: row.ended_at,
            key: row.key_id,
            url: row.url,
            cursor: row.cursor,
            retry_at: row.retry_at,
            failures: row.failures,
            stopped_at: row.stopped_at,
            created_by: row.created_by,
            created_at: row.created_at,
        })
    }
}

impl Agreement {
    /// The last day on which it holds: one that ends at midnight ended with the day before.
    pub fn last_day(&self) -> chrono::NaiveDate {
        Timestamp::from_millis(self.ends_at.millis() - 1).china_date()
    }

    /// Whether it counts at `now`.
    pub fn in_force(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && self.starts_at <= now && now < self.ends_at
    }

    /// Whether it names this field.
    pub fn names(&self, field: Shared) -> bool {
        self.fields.contains(&field)
    }

    /// Whether a place is in its areas.
    pub fn covers(&self, area: &AreaCode) -> bool {
        self.areas.iter().any(|own| own.contains(area))
    }

    /// The kinds of things of which it names something.
    pub fn subjects(&self) -> Vec<Subject> {
        let mut all: Vec<Subject> = self.fields.iter().map(|field| field.subject()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// What is chosen for a new agreement.
#[derive(Debug, Clone)]
pub struct NewAgreement {
    /// What people call it.
    pub name: String,
    /// The other platform: a short word.
    pub peer: String,
    /// What for.
    pub purpose: String,
    /// On what basis.
    pub basis: Basis,
    /// The document of the basis.
    pub basis_note: String,
    /// Which way.
    pub direction: Direction,
    /// The fields.
    pub fields: Vec<Shared>,
    /// The areas.
    pub areas: Vec<AreaCode>,
    /// Whether what the peer has checked counts as checked.
    pub trusted: bool,
    /// Until.
    pub ends_at: Timestamp,
    /// Where news is sent; nowhere if empty.
    pub url: String,
}

/// What is shown once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handed {
    /// The peer's key.
    pub key: String,
    /// The secret of the signatures, if news is sent.
    pub secret: Option<String>,
}

/// The place in the database that a secret belongs to.
pub(super) fn place(id: AgreementId) -> String {
    format!("exchange_agreement/{id}/secret")
}

fn permit(op: &Op) -> Result<()> {
    op.permit("exchange.manage", &Target::at(&op.district.area))
}

fn checked(op: &Op, new: &NewAgreement) -> Result<NewAgreement> {
    let mut check = Check::new();
    let name = check.text("name", &new.name, 60);
    let peer = check.text("peer", &new.peer.to_lowercase(), 40);
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    check.require(peer.bytes().all(plain), "peer", "exchange-peer-bad");
    let purpose = check.text("purpose", &new.purpose, 300);
    let basis_note = check.text("basis_note", &new.basis_note, 200);
    check.require(!new.fields.is_empty(), "fields", "error-required");
    let only_in = new.direction == Direction::In && new.fields.iter().any(|f| !f.can_come_in());
    check.require(!only_in, "fields", "exchange-field-not-in");
    let atlas = op.district.port::<AtlasPort>()?.get();
    check.require(!new.areas.is_empty(), "areas", "error-required");
    let known = |area: &AreaCode| op.district.area.contains(area) && atlas.area(area).is_some();
    check.require(new.areas.iter().all(known), "areas", "error-area");
    let life = op.now < new.ends_at && new.ends_at <= op.now.plus(LONGEST);
    check.require(life, "ends_at", "exchange-until-bad");
    let url = check.optional("url", Some(&new.url), 500).unwrap_or_default();
    let told = url.is_empty() || (new.direction.gives() && op.district.port::<Reach>()?.allows_url(&url));
    check.require(told, "url", "exchange-url-bad");
    check.done()?;
    let mut new = NewAgreement { name, peer, purpose, basis_note, url, ..new.clone() };
    new.fields.sort_unstable();
    new.fields.dedup();
    new.areas.sort();
    new.areas.dedup();
    Ok(new)
}

async fn key_for(
    op: &mut Op,
    peer: &str,
    direction: Direction,
    ends_at: Timestamp,
) -> Result<(ApiKeyId, String)> {
    let mut scopes = Vec::new();
    scopes.extend(direction.gives().then(|| "exchange.changes".to_owned()));
    scopes.extend(direction.takes().then(|| "exchange.sync".to_owned()));
    let area = op.district.area.clone();
    api_keys::create(op, NewApiKey { name: peer.to_owned(), scopes, area, expires_at: ends_at }).await
}

/// Concludes an agreement with a key of its own. News is sent from now on; what is there already the peer
/// fetches. The caller commits, and shows what is handed over once.
pub async fn conclude(op: &mut Op, new: &NewAgreement) -> Result<(AgreementId, Handed)> {
    permit(op)?;
    let new = checked(op, new)?;
    let (key_id, key) = key_for(op, &new.peer, new.direction, new.ends_at).await?;
    let id = AgreementId(op.uuid());
    let url = Some(new.url.clone()).filter(|url| !url.is_empty());
    let secret = url.as_ref().map(|_| hex(op.district.ids.bytes::<32>()));
    let access = op.district.port::<Access>()?;
    let sealed = access.keyring.seal_text(Purpose::Partner, &place(id), secret.as_deref())?;
    let author = op.actor.name().to_owned();
    op.tx
        .execute(
            "INSERT INTO exchange_agreement (id, name, peer, purpose, basis, basis_note, direction, fields, areas, trusted, starts_at,
                 ends_at, key_id, url, secret, cursor, push_lease, failures, created_by, created_at)
             SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, coalesce(max(seq), 0), 0, 0, $16, $11
             FROM register_feed",
            params![
                id, &new.name, &new.peer, &new.purpose, new.basis, &new.basis_note, new.direction,
                json!(new.fields), json!(new.areas), new.trusted, op.now, new.ends_at, key_id, url, sealed, author
            ],
        )
        .await?;
    let detail = json!({
        "peer": new.peer, "purpose": new.purpose, "basis": new.basis, "direction": new.direction,
        "fields": new.fields, "areas": new.areas, "until": new.ends_at, "url": new.url, "trusted": new.trusted,
    });
    note(op, "exchange.conclude", id, detail).await?;
    Ok((id, Handed { key, secret }))
}

/// Ends an agreement at once, and the peer's key with it. The caller commits.
pub async fn end(op: &mut Op, id: AgreementId, reason: &str) -> Result<()> {
    permit(op)?;
    let agreement = get(&mut op.tx, id).await?;
    let mut check = Check::new();
    let reason = check.text("reason", reason, 200);
    check.done()?;
    let ended = op
        .tx
        .execute(
            "UPDATE exchange_agreement SET ended_at = $2, end_reason = $3 WHERE id = $1 AND ended_at IS NULL",
            params![id, op.now, &reason],
        )
        .await?;
    if ended == 0 {
        return Err(Error::Conflict("exchange-over"));
    }
    api_keys::revoke(op, agreement.key).await?;
    note(op, "exchange.end", id, json!({ "peer": agreement.peer, "reason": reason })).await
}

/// Another key for the peer; the old one ends. The caller commits, and shows it once.
pub async fn new_key(op: &mut Op, id: AgreementId) -> Result<Handed> {
    permit(op)?;
    let agreement = get(&mut op.tx, id).await?;
    if !agreement.in_force(op.now) {
        return Err(Error::Conflict("exchange-over"));
    }
    api_keys::revoke(op, agreement.key).await?;
    let (key_id, key) = key_for(op, &agreement.peer, agreement.direction, agreement.ends_at).await?;
    op.tx.execute("UPDATE exchange_agreement SET key_id = $2 WHERE id = $1", params![id, key_id]).await?;
    note(op, "exchange.key", id, json!({ "peer": agreement.peer })).await?;
    Ok(Handed { key, secret: None })
}

/// Sends on after the peer refused or was away. The caller commits.
pub async fn resume(op: &mut Op, id: AgreementId) -> Result<()> {
    permit(op)?;
    let agreement = get(&mut op.tx, id).await?;
    if !agreement.in_force(op.now) || agreement.url.is_none() {
        return Err(Error::Conflict("exchange-over"));
    }
    op.tx
        .execute(
            "UPDATE exchange_agreement SET stopped_at = NULL, retry_at = NULL, failures = 0 WHERE id = $1",
            params![id],
        )
        .await?;
    op.emit(push::PUSH, &()).await?;
    note(op, "exchange.resume", id, json!({ "peer": agreement.peer })).await
}

/// One agreement.
pub async fn get(conn: &mut Conn, id: AgreementId) -> Result<Agreement> {
    let sql = format!("SELECT {COLUMNS} FROM exchange_agreement WHERE id = $1");
    conn.one::<Row>(&sql, params![id]).await?.try_into()
}

/// A page of agreements, newest first.
pub async fn list(conn: &mut Conn, after: Option<Cursor>, size: usize) -> Result<Page<Agreement>> {
    let mut rows = Where::new();
    rows.before("created_at", "id", after);
    let limit = rows.bind(i64::try_from(size + 1).unwrap_or(i64::MAX));
    let sql = format!(
        "SELECT {COLUMNS} FROM exchange_agreement{} ORDER BY created_at DESC, id DESC LIMIT {limit}",
        rows.text()
    );
    let found: Vec<Row> = conn.all(&sql, rows.args()).await?;
    let page = Page::cut(found, size, |row| Cursor { key: row.created_at.millis(), id: row.id.0 });
    let items = page.items.into_iter().map(Agreement::try_from).collect::<Result<_>>()?;
    Ok(Page { items, next: page.next })
}

/// The agreement of the system that asks; a key without one opens nothing.
pub async fn of_client(
    conn: &mut Conn,
    actor: &Actor,
    now: Timestamp,
    way: fn(Direction) -> bool,
) -> Result<Agreement> {
    let none = Error::Forbidden("exchange-no-agreement");
    let Actor::Client { id, .. } = actor else { return Err(none) };
    let sql = format!("SELECT {COLUMNS} FROM exchange_agreement WHERE key_id = $1");
    let found: Option<Row> = conn.optional(&sql, params![*id]).await?;
    let found = found.map(Agreement::try_from).transpose()?;
    found.filter(|a| a.in_force(now) && way(a.direction)).ok_or(none)
}

/// With whom data of somebody were shared (共享去向), for themselves to see.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Told {
    /// Whose.
    pub resident_id: ResidentId,
    /// The agreement.
    pub agreement_id: AgreementId,
    /// Its name.
    pub name: String,
    /// What for.
    pub purpose: String,
    /// For the first time.
    pub first_at: Timestamp,
    /// For the last time.
    pub last_at: Timestamp,
}

/// With whom data of these people were shared.
pub async fn told_of(conn: &mut Conn, of: &[ResidentId]) -> Result<Vec<Told>> {
    if of.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows = Where::new();
    rows.any("t.resident_id", of);
    let sql = format!(
        "SELECT t.resident_id, t.agreement_id, a.name, a.purpose, t.first_at, t.last_at FROM exchange_told t
         JOIN exchange_agreement a ON a.id = t.agreement_id{} ORDER BY t.last_at DESC, t.agreement_id",
        rows.text()
    );
    conn.all(&sql, rows.args()).await
}

pub(super) async fn note(
    op: &mut Op,
    action: &'static str,
    id: AgreementId,
    detail: serde_json::Value,
) -> Result<()> {
    let area = op.district.area.clone();
    op.log(Entry { action, subject: "agreement", subject_id: id.to_string(), area, detail }).await
}

/// How long a peer that does not answer is left alone: 1 s, 2 s, 4 s … at most a quarter of an hour.
pub(super) fn pause(failures: i64) -> Duration {
    Duration::from_secs(1 << failures.clamp(1, 11).unsigned_abs()).min(Duration::from_mins(30)) / 2
}
