//! Cases on a map.

use linli_access::Scope;
use linli_kernel::{Result, Timestamp};
use linli_store::Conn;
use serde_json::{Value, json};

use super::filter::Filter;
use crate::model::{CaseId, CaseState, WhistleLevel};

/// The most points of one map.
const MOST: i64 = 5000;

type Point = (CaseId, String, String, f64, f64, CaseState, WhistleLevel, bool, Option<Timestamp>);

/// The newest cases with a place, as a GeoJSON feature collection in WGS-84.
pub async fn points(conn: &mut Conn, scope: &Scope, filter: &Filter) -> Result<Value> {
    let mut rows = filter.conditions(conn, scope);
    rows.and("c.lat IS NOT NULL AND c.lng IS NOT NULL", vec![]);
    let limit = rows.bind(MOST);
    let sql = format!(
        "SELECT c.id, c.number, c.title, c.lat, c.lng, c.state, c.whistle, c.urgent, c.next_due FROM case_file c{}
         ORDER BY c.reported_at DESC, c.id DESC LIMIT {limit}",
        rows.text()
    );
    let found: Vec<Point> = conn.all(&sql, rows.args()).await?;
    let features: Vec<Value> = found
        .into_iter()
        .map(|(id, number, title, lat, lng, state, whistle, urgent, due)| {
            json!({
                "type": "Feature",
                "geometry": { "type": "Point", "coordinates": [lng, lat] },
                "properties": {
                    "id": id, "number": number, "title": title, "state": state, "whistle": whistle,
                    "urgent": urgent, "next_due": due,
                },
            })
        })
        .collect();
    Ok(json!({ "type": "FeatureCollection", "features": features }))
}
