//! 响应率 解决率 满意率, the share that our own people found, and the daily trend: counted from facts.

use std::collections::BTreeMap;

use linli_access::Scope;
use linli_kernel::{
    AreaCode, Result, Timestamp, params,
    time::{china_day, china_day_start},
};
use linli_store::{Conn, District};
use serde::Serialize;

use crate::{
    ledger::{Fact, Ledger, Mark, Table},
    model::Source,
    rules::ratings::Tally,
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

/// What is counted of the cases of one part.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    cases: i64,
    open: i64,
    tally: Tally,
}

impl Sums {
    fn add(&mut self, fact: &Fact) {
        self.cases += 1;
        self.open += i64::from(!fact.state.is_over());
        add_rates(&mut self.tally, fact);
        self.tally.found.of += 1;
        self.tally.found.part += u64::from(fact.source.is_found());
    }

    fn part<K>(self, key: K) -> Part<K> {
        Part { key, cases: self.cases, open: self.open, tally: self.tally }
    }
}

/// Response, solution and satisfaction of one case.
pub(crate) fn add_rates(tally: &mut Tally, fact: &Fact) {
    let shares = [
        (&mut tally.response, Mark::Contact, Mark::ContactKept),
        (&mut tally.solution, Mark::Call, Mark::Solved),
        (&mut tally.satisfaction, Mark::Call, Mark::Satisfied),
    ];
    for (share, of, part) in shares {
        share.of += u64::from(fact.is(of));
        share.part += u64::from(fact.is(part));
    }
}

/// The parts of one kind, the largest first: sums by number of a word become sums by what it is gathered under.
fn parts<K: Ord>(sums: &[Sums], key: impl Fn(usize) -> Option<K>) -> Vec<Part<K>> {
    const MOST: usize = 500;
    let mut gathered: BTreeMap<K, Sums> = BTreeMap::new();
    for (n, sums) in sums.iter().enumerate().filter(|(_, sums)| sums.cases > 0) {
        if let Some(key) = key(n) {
            let all = gathered.entry(key).or_default();
            all.cases += sums.cases;
            all.open += sums.open;
            all.tally += sums.tally;
        }
    }
    let mut parts: Vec<Part<K>> = gathered.into_iter().map(|(key, sums)| sums.part(key)).collect();
    parts.sort_by_key(|part| std::cmp::Reverse(part.cases));
    parts.truncate(MOST);
    parts
}

/// The first characters of a code.
pub(crate) fn head(code: &str, digits: usize) -> &str {
    code.get(..digits).unwrap_or(code)
}

/// The rates of cases reported from `from` until before `to`, in one query.
pub async fn rates(
    conn: &mut Conn,
    district: &District,
    scope: &Scope,
    from: Timestamp,
    to: Timestamp,
) -> Result<Rates> {
    district.port::<Ledger>()?.read(conn, |table| rated(table, scope, from, to)).await
}

/// The same of a ledger that is read already.
pub(crate) fn rated(table: &Table, scope: &Scope, from: Timestamp, to: Timestamp) -> Rates {
    let mut sources = vec![Sums::default(); Source::ALL.len()];
    let mut areas = vec![Sums::default(); table.areas().len()];
    let mut categories = vec![Sums::default(); table.categories().len()];
    let mut trend = Trend::new(from, to);
    // A task is a part of a case that is counted already.
    for fact in table.within(scope).filter(|fact| !fact.is(Mark::Task)) {
        if (from..to).contains(&fact.reported_at) {
            sources[fact.source as usize].add(fact);
            areas[fact.area as usize].add(fact);
            categories[fact.category as usize].add(fact);
            trend.report(fact);
        }
        if let Some(at) = fact.ended_at.filter(|at| (from..to).contains(at)) {
            trend.end(at);
        }
    }
    let mut tally = Tally::default();
    for sums in &sources {
        tally += sums.tally;
    }
    Rates {
        from,
        to,
        cases: sources.iter().map(|s| s.cases).sum(),
        tally,
        by_source: parts(&sources, |n| Source::ALL.get(n).copied()),
        by_street: parts(&areas, |n| head(table.areas().get(n)?.as_str(), 9).parse().ok()),
        by_category: parts(&categories, |n| Some(head(table.categories().get(n)?, 2).to_owned())),
        trend: trend.days.into_values().collect(),
    }
}

/// The longest trend, in days.
const LONGEST: i64 = 1100;

struct Trend {
    days: BTreeMap<i64, DayCount>,
}

impl Trend {
    fn new(from: Timestamp, to: Timestamp) -> Self {
        let (first, last) = (china_day(from), china_day(Timestamp::from_millis(to.millis() - 1)));
        let none = |n: i64| {
            let date = china_day_start(n).china_date();
            (n, DayCount { date, reported: 0, found: 0, hotline: 0, ended: 0 })
        };
        Self { days: (first.max(last - LONGEST)..=last).map(none).collect() }
    }

    fn report(&mut self, fact: &Fact) {
        if let Some(day) = self.days.get_mut(&china_day(fact.reported_at)) {
            day.reported += 1;
            day.found += i64::from(fact.source.is_found());
            day.hotline += i64::from(fact.source == Source::Hotline);
        }
    }

    fn end(&mut self, at: Timestamp) {
        if let Some(day) = self.days.get_mut(&china_day(at)) {
            day.ended += 1;
        }
    }
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
