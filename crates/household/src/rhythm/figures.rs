//! How the rhythm stands in an area, part by part, and the homes behind each number. In the order of the codes:
//! the figures are of places and order nobody.

use std::collections::BTreeMap;

use linli_access::Scope;
use linli_kernel::{AreaCode, Cursor, Page, Result, Timestamp, area::AreaLevel, text_enum};
use linli_store::{Conn, Where};
use serde::Serialize;

use super::{Found, Month, Quarter, china_day, needed};
use crate::{
    model::{BuildingId, CareKind, DwellingId},
    read::{Keys, Order, Place},
};

/// How the rhythm stands in one area.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// Which area.
    pub area: AreaCode,
    /// Registered homes.
    pub homes: i64,
    /// Of them visited in this quarter as often as they need.
    pub visited: i64,
    /// Homes where somebody needs care.
    pub care: i64,
    /// Of them visited in this quarter as often as they need.
    pub care_visited: i64,
    /// Homes of today's lists.
    pub today: i64,
    /// Of them settled.
    pub settled: i64,
    /// What this month's spot checks have found.
    pub found: Found,
}

impl Figures {
    fn none(area: AreaCode) -> Self {
        Self {
            area,
            homes: 0,
            visited: 0,
            care: 0,
            care_visited: 0,
            today: 0,
            settled: 0,
            found: Found::default(),
        }
    }

    fn add(&mut self, other: &Self) {
        self.homes += other.homes;
        self.visited += other.visited;
        self.care += other.care;
        self.care_visited += other.care_visited;
        self.today += other.today;
        self.settled += other.settled;
        self.found.add(&other.found);
    }

    /// The share of homes that had their visits, from 0 to 1; nothing where nothing is registered.
    pub fn coverage(&self) -> Option<f64> {
        (self.homes > 0).then(|| self.visited as f64 / self.homes as f64)
    }
}

/// The digits of a level.
pub(super) const fn digits(level: AreaLevel) -> usize {
    match level {
        AreaLevel::District => 6,
        AreaLevel::Street => 9,
        AreaLevel::Community => 12,
        AreaLevel::Grid => 15,
    }
}

/// Visits that each home `d` with marks needs, and how often each home was met since the beginning of the quarter:
/// what [`WAITS`] and [`VISITED`] ask. `start` and `now` are the placeholders of the beginning and of the present; `visits`
/// and `people` narrow the homes of `home_visit v` and of `resident r`.
pub(crate) fn beside(start: &str, now: &str, visits: &str, people: &str) -> String {
    let words: Vec<String> =
        CareKind::ALL.iter().map(|k| format!("WHEN '{k}' THEN CAST({} AS BIGINT)", needed(&[*k]))).collect();
    let words = words.join(" ");
    format!(
        "LEFT JOIN (SELECT v.dwelling_id, count(*) AS times FROM home_visit v WHERE v.at >= {start} AND v.how <> 'nobody' {visits} GROUP BY v.dwelling_id) met
             ON met.dwelling_id = d.id
         LEFT JOIN (SELECT r.dwelling_id, max(CASE c.kind {words} ELSE CAST(1 AS BIGINT) END) AS times FROM care_mark c JOIN resident r ON r.id = c.resident_id
              WHERE c.ended_at IS NULL AND c.expires_at > {now} {people} GROUP BY r.dwelling_id) need ON need.dwelling_id = d.id"
    )
}

/// As [`beside`] after [`quarter`]: in a part of the district only its own homes are counted.
fn beside_in(rows: &mut Where, area: &AreaCode) -> String {
    let mut here = |column: &str| {
        if area.level() == AreaLevel::District {
            return String::new();
        }
        let (low, high) = area.range();
        let (low, high) = (rows.bind(low), rows.bind(high));
        format!("AND {column} IN (SELECT x.id FROM dwelling x WHERE x.area >= {low} AND x.area < {high})")
    };
    let (visits, people) = (here("v.dwelling_id"), here("r.dwelling_id"));
    beside("$1", "$2", &visits, &people)
}

/// 已走访: the home had as many visits in this quarter as it needs.
const VISITED: &str = "coalesce(met.times, 0) >= coalesce(need.times, 1)";

/// 待走访: the home still waits for a visit in this quarter. The one rule, for the figures, the lists and the phone.
pub(crate) const WAITS: &str = "coalesce(met.times, 0) < coalesce(need.times, 1)";

/// How often a home still has to be visited in this quarter.
pub(crate) const LEFT: &str = "coalesce(need.times, 1) - coalesce(met.times, 0)";

fn quarter(now: Timestamp) -> Where {
    let mut rows = Where::new();
    rows.bind(Quarter::of(now).start());
    rows.bind(now);
    rows
}

/// One row for each area of `level` inside `area`, in order of code: three queries.
pub async fn figures(
    conn: &mut Conn,
    scope: &Scope,
    area: &AreaCode,
    level: AreaLevel,
    now: Timestamp,
) -> Result<Vec<Figures>> {
    let mut grids: BTreeMap<AreaCode, Figures> = BTreeMap::new();
    let digits = digits(level);
    let part = |grid: AreaCode| grid.as_str().get(..digits).and_then(|c| c.parse().ok()).unwrap_or(grid);
    let mut rows = quarter(now);
    scope.filter(&mut rows, "d.area", "");
    rows.within("d.area", std::slice::from_ref(area));
    rows.and("d.closed_at IS NULL", vec![]);
    let beside = beside_in(&mut rows, area);
    let sql = format!(
        "SELECT d.area, count(*), sum(CASE WHEN {VISITED} THEN 1 ELSE 0 END), count(need.times),
                sum(CASE WHEN need.times IS NOT NULL AND {VISITED} THEN 1 ELSE 0 END)
         FROM dwelling d {beside}{} GROUP BY d.area",
        rows.text()
    );
    let homes: Vec<(AreaCode, i64, i64, i64, i64)> = conn.all(&sql, rows.args()).await?;
    for (grid, homes, visited, care, care_visited) in homes {
        let area = part(grid);
        let one = Figures { homes, visited, care, care_visited, ..Figures::none(area.clone()) };
        grids.entry(area.clone()).or_insert_with(|| Figures::none(area)).add(&one);
    }
    let mut rows = Where::new();
    rows.and("l.day = ?", vec![china_day(now).into()]);
    scope.filter(&mut rows, "l.area", "");
    rows.within("l.area", std::slice::from_ref(area));
    let sql = format!(
        "SELECT l.area, count(*), count(h.outcome) FROM look_round l JOIN look_round_home h ON h.round_id = l.id
         JOIN dwelling d ON d.id = h.dwelling_id AND d.closed_at IS NULL{} GROUP BY l.area",
        rows.text()
    );
    let lists: Vec<(AreaCode, i64, i64)> = conn.all(&sql, rows.args()).await?;
    for (grid, today, settled) in lists {
        let area = part(grid);
        let one = Figures { today, settled, ..Figures::none(area.clone()) };
        grids.entry(area.clone()).or_insert_with(|| Figures::none(area)).add(&one);
    }
    for (grid, found) in super::found(conn, scope, area, Month::of(now)).await? {
        let area = part(grid);
        let one = Figures { found, ..Figures::none(area.clone()) };
        grids.entry(area.clone()).or_insert_with(|| Figures::none(area)).add(&one);
    }
    Ok(grids.into_values().collect())
}

/// How many homes of each house had their visits in this quarter.
pub async fn visited_by_house(
    conn: &mut Conn,
    scope: &Scope,
    area: &AreaCode,
    now: Timestamp,
) -> Result<BTreeMap<BuildingId, i64>> {
    let mut rows = quarter(now);
    scope.filter(&mut rows, "d.area", "");
    rows.within("d.area", std::slice::from_ref(area));
    rows.and("d.closed_at IS NULL", vec![]);
    rows.and(VISITED, vec![]);
    let beside = beside_in(&mut rows, area);
    let sql = format!(
        "SELECT d.building_id, count(*) FROM dwelling d {beside}{} GROUP BY d.building_id",
        rows.text()
    );
    let found: Vec<(BuildingId, i64)> = conn.all(&sql, rows.args()).await?;
    Ok(found.into_iter().collect())
}

/// The sum over rows of [`figures`].
pub fn sum(area: &AreaCode, parts: &[Figures]) -> Figures {
    let mut sum = Figures::none(area.clone());
    for part in parts {
        sum.add(part);
    }
    sum
}

text_enum! {
    /// Which homes the list behind a number shows.
    pub enum Listed {
        /// 本季待走访
        Due = "due",
        /// 本季已走访
        Visited = "visited",
        /// 关爱待走访
        Care = "care",
        /// 今日待随查
        Open = "open",
        /// 今日已随查
        Settled = "settled",
    }
}

/// A home in the list.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ListedHome {
    /// Which one.
    pub id: DwellingId,
    /// Its grid.
    pub area: AreaCode,
    /// Its address.
    pub address: String,
    /// How often it was met in this quarter.
    pub times: i64,
    /// How often it needs to be.
    pub needed: i64,
    /// When it was last met in this quarter, or nobody was there.
    pub last_at: Option<Timestamp>,
    care: i64,
    n: i64,
}

impl ListedHome {
    /// Whether somebody there needs care.
    pub const fn needs_care(&self) -> bool {
        self.care == 0
    }
}

/// The homes behind a number, in the order that is asked for.
pub async fn listed(
    conn: &mut Conn,
    scope: &Scope,
    area: &AreaCode,
    (which, order): (Listed, Order),
    now: Timestamp,
    after: Option<Cursor>,
    size: usize,
) -> Result<Page<ListedHome>> {
    let mut rows = quarter(now);
    scope.filter(&mut rows, "d.area", "");
    rows.within("d.area", std::slice::from_ref(area));
    rows.and("d.closed_at IS NULL", vec![]);
    let today = |outcome: &str| {
        format!(
            "EXISTS (SELECT 1 FROM look_round_home h JOIN look_round l ON l.id = h.round_id AND l.day = ?
              WHERE h.dwelling_id = d.id AND h.outcome {outcome})"
        )
    };
    let day = || vec![china_day(now).into()];
    match which {
        Listed::Due => rows.and(WAITS, vec![]),
        Listed::Visited => rows.and(VISITED, vec![]),
        Listed::Care => rows.and(&format!("need.times IS NOT NULL AND {WAITS}"), vec![]),
        Listed::Open => rows.and(&today("IS NULL"), day()),
        Listed::Settled => rows.and(&today("IS NOT NULL"), day()),
    };
    let last = "(SELECT max(v.at) FROM home_visit v WHERE v.dwelling_id = d.id AND v.at >= $1)";
    let care = "CASE WHEN need.times IS NULL THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END";
    let keys = Keys { last, care };
    order.after(&mut rows, &keys, after);
    let limit = rows.bind(i64::try_from(size + 1).unwrap_or(i64::MAX));
    let beside = beside_in(&mut rows, area);
    let sql = format!(
        "SELECT d.id, d.area, d.address, d.n, coalesce(met.times, 0) AS times, coalesce(need.times, 1) AS needed,
                {last} AS last_at, {care} AS care
         FROM dwelling d {} {beside}{} ORDER BY {} LIMIT {limit}",
        order.joins(),
        rows.text(),
        order.by(&keys)
    );
    let found: Vec<ListedHome> = conn.all(&sql, rows.args()).await?;
    Ok(Page::cut(found, size, |row| {
        Order::cursor(Place { last: row.last_at.map_or(0, Timestamp::millis), care: row.care, n: row.n })
    }))
}
