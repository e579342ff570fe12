//! Places that were registered wrongly: named anew, closed, opened again.

use linli_kernel::{Result, Timestamp, params};
use linli_store::{Conn, Tx};

use super::{
    places::{BUILDING, Building, DWELLING, Dwelling},
    words::Words,
};
use crate::{
    model::{BuildingId, DwellingId, UnitId},
    rules,
};

fn house_key(house: &Building) -> String {
    rules::address_key(&house.area, &format!("{}{}", house.place, house.name))
}

/// Writes another name of a house.
pub async fn rename_building(tx: &mut Tx, house: &Building, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE building SET place = $2, name = $3, address_key = $4, updated_at = $5 WHERE id = $1",
        params![house.id, &house.place, &house.name, house_key(house), now],
    )
    .await?;
    Ok(())
}

/// The staircases of a house.
pub async fn units_of(conn: &mut Conn, id: BuildingId) -> Result<Vec<(UnitId, String)>> {
    conn.all("SELECT id, name FROM building_unit WHERE building_id = $1 ORDER BY name, id", params![id]).await
}

/// The open doors of a house, each with the name of its staircase.
pub async fn doors_of(conn: &mut Conn, id: BuildingId) -> Result<Vec<(Dwelling, Option<String>)>> {
    let units = units_of(conn, id).await?;
    let sql = format!(
        "SELECT {DWELLING} FROM dwelling d WHERE d.building_id = $1 AND d.closed_at IS NULL ORDER BY d.n"
    );
    let doors: Vec<Dwelling> = conn.all(&sql, params![id]).await?;
    let named = |door: Dwelling| {
        let unit = units.iter().find(|(unit, _)| Some(*unit) == door.unit_id).map(|(_, name)| name.clone());
        (door, unit)
    };
    Ok(doors.into_iter().map(named).collect())
}

/// Why and when a door was closed, and its place in the house: for its page.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct DoorState {
    /// 单元
    pub unit: Option<String>,
    /// 户
    pub door: String,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// Why.
    pub closed_why: Option<String>,
}

/// See [`DoorState`].
pub async fn door_state(conn: &mut Conn, id: DwellingId) -> Result<DoorState> {
    conn.one(
        "SELECT u.name AS unit, d.door, d.closed_at, d.closed_why FROM dwelling d LEFT JOIN building_unit u ON u.id = d.unit_id
         WHERE d.id = $1",
        params![id],
    )
    .await
}

/// Why a house was closed, if it was.
pub async fn house_closed(conn: &mut Conn, id: BuildingId) -> Result<Option<String>> {
    let why: Option<(String,)> = conn
        .optional(
            "SELECT coalesce(closed_why, '') FROM building WHERE id = $1 AND closed_at IS NOT NULL",
            params![id],
        )
        .await?;
    Ok(why.map(|(why,)| why))
}

/// Closes a door; its address is free.
pub async fn close_dwelling(tx: &mut Tx, door: &Dwelling, why: &str, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE dwelling SET closed_at = $2, closed_why = $3, address_key = $4, version = version + 1, updated_at = $2 WHERE id = $1",
        params![door.id, now, why, format!("closed {}", door.id)],
    )
    .await?;
    Words::Dwellings.remove(tx, door.n).await
}

/// A closed door, locked for a change.
pub async fn closed_dwelling(tx: &mut Tx, id: DwellingId) -> Result<Dwelling> {
    let lock = tx.dialect("", "FOR UPDATE OF d");
    let sql = format!("SELECT {DWELLING} FROM dwelling d WHERE d.id = $1 AND d.closed_at IS NOT NULL {lock}");
    tx.one(&sql, params![id]).await
}

/// Opens a door again, if its address is still free.
pub async fn reopen_dwelling(tx: &mut Tx, door: &Dwelling, now: Timestamp) -> Result<()> {
    let key = rules::address_key(&door.area, &door.address);
    tx.execute(
        "UPDATE dwelling SET closed_at = NULL, closed_why = NULL, address_key = $2, version = version + 1, updated_at = $3 WHERE id = $1",
        params![door.id, key, now],
    )
    .await?;
    Words::Dwellings.replace(tx, door.n, rules::address_words(&door.address, &door.area)).await
}

/// Closes a house; its address is free.
pub async fn close_building(tx: &mut Tx, house: &Building, why: &str, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE building SET closed_at = $2, closed_why = $3, address_key = $4, updated_at = $2 WHERE id = $1",
        params![house.id, now, why, format!("closed {}", house.id)],
    )
    .await?;
    Ok(())
}

/// A closed house, locked for a change.
pub async fn closed_building(tx: &mut Tx, id: BuildingId) -> Result<Building> {
    let lock = tx.dialect("", "FOR UPDATE OF b");
    let sql = format!("SELECT {BUILDING} FROM building b WHERE b.id = $1 AND b.closed_at IS NOT NULL {lock}");
    tx.one(&sql, params![id]).await
}

/// Opens a house again, if its address is still free.
pub async fn reopen_building(tx: &mut Tx, house: &Building, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE building SET closed_at = NULL, closed_why = NULL, address_key = $2, updated_at = $3 WHERE id = $1",
        params![house.id, house_key(house), now],
    )
    .await?;
    Ok(())
}
