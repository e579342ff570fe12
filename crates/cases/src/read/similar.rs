//! Likely duplicates (疑似重复件): near in place and time, alike in words.

use std::collections::HashSet;

use linli_access::Scope;
use linli_grid::AtlasPort;
use linli_kernel::{AreaCode, Result, Timestamp, actor::OrgId, area::AreaLevel, params, text};
use linli_store::{Conn, District, Where};
use serde::Serialize;

use super::detail::visible;
use crate::{
    model::{CaseId, CaseState},
    store::ORG_CONDITION,
};

/// A port: how alike two texts are. Without one the shared bigrams count.
pub struct LikenessPort(pub Box<Likeness>);

/// Compares two texts.
pub type Likeness = dyn Fn(&str, &str) -> Alike + Send + Sync;

/// How alike two texts are.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Alike {
    /// From 0 to 1.
    pub share: f64,
    /// Words that stand in both, the most telling first.
    pub words: Vec<String>,
}

/// A port: an index that knows the likely repeats of a case among all, whoever may see them. Nothing
/// while it is not ready; then the neighbourhood is read instead.
pub struct RepeatsPort(pub Box<Repeats>);

/// The cases to compare with, likeliest first.
pub type Repeats = dyn Fn(&Wanted<'_>) -> Option<Vec<CaseId>> + Send + Sync;

/// A case whose repeats are wanted.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The case.
    pub id: CaseId,
    /// Subject line, text and address.
    pub said: &'a str,
    /// Where.
    pub area: &'a AreaCode,
    /// Latitude and longitude.
    pub point: Option<(f64, f64)>,
    /// When it was told.
    pub at: Timestamp,
}

/// A case that may be about the same thing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Similar {
    /// The case.
    pub id: CaseId,
    /// Its number.
    pub number: String,
    /// One line.
    pub title: String,
    /// Where it stands.
    pub state: CaseState,
    /// Who leads.
    pub lead: OrgId,
    /// Where.
    pub area: AreaCode,
    /// When it was told.
    pub reported_at: Timestamp,
    /// How far away in metres, if both have a place.
    pub metres: Option<f64>,
    /// Whether it is the very same grid.
    pub same_grid: bool,
    /// Whole days between the two.
    pub days: u32,
    /// Words that stand in both.
    pub words: Vec<String>,
    /// How alike, in per cent.
    pub score: u32,
}

const DAYS: std::time::Duration = std::time::Duration::from_hours(14 * 24);
const DAY: u64 = 24 * 60 * 60 * 1000;
const CANDIDATES: i64 = 300;
const MOST: usize = 5;
/// From here on two texts are worth a look side by side.
const ALIKE: f64 = 0.18;

#[derive(sqlx::FromRow)]
struct Candidate {
    id: CaseId,
    number: String,
    title: String,
    body: String,
    state: CaseState,
    lead: OrgId,
    area: AreaCode,
    lat: Option<f64>,
    lng: Option<f64>,
    reported_at: Timestamp,
}

/// Shared bigrams of two texts over all of the shorter one.
pub fn shared(a: &str, b: &str) -> f64 {
    let words =
        |t: &str| text::index_words(t).into_iter().filter(|w| w.chars().count() > 1).collect::<HashSet<_>>();
    let (a, b) = (words(a), words(b));
    let common = a.intersection(&b).count();
    let least = a.len().min(b.len());
    if least == 0 { 0.0 } else { common as f64 / least as f64 }
}

fn metres(a: (f64, f64), b: (f64, f64)) -> f64 {
    let (lat, lng) = ((b.0 - a.0).to_radians(), (b.1 - a.1).to_radians());
    // Flat over a few streets.
    let east = lng * (f64::midpoint(a.0, b.0)).to_radians().cos();
    lat.hypot(east) * 6_371_008.8
}

/// The most likely duplicates of a case: near in place and time, alike in words, and within the scope.
pub async fn similar(
    conn: &mut Conn,
    district: &District,
    scope: &Scope,
    id: CaseId,
) -> Result<Vec<Similar>> {
    let (record, case) = visible(conn, scope, id).await?;
    let (body, address): (String, String) =
        conn.one("SELECT body, address FROM case_file WHERE id = $1", params![id]).await?;
    // The index is asked with the place in words; alike are the words of the matter, nearness counts apart.
    let own = format!("{} {body}", record.title);
    let said = format!("{own} {address}");
    let place = record.lat.zip(record.lng);
    let mut rows = Where::new();
    scope.filter(&mut rows, "c.area", ORG_CONDITION);
    rows.and("c.id <> ?", vec![id.into()]).and("c.state <> 'merged' AND c.parent IS NULL", vec![]);
    let wanted = Wanted { id, said: &said, area: &case.area, point: place, at: record.reported_at };
    match district.ports.get::<RepeatsPort>().and_then(|port| (port.0)(&wanted)) {
        // What the index found is shown only as far as this person may see it.
        Some(found) if found.is_empty() => return Ok(Vec::new()),
        Some(found) => rows.any("c.id", &found),
        None => {
            let atlas = district.port::<AtlasPort>()?.get();
            let mut areas = vec![case.area.clone()];
            areas.extend(atlas.index().neighbours(&case.area, 30.0));
            let (from, to) = (record.reported_at.minus(DAYS), record.reported_at.plus(DAYS));
            rows.within("c.area", &areas)
                .and("c.reported_at >= ? AND c.reported_at <= ?", vec![from.into(), to.into()])
        }
    };
    let limit = rows.bind(CANDIDATES);
    let sql = format!(
        "SELECT c.id, c.number, c.title, c.body, c.state, c.lead, c.area, c.lat, c.lng, c.reported_at
         FROM case_file c{} ORDER BY c.reported_at DESC, c.id DESC LIMIT {limit}",
        rows.text()
    );
    let found: Vec<Candidate> = conn.all(&sql, rows.args()).await?;
    let port = district.ports.get::<LikenessPort>();
    let compare = |other: &str| match &port {
        Some(port) => (port.0)(&own, other),
        None => Alike { share: shared(&own, other), words: Vec::new() },
    };
    let mut alike: Vec<Similar> = found
        .into_iter()
        .filter_map(|c| {
            let Alike { share, words } = compare(&format!("{} {}", c.title, c.body));
            let far = place.zip(c.lat.zip(c.lng)).map(|(a, b)| metres(a, b));
            // The same words count less the further away they were said.
            let near = far.map_or(1.0, |m| 1.0 / (1.0 + m / 400.0));
            let score = share * (0.5 + 0.5 * near);
            let apart = record.reported_at.millis_since(c.reported_at).unsigned_abs() / DAY;
            (score >= ALIKE).then(|| Similar {
                id: c.id,
                number: c.number,
                title: c.title,
                state: c.state,
                lead: c.lead,
                same_grid: c.area == case.area && c.area.level() == AreaLevel::Grid,
                days: u32::try_from(apart).unwrap_or(u32::MAX),
                area: c.area,
                reported_at: c.reported_at,
                metres: far,
                words,
                score: percent(score),
            })
        })
        .collect();
    alike.sort_by(|a, b| b.score.cmp(&a.score).then(b.reported_at.cmp(&a.reported_at)));
    alike.truncate(MOST);
    Ok(alike)
}

/// A share from 0 to 1 as whole per cent.
fn percent(share: f64) -> u32 {
    (0..100_u32)
        .take_while(|n| f64::from(*n) < share.clamp(0.0, 1.0) * 100.0)
        .count()
        .try_into()
        .unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_thing_in_other_words() {
        assert!(shared("3号楼门前污水井冒水", "污水井往外冒水，味道很大") > 0.3);
        assert!(shared("路灯不亮", "小区物业费上涨") < ALIKE);
        assert!((shared("", "x") - 0.0).abs() < f64::EPSILON);
        assert_eq!((percent(0.0), percent(0.5), percent(1.0)), (0, 50, 100));
        assert!((metres((37.5, 122.1), (37.5, 122.1)) - 0.0).abs() < 1e-9);
    }
}
