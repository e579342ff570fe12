//! 响应率 解决率 满意率, the share that our own people found, and the daily trend: counted from facts.

use std::collections::BTreeMap;

use linli_access::Scope;
use linli_kernel::{
    AreaCode, Result, Timestamp, params,
    time::{CHINA_MS, DAY_MS},
};
use linli_store::{Conn, Where};
use serde::Serialize;

use crate::{
    model::Source,
    rules::ratings::{Share, Tally},
    store::ORG_CONDITION,
};

/// One day of the trend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DayCount {
    /// The China calendar day.
    pub date: chrono::NaiveDate,
    /// Reported.
    pub reported: i64,
    /// Of these, found by our own people.
    pub found: i64,
    /// Of these, from the hotline.
    pub hotline: i64,
    /// Ended on that day.
    pub ended: i64,
}

/// The numbers of one part of the whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part<K> {
    /// Which part.
    pub key: K,
    /// How many cases.
    pub cases: i64,
    /// Of these, not over.
    pub open: i64,
    /// Its rates.
    pub tally: Tally,
}

/// The rates of a time.
#[derive(Debug, Clone, Serialize)]
pub struct Rates {
    /// From then …
    pub from: Timestamp,
    /// … until before then.
    pub to: Timestamp,
    /// How many cases were reported.
    pub cases: i64,
    /// All together.
    pub tally: Tally,
    /// By source.
    pub by_source: Vec<Part<Source>>,
    /// By street; cases whose street is unknown stand under the district.
    pub by_street: Vec<Part<AreaCode>>,
    /// By category of the first level, most frequent first; empty for those without.
    pub by_category: Vec<Part<String>>,
    /// By day, every day of the time.
    pub trend: Vec<DayCount>,
}

const SUMS: &str = "count(*) AS cases,
    count(CASE WHEN c.state NOT IN ('declined', 'merged', 'closed', 'rated') THEN 1 END) AS open,
    count(CASE WHEN c.source IN ('grid', 'inspection') THEN 1 END) AS found,
    count(c.contact_kept) AS contacts, count(CASE WHEN c.contact_kept THEN 1 END) AS contacts_kept,
    count(c.call_solved) AS calls, count(CASE WHEN c.call_solved THEN 1 END) AS solved,
    count(CASE WHEN c.call_satisfied THEN 1 END) AS satisfied";

#[derive(sqlx::FromRow)]
struct Sums {
    key: String,
    cases: i64,
    open: i64,
    found: i64,
    contacts: i64,
    contacts_kept: i64,
    calls: i64,
    solved: i64,
    satisfied: i64,
}

impl Sums {
    fn tally(&self) -> Tally {
        let share = |of: i64, part: i64| Share { of: of.unsigned_abs(), part: part.unsigned_abs() };
        Tally {
            response: share(self.contacts, self.contacts_kept),
            solution: share(self.calls, self.solved),
            satisfaction: share(self.calls, self.satisfied),
            found: share(self.cases, self.found),
        }
    }

    fn part<K>(self, key: impl FnOnce(String) -> Option<K>) -> Option<Part<K>> {
        let (cases, open, tally) = (self.cases, self.open, self.tally());
        Some(Part { key: key(self.key)?, cases, open, tally })
    }
}

fn conditions(scope: &Scope, column: &str, from: Timestamp, to: Timestamp) -> Where {
    let mut rows = Where::new();
    scope.filter(&mut rows, "c.area", ORG_CONDITION);
    // A task is a part of a case that is counted already.
    rows.and("c.parent IS NULL", vec![])
        .and(&format!("{column} >= ? AND {column} < ?"), vec![from.into(), to.into()]);
    rows
}

async fn by(conn: &mut Conn, scope: &Scope, key: &str, from: Timestamp, to: Timestamp) -> Result<Vec<Sums>> {
    let rows = conditions(scope, "c.reported_at", from, to);
    let sql = format!(
        "SELECT {key} AS key, {SUMS} FROM case_file c{} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 500",
        rows.text()
    );
    conn.all(&sql, rows.args()).await
}

/// The rates of cases reported from `from` until before `to`, in five queries.
pub async fn rates(conn: &mut Conn, scope: &Scope, from: Timestamp, to: Timestamp) -> Result<Rates> {
    let sources = by(conn, scope, "c.source", from, to).await?;
    let streets = by(conn, scope, "substr(c.area, 1, 9)", from, to).await?;
    let categories = by(conn, scope, "coalesce(substr(c.category, 1, 2), '')", from, to).await?;
    let mut tally = Tally::default();
    for sums in &sources {
        tally += sums.tally();
    }
    let cases = sources.iter().map(|s| s.cases).sum();
    let trend = trend(conn, scope, from, to).await?;
    Ok(Rates {
        from,
        to,
        cases,
        tally,
        by_source: sources.into_iter().filter_map(|s| s.part(|key| key.parse().ok())).collect(),
        by_street: streets.into_iter().filter_map(|s| s.part(|key| key.parse().ok())).collect(),
        by_category: categories.into_iter().filter_map(|s| s.part(Some)).collect(),
        trend,
    })
}

/// The longest trend, in days.
const LONGEST: i64 = 1100;

async fn trend(conn: &mut Conn, scope: &Scope, from: Timestamp, to: Timestamp) -> Result<Vec<DayCount>> {
    let day = |at: Timestamp| (at.millis() + CHINA_MS).div_euclid(DAY_MS);
    let mut days: BTreeMap<i64, DayCount> = BTreeMap::new();
    let (first, last) = (day(from), day(Timestamp::from_millis(to.millis() - 1)));
    for n in first.max(last - LONGEST)..=last {
        let date = Timestamp::from_millis(n * DAY_MS - CHINA_MS).china_date();
        days.insert(n, DayCount { date, reported: 0, found: 0, hotline: 0, ended: 0 });
    }
    let bucket = |column: &str| format!("({column} + {CHINA_MS}) / {DAY_MS}");
    let rows = conditions(scope, "c.reported_at", from, to);
    let sql = format!(
        "SELECT {} AS day, count(*), count(CASE WHEN c.source IN ('grid', 'inspection') THEN 1 END),
             count(CASE WHEN c.source = 'hotline' THEN 1 END) FROM case_file c{} GROUP BY 1",
        bucket("c.reported_at"),
        rows.text()
    );
    let reported: Vec<(i64, i64, i64, i64)> = conn.all(&sql, rows.args()).await?;
    for (n, all, found, hotline) in reported {
        if let Some(day) = days.get_mut(&n) {
            (day.reported, day.found, day.hotline) = (all, found, hotline);
        }
    }
    let rows = conditions(scope, "c.ended_at", from, to);
    let sql = format!(
        "SELECT {} AS day, count(*) FROM case_file c{} GROUP BY 1",
        bucket("c.ended_at"),
        rows.text()
    );
    let ended: Vec<(i64, i64)> = conn.all(&sql, rows.args()).await?;
    for (n, all) in ended {
        if let Some(day) = days.get_mut(&n) {
            day.ended = all;
        }
    }
    Ok(days.into_values().collect())
}

/// How often dispatchers corrected a suggested category since `from`: suggested, decided, how often.
pub async fn corrections(
    conn: &mut Conn,
    from: Timestamp,
) -> Result<Vec<(Option<String>, Option<String>, i64)>> {
    conn.all(
        "SELECT suggested_category, category, count(*) FROM case_correction WHERE at >= $1
         GROUP BY suggested_category, category ORDER BY 3 DESC, 1, 2 LIMIT 200",
        params![from],
    )
    .await
}
