//! From the map into a house: houses of an area, doors of a house.

use linli_access::Scope;
use linli_kernel::{AreaCode, Error, Result, Timestamp, params};
use linli_store::{Conn, Where};
use serde::Serialize;

use crate::{
    model::{BuildingId, BuildingKind, DwellingId, Usage},
    rules::fresh_since,
    store::places::{BUILDING, Building},
};

/// A house in a list and on the map.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct BuildingRow {
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
    /// Registered homes.
    pub homes: i64,
    /// Of them fresh.
    pub fresh: i64,
}

/// The houses of an area, in the order of their names, at most `limit`.
pub async fn buildings(
    conn: &mut Conn,
    scope: &Scope,
    area: &AreaCode,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<BuildingRow>> {
    let mut rows = Where::new();
    scope.filter(&mut rows, "b.area", "");
    rows.within("b.area", std::slice::from_ref(area));
    rows.and("b.closed_at IS NULL", vec![]);
    let since = rows.bind(fresh_since(now));
    let limit = rows.bind(limit);
    let sql = format!(
        "SELECT b.id, b.area, b.kind, b.place, b.name, b.lat, b.lng,
                (SELECT count(*) FROM dwelling d WHERE d.building_id = b.id AND d.closed_at IS NULL) AS homes,
                (SELECT count(*) FROM dwelling d WHERE d.building_id = b.id AND d.closed_at IS NULL AND d.confirmed_at >= {since}) AS fresh
         FROM building b{} ORDER BY b.area, b.n LIMIT {limit}",
        rows.text()
    );
    conn.all(&sql, rows.args()).await
}

/// A door of a house.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Door {
    /// Which one.
    pub id: DwellingId,
    /// 单元
    pub unit: Option<String>,
    /// 楼层
    pub floor: Option<i64>,
    /// 户
    pub door: String,
    /// How it is used.
    pub usage: Usage,
    /// When it was last confirmed.
    pub confirmed_at: Option<Timestamp>,
    /// How many live there.
    pub residents: i64,
    /// How many of them have a mark of care that counts.
    pub care: i64,
}

/// A house and its doors: two queries.
pub async fn doors(
    conn: &mut Conn,
    scope: &Scope,
    id: BuildingId,
    now: Timestamp,
) -> Result<(Building, Vec<Door>)> {
    let building: Building =
        conn.one(&format!("SELECT {BUILDING} FROM building b WHERE b.id = $1"), params![id]).await?;
    if !scope.covers(&building.area, &[]) {
        return Err(Error::NotFound);
    }
    let doors = conn
        .all(
            "SELECT d.id, u.name AS unit, d.floor, d.door, d.usage, d.confirmed_at,
                    (SELECT count(*) FROM resident r WHERE r.dwelling_id = d.id) AS residents,
                    (SELECT count(DISTINCT r.id) FROM resident r JOIN care_mark c ON c.resident_id = r.id AND c.ended_at IS NULL AND c.expires_at > $2
                      WHERE r.dwelling_id = d.id) AS care
             FROM dwelling d LEFT JOIN building_unit u ON u.id = d.unit_id
             WHERE d.building_id = $1 AND d.closed_at IS NULL
             ORDER BY u.name, d.floor DESC, d.door",
            params![id, now],
        )
        .await?;
    Ok((building, doors))
}
