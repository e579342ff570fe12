//! Counts for the overview and the wall: by place, lead and category, against the time before, and the
//! three rates day by day.

use linli_access::Scope;
use linli_kernel::{
    AreaCode, Result, Timestamp,
    actor::OrgId,
    time::{CHINA_MS, DAY_MS},
};
use linli_store::{Conn, Where, conn::Row};

use crate::{
    model::WhistleLevel,
    rules::ratings::{Share, Tally},
    store::ORG_CONDITION,
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

async fn parts<K>(conn: &mut Conn, scope: &Scope, key: &str, span: Span) -> Result<Vec<Figure<K>>>
where
    (K, i64, i64, i64, i64): Row,
{
    let mut rows = Where::new();
    scope.filter(&mut rows, "c.area", ORG_CONDITION);
    rows.and("c.parent IS NULL", vec![])
        .and("c.reported_at >= ? AND c.reported_at < ?", vec![span.before.into(), span.to.into()]);
    let (from, now) = (rows.bind(span.from), rows.bind(span.now));
    let open = "c.state NOT IN ('declined', 'merged', 'closed', 'rated')";
    let sql = format!(
        "SELECT {key} AS part,
             count(CASE WHEN c.reported_at >= {from} THEN 1 END) AS cases,
             count(CASE WHEN c.reported_at < {from} THEN 1 END) AS earlier,
             count(CASE WHEN c.reported_at >= {from} AND {open} THEN 1 END) AS still_open,
             count(CASE WHEN c.reported_at >= {from} AND {open} AND c.next_due < {now} THEN 1 END) AS broken
         FROM case_file c{} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 300",
        rows.text()
    );
    let found: Vec<(K, i64, i64, i64, i64)> = conn.all(&sql, rows.args()).await?;
    Ok(found
        .into_iter()
        .map(|(key, cases, before, open, overdue)| Figure { key, cases, before, open, overdue })
        .collect())
}

/// By the areas whose codes have `digits` digits.
pub(super) async fn by_area(
    conn: &mut Conn,
    scope: &Scope,
    digits: usize,
    span: Span,
) -> Result<Vec<Figure<AreaCode>>> {
    let found: Vec<Figure<String>> =
        parts(conn, scope, &format!("substr(c.area, 1, {digits})"), span).await?;
    Ok(found
        .into_iter()
        .filter_map(|f| {
            let key = f.key.parse().ok()?;
            Some(Figure { key, cases: f.cases, before: f.before, open: f.open, overdue: f.overdue })
        })
        .collect())
}

/// By category of the second level; empty for those without.
pub(super) async fn by_category(conn: &mut Conn, scope: &Scope, span: Span) -> Result<Vec<Figure<String>>> {
    parts(conn, scope, "coalesce(substr(c.category, 1, 4), '')", span).await
}

/// By who leads.
pub(super) async fn by_lead(conn: &mut Conn, scope: &Scope, span: Span) -> Result<Vec<Figure<OrgId>>> {
    parts(conn, scope, "c.lead", span).await
}

/// By whistle.
pub(super) async fn by_whistle(
    conn: &mut Conn,
    scope: &Scope,
    span: Span,
) -> Result<Vec<Figure<WhistleLevel>>> {
    parts(conn, scope, "c.whistle", span).await
}

/// The rates of cases reported on each China day of the span, by day number.
pub(super) async fn daily_rates(conn: &mut Conn, scope: &Scope, span: Span) -> Result<Vec<(i64, Tally)>> {
    let mut rows = Where::new();
    scope.filter(&mut rows, "c.area", ORG_CONDITION);
    rows.and("c.parent IS NULL", vec![])
        .and("c.reported_at >= ? AND c.reported_at < ?", vec![span.from.into(), span.to.into()]);
    let sql = format!(
        "SELECT (c.reported_at + {CHINA_MS}) / {DAY_MS} AS day, count(c.contact_kept),
             count(CASE WHEN c.contact_kept THEN 1 END), count(c.call_solved),
             count(CASE WHEN c.call_solved THEN 1 END), count(CASE WHEN c.call_satisfied THEN 1 END)
         FROM case_file c{} GROUP BY 1 ORDER BY 1",
        rows.text()
    );
    let found: Vec<(i64, i64, i64, i64, i64, i64)> = conn.all(&sql, rows.args()).await?;
    let share = |of: i64, part: i64| Share { of: of.unsigned_abs(), part: part.unsigned_abs() };
    Ok(found
        .into_iter()
        .map(|(day, contacts, kept, calls, solved, satisfied)| {
            let tally = Tally {
                response: share(contacts, kept),
                solution: share(calls, solved),
                satisfaction: share(calls, satisfied),
                found: Share::default(),
            };
            (day, tally)
        })
        .collect())
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
