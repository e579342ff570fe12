//! Counts for the overview and the wall: by place, lead and category, against the time before, and the
//! three rates day by day.

use std::collections::BTreeMap;

use linli_access::Scope;
use linli_kernel::{AreaCode, Timestamp, actor::OrgId, time::china_day};

use crate::{
    ledger::{Fact, Mark, Table},
    model::WhistleLevel,
    read::{add_rates, head},
    rules::ratings::Tally,
};

/// A stretch of time and the one before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) before: Timestamp,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) now: Timestamp,
}

impl Span {
    /// From `from` until `to`, with as long a time before.
    pub(super) fn new(from: Timestamp, to: Timestamp, now: Timestamp) -> Self {
        let before = Timestamp::from_millis(from.millis() - to.millis_since(from));
        Self { before, from, to, now }
    }
}

/// One part of the whole.
#[derive(Debug, Clone)]
pub(super) struct Figure<K> {
    pub(super) key: K,
    pub(super) cases: i64,
    pub(super) before: i64,
    pub(super) open: i64,
    pub(super) overdue: i64,
}

/// The most parts of one kind.
const MOST: usize = 300;

/// Sums by number of a word (`by`), gathered under what the word belongs to (`key`); the largest first.
fn parts<K: Ord>(
    table: &Table,
    scope: &Scope,
    span: Span,
    by: impl Fn(&Fact) -> usize,
    key: impl Fn(usize) -> Option<K>,
) -> Vec<Figure<K>> {
    let mut sums: Vec<[i64; 4]> = Vec::new();
    for fact in told(table, scope, span.before, span.to) {
        let n = by(fact);
        if n >= sums.len() {
            sums.resize(n + 1, [0; 4]);
        }
        let [cases, before, open, overdue] = &mut sums[n];
        if fact.reported_at < span.from {
            *before += 1;
            continue;
        }
        let is_open = !fact.state.is_over();
        *cases += 1;
        *open += i64::from(is_open);
        *overdue += i64::from(is_open && fact.breaks_before(span.now));
    }
    let mut gathered: BTreeMap<K, [i64; 4]> = BTreeMap::new();
    for (n, sums) in sums.into_iter().enumerate().filter(|(_, sums)| *sums != [0; 4]) {
        if let Some(key) = key(n) {
            let all = gathered.entry(key).or_default();
            all.iter_mut().zip(sums).for_each(|(all, n)| *all += n);
        }
    }
    let mut figures: Vec<Figure<K>> = gathered
        .into_iter()
        .map(|(key, [cases, before, open, overdue])| Figure { key, cases, before, open, overdue })
        .collect();
    figures.sort_by_key(|figure| std::cmp::Reverse(figure.cases));
    figures.truncate(MOST);
    figures
}

/// Cases told from then until before then. A task is a part of a case that is counted already.
fn told<'t>(
    table: &'t Table,
    scope: &Scope,
    from: Timestamp,
    to: Timestamp,
) -> impl Iterator<Item = &'t Fact> {
    let within = table.within(scope);
    within.filter(move |fact| !fact.is(Mark::Task) && (from..to).contains(&fact.reported_at))
}

/// By the areas whose codes have `digits` digits.
pub(super) fn by_area(table: &Table, scope: &Scope, digits: usize, span: Span) -> Vec<Figure<AreaCode>> {
    let key = |n: usize| head(table.areas().get(n)?.as_str(), digits).parse().ok();
    parts(table, scope, span, |fact| fact.area as usize, key)
}

/// By category of the second level; empty for those without.
pub(super) fn by_category(table: &Table, scope: &Scope, span: Span) -> Vec<Figure<String>> {
    let key = |n: usize| Some(head(table.categories().get(n)?, 4).to_owned());
    parts(table, scope, span, |fact| fact.category as usize, key)
}

/// By who leads.
pub(super) fn by_lead(table: &Table, scope: &Scope, span: Span) -> Vec<Figure<OrgId>> {
    parts(table, scope, span, |fact| fact.lead as usize, |n| table.orgs().get(n).copied())
}

/// By whistle.
pub(super) fn by_whistle(table: &Table, scope: &Scope, span: Span) -> Vec<Figure<WhistleLevel>> {
    parts(table, scope, span, |fact| fact.whistle as usize, |n| WhistleLevel::ALL.get(n).copied())
}

/// The rates of cases reported on each China day of the span, by day number.
pub(super) fn daily_rates(table: &Table, scope: &Scope, span: Span) -> Vec<(i64, Tally)> {
    let mut days: BTreeMap<i64, Tally> = BTreeMap::new();
    for fact in told(table, scope, span.from, span.to) {
        add_rates(days.entry(china_day(fact.reported_at)).or_default(), fact);
    }
    days.into_iter().collect()
}

/// How fast a category grows: words for the list of what is rising.
pub(super) fn trend(cases: i64, before: i64) -> Option<&'static str> {
    match (cases, before) {
        (n, _) if n < 3 => None,
        (n, b) if n >= 2 * b.max(1) && n >= b + 3 => Some("sudden"),
        (n, b) if n * 10 > b * 12 => Some("rising"),
        _ => Some("steady"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_cases_are_no_trend() {
        assert_eq!(trend(2, 0), None);
        assert_eq!(trend(4, 0), Some("sudden"));
        assert_eq!(trend(46, 15), Some("sudden"));
        assert_eq!(trend(19, 14), Some("rising"));
        assert_eq!(trend(17, 17), Some("steady"));
    }
}
