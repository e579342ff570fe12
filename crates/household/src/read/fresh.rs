//! Freshness (新鲜度): the share of homes confirmed within ninety days, and the list behind it.

use linli_access::Scope;
use linli_kernel::{AreaCode, Cursor, Page, Result, Timestamp, area::AreaLevel, text_enum};
use linli_store::{Conn, Where};
use serde::Serialize;

use super::{Keys, Order, Place};
use crate::{
    model::{DwellingId, Usage},
    rules::fresh_since,
};

/// How fresh one area is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Freshness {
    /// Which area.
    pub area: AreaCode,
    /// Registered homes.
    pub homes: i64,
    /// Of them confirmed within ninety days.
    pub fresh: i64,
    /// Of them never confirmed.
    pub never: i64,
}

impl Freshness {
    /// Homes that wait for a confirmation.
    pub const fn stale(&self) -> i64 {
        self.homes - self.fresh
    }

    /// The share that is fresh, from 0 to 1; nothing where nothing is registered.
    pub fn share(&self) -> Option<f64> {
        (self.homes > 0).then(|| self.fresh as f64 / self.homes as f64)
    }

    fn none(area: AreaCode) -> Self {
        Self { area, homes: 0, fresh: 0, never: 0 }
    }
}

/// One row for each area of `level` inside `area`, in order of code, from one query.
pub async fn freshness(
    conn: &mut Conn,
    scope: &Scope,
    area: &AreaCode,
    level: AreaLevel,
    now: Timestamp,
) -> Result<Vec<Freshness>> {
    let digits = match level {
        AreaLevel::District => 6,
        AreaLevel::Street => 9,
        AreaLevel::Community => 12,
        AreaLevel::Grid => 15,
    };
    let mut rows = Where::new();
    scope.filter(&mut rows, "d.area", "");
    rows.within("d.area", std::slice::from_ref(area));
    rows.and("d.closed_at IS NULL", vec![]);
    let since = rows.bind(fresh_since(now));
    // The groups of one index, read in its order: grids first, summed up here, because that is where the
    // index has its groups ready.
    let sql = format!(
        "SELECT d.area, count(*), sum(CASE WHEN d.confirmed_at >= {since} THEN 1 ELSE 0 END),
                sum(CASE WHEN d.confirmed_at IS NULL THEN 1 ELSE 0 END)
         FROM dwelling d{} GROUP BY d.area ORDER BY d.area",
        rows.text()
    );
    let grids: Vec<(AreaCode, i64, i64, i64)> = conn.all(&sql, rows.args()).await?;
    let mut areas: Vec<Freshness> = Vec::new();
    for (grid, homes, fresh, never) in grids {
        let code = grid.as_str().get(..digits).and_then(|c| c.parse().ok()).unwrap_or(grid);
        if areas.last().is_none_or(|last| last.area != code) {
            areas.push(Freshness::none(code));
        }
        if let Some(last) = areas.last_mut() {
            last.homes += homes;
            last.fresh += fresh;
            last.never += never;
        }
    }
    Ok(areas)
}

/// The sum over rows of [`freshness`].
pub fn freshness_of(area: &AreaCode, parts: &[Freshness]) -> Freshness {
    parts.iter().fold(Freshness::none(area.clone()), |sum, part| Freshness {
        homes: sum.homes + part.homes,
        fresh: sum.fresh + part.fresh,
        never: sum.never + part.never,
        area: sum.area,
    })
}

text_enum! {
    /// Which homes the list behind the number shows.
    pub enum Stale {
        /// Confirmed longer than ninety days ago, or never.
        All = "stale",
        /// Never confirmed.
        Never = "never",
        /// Confirmed within ninety days.
        Fresh = "fresh",
        /// Every registered home.
        Every = "all",
    }
}

/// A home in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct StaleRow {
    /// Which one.
    pub id: DwellingId,
    /// Its grid.
    pub area: AreaCode,
    /// Its address.
    pub address: String,
    /// How it is used.
    pub usage: Usage,
    /// When it was last confirmed.
    pub confirmed_at: Option<Timestamp>,
    /// How many live there.
    pub residents: i64,
    #[serde(skip)]
    care: i64,
    #[serde(skip)]
    n: i64,
}

impl StaleRow {
    /// Whether somebody there needs care.
    pub const fn needs_care(&self) -> bool {
        self.care == 0
    }
}

/// The homes behind a number, in the order that is asked for.
pub async fn stale(
    conn: &mut Conn,
    scope: &Scope,
    area: &AreaCode,
    (which, order): (Stale, Order),
    now: Timestamp,
    after: Option<Cursor>,
    size: usize,
) -> Result<Page<StaleRow>> {
    let mut rows = Where::new();
    scope.filter(&mut rows, "d.area", "");
    rows.within("d.area", std::slice::from_ref(area));
    rows.and("d.closed_at IS NULL", vec![]);
    let since = fresh_since(now);
    match which {
        Stale::All => rows.and("d.confirmed_at IS NULL OR d.confirmed_at < ?", vec![since.into()]),
        Stale::Never => rows.and("d.confirmed_at IS NULL", vec![]),
        Stale::Fresh => rows.and("d.confirmed_at >= ?", vec![since.into()]),
        Stale::Every => &mut rows,
    };
    let present = rows.bind(now);
    let care = format!(
        "CASE WHEN EXISTS (SELECT 1 FROM care_mark c JOIN resident r ON r.id = c.resident_id WHERE r.dwelling_id = d.id
             AND c.ended_at IS NULL AND c.expires_at > {present}) THEN CAST(0 AS BIGINT) ELSE CAST(1 AS BIGINT) END"
    );
    let keys = Keys { last: "d.confirmed_at", care: &care };
    order.after(&mut rows, &keys, after);
    let limit = rows.bind(i64::try_from(size + 1).unwrap_or(i64::MAX));
    let sql = format!(
        "SELECT d.id, d.area, d.address, d.usage, d.confirmed_at, d.n, {care} AS care,
                (SELECT count(*) FROM resident r WHERE r.dwelling_id = d.id) AS residents
         FROM dwelling d {}{} ORDER BY {} LIMIT {limit}",
        order.joins(),
        rows.text(),
        order.by(&keys)
    );
    let found: Vec<StaleRow> = conn.all(&sql, rows.args()).await?;
    Ok(Page::cut(found, size, |row| {
        Order::cursor(Place { last: row.confirmed_at.map_or(0, Timestamp::millis), care: row.care, n: row.n })
    }))
}
