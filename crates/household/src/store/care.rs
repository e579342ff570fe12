//! Marks of care.

use linli_kernel::{AreaCode, Result, Timestamp, params};
use linli_store::{Conn, Tx, bulk::Insert};

use crate::model::{Basis, CareKind, CareMarkId, DwellingId, ResidentId, Source};

/// A mark as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct CareMark {
    /// Which one.
    pub id: CareMarkId,
    /// Whose.
    pub resident_id: ResidentId,
    /// Their grid.
    pub area: AreaCode,
    /// What care.
    pub kind: CareKind,
    /// Why it may be kept.
    pub basis: Basis,
    /// The version of the consent, or the rule.
    pub basis_note: String,
    /// Who said it.
    pub source: Source,
    /// Who wrote it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// Until when it counts.
    pub expires_at: Timestamp,
    /// Ended before.
    pub ended_at: Option<Timestamp>,
    /// Why.
    pub end_reason: Option<String>,
}

const CARE: &str = "c.id, c.resident_id, c.area, c.kind, c.basis, c.basis_note, c.source, c.created_by, c.created_at, c.expires_at, c.ended_at, c.end_reason";

/// Writes a mark, in place of one of its kind.
pub async fn put(tx: &mut Tx, mark: &CareMark) -> Result<()> {
    end(tx, mark.resident_id, mark.kind, mark.created_at, "renewed").await?;
    add_many(tx, std::slice::from_ref(mark)).await
}

/// Writes marks of people who have none of their kinds.
pub async fn add_many(tx: &mut Tx, marks: &[CareMark]) -> Result<()> {
    let insert = Insert {
        head: "INSERT INTO care_mark (id, resident_id, area, kind, basis, basis_note, source, created_by, created_at, expires_at)",
        row: "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        tail: "",
    };
    let values = marks.iter().map(|m| {
        params![
            m.id,
            m.resident_id,
            &m.area,
            m.kind,
            m.basis,
            &m.basis_note,
            m.source,
            &m.created_by,
            m.created_at,
            m.expires_at
        ]
    });
    tx.insert(insert, values.collect()).await?;
    Ok(())
}

/// Ends the mark of this kind; answers whether there was one.
pub async fn end(
    tx: &mut Tx,
    resident: ResidentId,
    kind: CareKind,
    now: Timestamp,
    reason: &str,
) -> Result<bool> {
    let ended = tx
        .execute(
            "UPDATE care_mark SET ended_at = $3, end_reason = $4 WHERE resident_id = $1 AND kind = $2 AND ended_at IS NULL",
            params![resident, kind, now, reason],
        )
        .await?;
    Ok(ended > 0)
}

/// Ends all marks of somebody (they have left).
pub async fn end_all(tx: &mut Tx, resident: ResidentId, now: Timestamp, reason: &str) -> Result<u64> {
    tx.execute(
        "UPDATE care_mark SET ended_at = $2, end_reason = $3 WHERE resident_id = $1 AND ended_at IS NULL",
        params![resident, now, reason],
    )
    .await
}

/// The marks that count at `now`, of everybody in a home.
pub async fn of_dwelling(conn: &mut Conn, dwelling: DwellingId, now: Timestamp) -> Result<Vec<CareMark>> {
    let sql = format!(
        "SELECT {CARE} FROM care_mark c WHERE c.ended_at IS NULL AND c.expires_at > $2
            AND c.resident_id IN (SELECT r.id FROM resident r WHERE r.dwelling_id = $1)
         ORDER BY c.kind"
    );
    conn.all(&sql, params![dwelling, now]).await
}

/// The marks of one person that count at `now`.
pub async fn of_resident(conn: &mut Conn, resident: ResidentId, now: Timestamp) -> Result<Vec<CareMark>> {
    let sql = format!(
        "SELECT {CARE} FROM care_mark c WHERE c.resident_id = $1 AND c.ended_at IS NULL AND c.expires_at > $2 ORDER BY c.kind"
    );
    conn.all(&sql, params![resident, now]).await
}

/// The marks of some people (see [`super::places::id_list`]) that count at `now`.
pub async fn of_many(conn: &mut Conn, ids: &str, now: Timestamp) -> Result<Vec<CareMark>> {
    let list = super::places::id_list(conn, "$1");
    let sql = format!(
        "SELECT {CARE} FROM care_mark c WHERE c.resident_id IN {list} AND c.ended_at IS NULL AND c.expires_at > $2
         ORDER BY c.resident_id, c.kind"
    );
    conn.all(&sql, params![ids, now]).await
}
