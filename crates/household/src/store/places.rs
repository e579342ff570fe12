//! Houses, staircases, homes, households.

use linli_kernel::{AreaCode, Error, Result, Timestamp, params};
use linli_store::{Conn, Tx, bulk::Insert};
use uuid::Uuid;

use super::words::Words;
use crate::{
    model::{
        BatchId, BuildingId, BuildingKind, DwellingId, HouseholdId, HouseholdKind, Marks, NewBuilding,
        ResidentId, UnitId, Usage,
    },
    rules,
};

/// A house as it is kept.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Building {
    /// In the order of registration.
    pub n: i64,
    /// Which one.
    pub id: BuildingId,
    /// Its grid.
    pub area: AreaCode,
    /// What it is.
    pub kind: BuildingKind,
    /// 小区 or 街路巷.
    pub place: String,
    /// 楼栋
    pub name: String,
    /// WGS-84
    pub lat: Option<f64>,
    /// WGS-84
    pub lng: Option<f64>,
    /// Storeys.
    pub floors: Option<i64>,
}

/// The columns of a [`Building`] of `building b`.
pub const BUILDING: &str = "b.n, b.id, b.area, b.kind, b.place, b.name, b.lat, b.lng, b.floors";

/// A home as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Dwelling {
    /// In the order of registration.
    pub n: i64,
    /// Which one.
    pub id: DwellingId,
    /// Its house.
    pub building_id: BuildingId,
    /// Its staircase.
    pub unit_id: Option<UnitId>,
    /// Its grid.
    pub area: AreaCode,
    /// 楼层
    pub floor: Option<i64>,
    /// 户
    pub door: String,
    /// The whole address.
    pub address: String,
    /// How it is used.
    pub usage: Usage,
    /// When somebody last said that all of it is so.
    pub confirmed_at: Option<Timestamp>,
    /// Sources, as [`Marks`] writes them.
    pub marks: String,
    /// Grows with every change.
    pub version: i64,
}

/// The columns of a [`Dwelling`] of `dwelling d`.
pub const DWELLING: &str = "d.n, d.id, d.building_id, d.unit_id, d.area, d.floor, d.door, d.address, d.usage, d.confirmed_at, d.marks, d.version";

/// Who live together.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Household {
    /// Which one.
    pub id: HouseholdId,
    /// Where they live.
    pub dwelling_id: DwellingId,
    /// Its grid.
    pub area: AreaCode,
    /// What holds them together.
    pub kind: HouseholdKind,
    /// 户主
    pub head: Option<ResidentId>,
    /// Since when.
    pub since: Timestamp,
    /// Until when.
    pub ended_at: Option<Timestamp>,
    /// Grows with every change.
    pub version: i64,
}

/// The columns of a [`Household`] of `household h`.
pub const HOUSEHOLD: &str = "h.id, h.dwelling_id, h.area, h.kind, h.head, h.since, h.ended_at, h.version";

/// The address key of a house.
pub fn building_key(new: &NewBuilding) -> String {
    rules::address_key(&new.area, &format!("{}{}", new.place, new.name))
}

/// Registers houses under ids of the caller's.
pub async fn add_buildings(
    tx: &mut Tx,
    rows: &[(BuildingId, NewBuilding)],
    batch: Option<BatchId>,
    now: Timestamp,
) -> Result<()> {
    let insert = Insert {
        head: "INSERT INTO building (id, area, kind, place, name, address_key, lat, lng, floors, batch, created_at, updated_at)",
        row: "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        tail: "",
    };
    let values = rows.iter().map(|(id, b)| {
        let (lat, lng) = (b.point.map(|p| p.0), b.point.map(|p| p.1));
        params![*id, &b.area, b.kind, &b.place, &b.name, building_key(b), lat, lng, b.floors, batch, now, now]
    });
    tx.insert(insert, values.collect()).await?;
    Ok(())
}

/// Registers staircases.
pub async fn add_units(
    tx: &mut Tx,
    rows: &[(UnitId, BuildingId, String)],
    batch: Option<BatchId>,
) -> Result<()> {
    let insert = Insert {
        head: "INSERT INTO building_unit (id, building_id, name, batch)",
        row: "(?, ?, ?, ?)",
        tail: "",
    };
    tx.insert(insert, rows.iter().map(|(id, b, name)| params![*id, *b, name, batch]).collect()).await?;
    Ok(())
}

/// A home to be written.
#[derive(Debug, Clone)]
pub struct DwellingRow {
    /// Its id.
    pub id: DwellingId,
    /// Its house.
    pub building: BuildingId,
    /// Its staircase.
    pub unit: Option<UnitId>,
    /// Its grid.
    pub area: AreaCode,
    /// 楼层
    pub floor: Option<i64>,
    /// 户
    pub door: String,
    /// The whole address.
    pub address: String,
    /// How it is used.
    pub usage: Usage,
    /// When all of it was last confirmed.
    pub confirmed_at: Option<Timestamp>,
    /// Sources.
    pub marks: Marks,
}

/// Registers homes and the words by which they are found.
pub async fn add_dwellings(
    tx: &mut Tx,
    rows: &[DwellingRow],
    batch: Option<BatchId>,
    now: Timestamp,
) -> Result<()> {
    let insert = Insert {
        head: "INSERT INTO dwelling (id, building_id, unit_id, area, floor, door, address, address_key, usage, confirmed_at, marks, version, batch, created_at, updated_at)",
        row: "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?)",
        tail: "RETURNING id, n",
    };
    let mut values = Vec::with_capacity(rows.len());
    for d in rows {
        let key = rules::address_key(&d.area, &d.address);
        values.push(params![
            d.id,
            d.building,
            d.unit,
            &d.area,
            d.floor,
            &d.door,
            &d.address,
            key,
            d.usage,
            d.confirmed_at,
            d.marks.json()?,
            batch,
            now,
            now
        ]);
    }
    let numbers: Vec<(DwellingId, i64)> = tx.insert_returning(insert, values).await?;
    let by_id: std::collections::HashMap<DwellingId, &DwellingRow> = rows.iter().map(|d| (d.id, d)).collect();
    let words = numbers
        .into_iter()
        .filter_map(|(id, n)| by_id.get(&id).map(|d| (n, rules::address_words(&d.address, &d.area))));
    Words::Dwellings.add(tx, words.collect()).await
}

/// A house that is not closed.
pub async fn building(conn: &mut Conn, id: BuildingId) -> Result<Building> {
    let sql = format!("SELECT {BUILDING} FROM building b WHERE b.id = $1 AND b.closed_at IS NULL");
    conn.one(&sql, params![id]).await
}

/// A house that is not closed, locked for a change of it or of which doors it has. Whoever changes a door too locks its
/// house before it, see [`hold_house_of`].
pub async fn house(tx: &mut Tx, id: BuildingId) -> Result<Building> {
    let lock = tx.dialect("", "FOR UPDATE OF b");
    let sql = format!("SELECT {BUILDING} FROM building b WHERE b.id = $1 AND b.closed_at IS NULL {lock}");
    tx.one(&sql, params![id]).await
}

/// Locks the house of a door, closed or not, before the door itself is locked.
pub async fn hold_house_of(tx: &mut Tx, id: DwellingId) -> Result<()> {
    let lock = tx.dialect(
        "",
        "SELECT b.id FROM building b WHERE b.id = (SELECT d.building_id FROM dwelling d WHERE d.id = $1) FOR UPDATE OF b",
    );
    if lock.is_empty() {
        return Ok(());
    }
    tx.optional::<(BuildingId,)>(lock, params![id]).await.map(|_| ())
}

/// The staircase of this name, however it was written once; made if it is new. `name` is in its usual form.
pub async fn unit(tx: &mut Tx, id: UnitId, building: BuildingId, name: &str) -> Result<UnitId> {
    let sql = "SELECT id, name FROM building_unit WHERE building_id = $1 ORDER BY name, id";
    let known: Vec<(UnitId, String)> = tx.all(sql, params![building]).await?;
    if let Some((id, _)) = known.iter().find(|(_, known)| known == name) {
        return Ok(*id);
    }
    if let Some((id, _)) = known.iter().find(|(_, known)| rules::unit_form(known).as_deref() == Some(name)) {
        tx.execute("UPDATE building_unit SET name = $2 WHERE id = $1", params![*id, name]).await?;
        return Ok(*id);
    }
    tx.execute(
        "INSERT INTO building_unit (id, building_id, name) VALUES ($1, $2, $3) ON CONFLICT (building_id, name) DO NOTHING",
        params![id, building, name],
    )
    .await?;
    tx.scalar("SELECT id FROM building_unit WHERE building_id = $1 AND name = $2", params![building, name])
        .await
}

/// A home that is not closed; within a transaction locked for a change.
pub async fn dwelling(conn: &mut Conn, id: DwellingId) -> Result<Dwelling> {
    let lock = if conn.is_within() { conn.dialect("", "FOR UPDATE OF d") } else { "" };
    let sql = format!("SELECT {DWELLING} FROM dwelling d WHERE d.id = $1 AND d.closed_at IS NULL {lock}");
    conn.one(&sql, params![id]).await
}

/// The home at an address, if it is registered.
pub async fn dwelling_at(conn: &mut Conn, area: &AreaCode, address: &str) -> Result<Option<DwellingId>> {
    let key = rules::address_key(area, address);
    let found: Option<(DwellingId,)> =
        conn.optional("SELECT id FROM dwelling WHERE address_key = $1", params![key]).await?;
    Ok(found.map(|(id,)| id))
}

/// The homes at any of these address keys that are not closed.
pub async fn dwellings_at(conn: &mut Conn, keys: &[String]) -> Result<Vec<DwellingId>> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows = linli_store::Where::new();
    rows.any("address_key", keys);
    let sql = format!("SELECT id FROM dwelling{} AND closed_at IS NULL", rows.text());
    let found: Vec<(DwellingId,)> = conn.all(&sql, rows.args()).await?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}

/// The names of all houses: place, house and grid.
pub async fn named(conn: &mut Conn) -> Result<Vec<(String, String, AreaCode)>> {
    conn.all("SELECT place, name, area FROM building WHERE closed_at IS NULL", vec![]).await
}

/// Where some homes are: grid and address by id; unknown ids are left out.
pub async fn whereabouts(conn: &mut Conn, ids: &[DwellingId]) -> Result<Vec<(DwellingId, AreaCode, String)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows = linli_store::Where::new();
    rows.any("id", ids);
    conn.all(&format!("SELECT id, area, address FROM dwelling{}", rows.text()), rows.args()).await
}

/// Writes what was said of a home. Its address and place in the house change by [`move_dwelling`] only.
pub async fn save_dwelling(tx: &mut Tx, d: &Dwelling, marks: &Marks, now: Timestamp) -> Result<i64> {
    let version: i64 = tx
        .scalar(
            "UPDATE dwelling SET usage = $3, confirmed_at = $4, marks = $5, version = version + 1, updated_at = $6
             WHERE id = $1 AND version = $2 RETURNING version",
            params![d.id, d.version, d.usage, d.confirmed_at, marks.json()?, now],
        )
        .await?;
    Ok(version)
}

/// Writes another address of a home (a slip was corrected), and its words anew.
pub async fn move_dwelling(tx: &mut Tx, d: &Dwelling, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE dwelling SET unit_id = $2, floor = $3, door = $4, address = $5, address_key = $6, version = version + 1, updated_at = $7
         WHERE id = $1",
        params![d.id, d.unit_id, d.floor, &d.door, &d.address, rules::address_key(&d.area, &d.address), now],
    )
    .await?;
    Words::Dwellings.replace(tx, d.n, rules::address_words(&d.address, &d.area)).await
}

/// A household to be written.
#[derive(Debug, Clone)]
pub struct HouseholdRow {
    /// Its id.
    pub id: HouseholdId,
    /// Where they live.
    pub dwelling: DwellingId,
    /// Its grid.
    pub area: AreaCode,
    /// What holds them together.
    pub kind: HouseholdKind,
    /// 户主
    pub head: Option<ResidentId>,
    /// Since when.
    pub since: Timestamp,
}

/// Registers households.
pub async fn add_households(
    tx: &mut Tx,
    rows: &[HouseholdRow],
    batch: Option<BatchId>,
    now: Timestamp,
) -> Result<()> {
    let insert = Insert {
        head: "INSERT INTO household (id, dwelling_id, area, kind, head, since, version, batch, updated_at)",
        row: "(?, ?, ?, ?, ?, ?, 1, ?, ?)",
        tail: "",
    };
    let values = rows.iter().map(|h| params![h.id, h.dwelling, &h.area, h.kind, h.head, h.since, batch, now]);
    tx.insert(insert, values.collect()).await?;
    Ok(())
}

/// A household, locked for a change.
pub async fn household(tx: &mut Tx, id: HouseholdId) -> Result<Household> {
    let lock = tx.dialect("", "FOR UPDATE OF h");
    tx.one(&format!("SELECT {HOUSEHOLD} FROM household h WHERE h.id = $1 {lock}"), params![id]).await
}

/// The households that live in a home now, the oldest first.
pub async fn households(conn: &mut Conn, dwelling: DwellingId) -> Result<Vec<Household>> {
    let sql = format!(
        "SELECT {HOUSEHOLD} FROM household h WHERE h.dwelling_id = $1 AND h.ended_at IS NULL ORDER BY h.since, h.id"
    );
    conn.all(&sql, params![dwelling]).await
}

/// Changes kind or head of a household.
pub async fn save_household(tx: &mut Tx, h: &Household, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE household SET kind = $2, head = $3, ended_at = $4, version = version + 1, updated_at = $5 WHERE id = $1",
        params![h.id, h.kind, h.head, h.ended_at, now],
    )
    .await?;
    Ok(())
}

/// Ends the household if nobody is left in it, and takes who has gone off its head. Answers whether it ended.
pub async fn settle_household(
    tx: &mut Tx,
    id: HouseholdId,
    gone: ResidentId,
    now: Timestamp,
) -> Result<bool> {
    let left: i64 = tx.scalar("SELECT count(*) FROM resident WHERE household_id = $1", params![id]).await?;
    let mut household = household(tx, id).await?;
    if household.head == Some(gone) {
        household.head = None;
    }
    household.ended_at = (left == 0).then_some(now);
    save_household(tx, &household, now).await?;
    Ok(left == 0)
}

/// Refuses an edit whose base is not what is known now.
pub fn same_version(known: i64, expected: Option<i64>) -> Result<()> {
    match expected {
        Some(version) if version != known => Err(Error::Conflict("household-changed-meanwhile")),
        _ => Ok(()),
    }
}

/// The ids of things in JSON, for `IN` lists of any length: one parameter on both engines.
pub fn id_list(conn: &Conn, mark: &str) -> String {
    let sqlite = format!("(SELECT unhex(value) FROM json_each({mark}))");
    let postgres = format!("(SELECT value::uuid FROM json_array_elements_text({mark}::json) AS value)");
    conn.dialect(&sqlite, &postgres).to_owned()
}

/// The parameter for [`id_list`].
pub fn ids(list: impl IntoIterator<Item = Uuid>) -> String {
    let simple: Vec<String> = list.into_iter().map(|id| format!("\"{}\"", id.simple())).collect();
    format!("[{}]", simple.join(","))
}
