//! Entries as they are kept: content sealed, found by home, code and state.

use linli_access::Purpose;
use linli_kernel::{Error, Result, Timestamp, Value, params};
use linli_store::{Conn, Tx, Where};

use super::{Claim, ClaimId, Content};
use crate::{code::CodeId, model::DwellingId, store::Seal};

/// The columns of a [`Claim`] of `claim c`.
pub(super) const CLAIM: &str = "c.id, c.number, c.code_id, c.building_id, c.dwelling_id, c.area, c.address, c.kind, c.conflicts, c.state,
    c.content, c.phone_hash, c.proven, c.base, c.consent, c.people, c.version, c.submitted_at, c.decided_at, c.decided_by, c.reason, c.outcome,
    c.peer, c.external_id";

const TABLE: &str = "claim";

/// Seals what an entry says.
pub(super) fn seal(seal: Seal<'_>, id: ClaimId, content: &Content) -> Result<Vec<u8>> {
    let json = serde_json::to_string(content).map_err(Error::internal)?;
    seal.seal(Purpose::Resident, TABLE, id.0, "content", &json)
}

/// What an entry says; nothing once its time is over.
pub(super) fn open(seal: Seal<'_>, claim: &Claim) -> Result<Option<Content>> {
    let json = seal.open(Purpose::Resident, TABLE, claim.id.0, "content", claim.content.as_deref())?;
    json.map(|json| serde_json::from_str(&json).map_err(Error::internal)).transpose()
}

/// An entry.
pub(super) async fn get(conn: &mut Conn, id: ClaimId) -> Result<Claim> {
    conn.one(&format!("SELECT {CLAIM} FROM claim c WHERE c.id = $1"), params![id]).await
}

/// What locks a `claim c` that is read to be changed, where there are several writers.
pub(super) fn lock(tx: &Tx) -> &'static str {
    tx.dialect("", "FOR UPDATE OF c")
}

/// An entry, locked for a change; its home before it, as who sends a form does, so that the two never wait for each
/// other.
pub(super) async fn load(tx: &mut Tx, id: ClaimId) -> Result<Claim> {
    let home = tx.dialect(
        "",
        "SELECT d.id FROM dwelling d WHERE d.id = (SELECT c.dwelling_id FROM claim c WHERE c.id = $1) FOR UPDATE OF d",
    );
    if !home.is_empty() {
        tx.optional::<(DwellingId,)>(home, params![id]).await?;
    }
    let lock = lock(tx);
    tx.one(&format!("SELECT {CLAIM} FROM claim c WHERE c.id = $1 {lock}"), params![id]).await
}

/// Writes an entry, new or again, and its identity numbers; at the transaction's end, so that nothing waits for it. Of
/// an entry that waits no more nobody needs the numbers.
pub(super) async fn put(tx: &mut Tx, c: &Claim, numbers: &[Vec<u8>]) -> Result<()> {
    tx.defer(
        "INSERT INTO claim (id, number, code_id, building_id, dwelling_id, area, address, kind, conflicts, state, content, phone_hash, proven,
             base, consent, people, version, submitted_at, decided_at, decided_by, reason, outcome, peer, external_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)
         ON CONFLICT (id) DO UPDATE SET dwelling_id = excluded.dwelling_id, kind = excluded.kind, conflicts = excluded.conflicts,
             state = excluded.state, content = excluded.content, phone_hash = excluded.phone_hash, proven = excluded.proven,
             base = excluded.base, consent = excluded.consent, people = excluded.people, version = excluded.version,
             submitted_at = excluded.submitted_at, decided_at = excluded.decided_at, decided_by = excluded.decided_by,
             reason = excluded.reason, outcome = excluded.outcome",
        params![
            c.id, &c.number, c.code_id, c.building_id, c.dwelling_id, &c.area, &c.address, c.kind, &c.against, c.state,
            c.content.clone(), c.phone_hash.clone(), c.proven, &c.base, &c.consent, c.people, c.version, c.submitted_at,
            c.decided_at, &c.decided_by, &c.reason, &c.outcome, &c.peer, &c.external_id
        ],
    )
    .await?;
    if c.version > 1 {
        // Not put off: what waits together would not see that the row is gone.
        tx.execute("DELETE FROM claim_number WHERE claim_id = $1", params![c.id]).await?;
    }
    for hash in numbers {
        tx.defer(
            "INSERT INTO claim_number (claim_id, id_hash) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            params![c.id, hash.clone()],
        )
        .await?;
    }
    Ok(())
}

/// The most entries that one is compared with.
const MET: i64 = 40;

/// The entries that wait for the same home, and those that wait elsewhere with one of these identity numbers, the
/// oldest first.
pub(super) async fn met(
    conn: &mut Conn,
    dwelling: Option<DwellingId>,
    numbers: &[Vec<u8>],
    but: ClaimId,
) -> Result<(Vec<Claim>, Vec<Claim>)> {
    let (mut ways, mut values) = (Vec::new(), Vec::new());
    if let Some(home) = dwelling {
        ways.push("SELECT o.id FROM claim o WHERE o.dwelling_id = ? AND o.state = 'waiting'".to_owned());
        values.push(home.into());
    }
    if !numbers.is_empty() {
        let marks = vec!["?"; numbers.len()].join(", ");
        ways.push(format!("SELECT n.claim_id FROM claim_number n WHERE n.id_hash IN ({marks})"));
        values.extend(numbers.iter().cloned().map(Value::from));
    }
    if ways.is_empty() {
        return Ok(Default::default());
    }
    let mut rows = Where::new();
    rows.and(&format!("c.id IN ({})", ways.join(" UNION ")), values);
    rows.and("c.state = 'waiting' AND c.id <> ?", vec![but.into()]);
    let limit = rows.bind(MET);
    let sql =
        format!("SELECT {CLAIM} FROM claim c{} ORDER BY c.submitted_at, c.id LIMIT {limit}", rows.text());
    let all: Vec<Claim> = conn.all(&sql, rows.args()).await?;
    Ok(all.into_iter().partition(|other| dwelling.is_some() && other.dwelling_id == dwelling))
}

/// The identity numbers of an entry that waits.
pub(super) async fn numbers(conn: &mut Conn, id: ClaimId) -> Result<Vec<Vec<u8>>> {
    let found: Vec<(Vec<u8>,)> =
        conn.all("SELECT id_hash FROM claim_number WHERE claim_id = $1", params![id]).await?;
    Ok(found.into_iter().map(|(hash,)| hash).collect())
}

/// Sets what stands against an entry.
pub(super) async fn save_conflicts(tx: &mut Tx, id: ClaimId, against: &str) -> Result<()> {
    tx.execute("UPDATE claim SET conflicts = $2 WHERE id = $1", params![id, against]).await?;
    Ok(())
}

/// How many entries came through a code since then.
pub(super) async fn through(conn: &mut Conn, code: CodeId, since: Timestamp) -> Result<i64> {
    conn.scalar("SELECT count(*) FROM claim WHERE code_id = $1 AND submitted_at > $2", params![code, since])
        .await
}
