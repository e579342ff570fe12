//! Codes as they are kept.

use linli_kernel::{AreaCode, Result, Timestamp, params};
use linli_store::{Conn, Tx, bulk::Insert};
use serde::Serialize;
use uuid::Uuid;

use super::{CodeId, CodeKind, Label};
use crate::model::{BuildingId, DwellingId, UnitId};

/// A code as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Code {
    /// The number that the label holds.
    pub n: i64,
    /// Which one.
    pub id: CodeId,
    /// What it is for.
    pub kind: CodeKind,
    /// The home, staircase or house.
    pub thing: Uuid,
    /// The house.
    pub building_id: BuildingId,
    /// Its grid.
    pub area: AreaCode,
    /// When it stopped to count.
    pub revoked_at: Option<Timestamp>,
}

impl Code {
    /// The home, of a code at one door.
    pub fn dwelling(&self) -> Option<DwellingId> {
        (self.kind == CodeKind::Dwelling).then_some(DwellingId(self.thing))
    }

    /// The staircase, of a code at one.
    pub fn unit(&self) -> Option<UnitId> {
        (self.kind == CodeKind::Unit).then_some(UnitId(self.thing))
    }
}

const CODE: &str = "c.n, c.id, c.kind, c.thing, c.building_id, c.area, c.revoked_at";

/// The code of a label.
pub async fn by_label(conn: &mut Conn, label: Label) -> Result<Option<Code>> {
    conn.optional(&format!("SELECT {CODE} FROM door_code c WHERE c.n = $1"), params![label.0]).await
}

/// A code, locked for a change.
pub(super) async fn load(tx: &mut Tx, id: CodeId) -> Result<Code> {
    let lock = tx.dialect("", "FOR UPDATE OF c");
    tx.one(&format!("SELECT {CODE} FROM door_code c WHERE c.id = $1 {lock}"), params![id]).await
}

/// The live code of a thing.
pub(super) async fn live(conn: &mut Conn, thing: Uuid) -> Result<Option<Code>> {
    let sql = format!("SELECT {CODE} FROM door_code c WHERE c.thing = $1 AND c.revoked_at IS NULL");
    conn.optional(&sql, params![thing]).await
}

/// A code to be written.
#[derive(Debug, Clone)]
pub(super) struct NewCode {
    pub(super) id: CodeId,
    pub(super) kind: CodeKind,
    pub(super) thing: Uuid,
    pub(super) building: BuildingId,
    pub(super) area: AreaCode,
}

/// Writes codes; of things that have a live one already, nothing. Answers how many are new.
pub(super) async fn add(tx: &mut Tx, rows: &[NewCode], by: &str, now: Timestamp) -> Result<usize> {
    let insert = Insert {
        head: "INSERT INTO door_code (id, kind, thing, building_id, area, issued_by, issued_at)",
        row: "(?, ?, ?, ?, ?, ?, ?)",
        tail: "ON CONFLICT (thing) WHERE revoked_at IS NULL DO NOTHING RETURNING n",
    };
    let values = rows.iter().map(|c| params![c.id, c.kind, c.thing, c.building, &c.area, by, now]);
    let made: Vec<(i64,)> = tx.insert_returning(insert, values.collect()).await?;
    Ok(made.len())
}

/// Ends a code.
pub(super) async fn end(tx: &mut Tx, id: CodeId, by: &str, reason: &str, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE door_code SET revoked_at = $2, revoked_by = $3, reason = $4 WHERE id = $1 AND revoked_at IS NULL",
        params![id, now, by, reason],
    )
    .await?;
    Ok(())
}

/// Everything in a house that can have a code: the house, its staircases, its doors, each with its live code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct CodeState {
    /// What it is.
    pub kind: CodeKind,
    /// Which one.
    pub thing: Uuid,
    /// 单元
    pub unit: Option<String>,
    /// 楼层
    pub floor: Option<i64>,
    /// 户
    pub door: Option<String>,
    /// The number of the live code.
    pub n: Option<i64>,
    /// The live code.
    pub id: Option<CodeId>,
    /// Who made it.
    pub issued_by: Option<String>,
    /// When.
    pub issued_at: Option<Timestamp>,
    /// How many came before it.
    pub earlier: i64,
}

/// The things of a house in the order in which one walks through it.
pub async fn of_building(conn: &mut Conn, building: BuildingId) -> Result<Vec<CodeState>> {
    conn.all(
        "SELECT t.kind, t.thing, t.unit, t.floor, t.door, c.n, c.id, c.issued_by, c.issued_at,
                (SELECT count(*) FROM door_code x WHERE x.thing = t.thing AND x.revoked_at IS NOT NULL) AS earlier
         FROM (SELECT 'building' AS kind, 0 AS rank, b.id AS thing, CAST(NULL AS TEXT) AS unit, CAST(NULL AS BIGINT) AS floor,
                      CAST(NULL AS TEXT) AS door FROM building b WHERE b.id = $1
               UNION ALL SELECT 'unit', 1, u.id, u.name, NULL, NULL FROM building_unit u WHERE u.building_id = $1
               UNION ALL SELECT 'dwelling', 2, d.id, u.name, d.floor, d.door
                 FROM dwelling d LEFT JOIN building_unit u ON u.id = d.unit_id
                WHERE d.building_id = $1 AND d.closed_at IS NULL) t
         LEFT JOIN door_code c ON c.thing = t.thing AND c.revoked_at IS NULL
         ORDER BY t.rank, coalesce(t.unit, ''), coalesce(t.floor, 0), coalesce(t.door, '')",
        params![building],
    )
    .await
}
