//! Concluding an agreement, ending it, and what keeps it going between.

use linli_access::{
    Access, Authorise as _, Purpose, Target,
    api_keys::{self, ApiKeyId, LONGEST, NewApiKey},
};
use linli_grid::AtlasPort;
use linli_kernel::{AreaCode, Error, Result, Timestamp, error::Check, hex, params};
use linli_store::Op;
use linli_web::outward::Reach;
use serde_json::json;

use super::{
    super::{Shared, feed, push},
    AgreementId, Direction, get, note, place,
};
use crate::model::Basis;

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
    feed::forget(op).await?;
    if !new.url.is_empty() {
        op.emit(push::PUSH, &()).await?;
    }
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
    feed::forget(op).await?;
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
