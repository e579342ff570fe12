//! Hot issues as a page shows them: counted over what the reader may see.

use linli_access::Scope;
use linli_kernel::{
    AreaCode, Error, Result, Timestamp, params,
    time::{china_day, china_day_start},
};
use linli_store::{Conn, District, Where};
use linli_text::hot::heat;
use serde::Serialize;
use uuid::Uuid;

use crate::{
    feed::{CaseFeed, Told},
    hot::PEOPLE,
};

/// Issues of one list.
const MOST: usize = 100;

/// An issue, as far as it lies within a scope.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HotIssue {
    /// The issue.
    pub id: Uuid,
    /// Where.
    pub place: AreaCode,
    /// What, in the words of its most typical case.
    pub problem: String,
    /// Cases.
    pub cases: i64,
    /// Different people who wrote.
    pub people: i64,
    /// Further reports that were merged into its cases.
    pub supporters: i64,
    /// First report.
    pub from: Timestamp,
    /// Newest report.
    pub to: Timestamp,
    /// The sum of the parts.
    pub heat: f64,
    /// People, supporters, less for having gone quiet.
    pub parts: [f64; 3],
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    place: AreaCode,
    problem: String,
    cases: i64,
    people: i64,
    supporters: i64,
    first_day: i64,
    last_day: i64,
}

fn of(row: Row, today: i64) -> HotIssue {
    let parts = heat(
        row.people.unsigned_abs(),
        row.supporters.unsigned_abs(),
        today.saturating_sub(row.last_day).max(0).unsigned_abs(),
    );
    HotIssue {
        id: row.id,
        place: row.place,
        problem: row.problem,
        cases: row.cases,
        people: row.people,
        supporters: row.supporters,
        from: china_day_start(row.first_day),
        to: china_day_start(row.last_day),
        heat: parts.iter().sum(),
        parts,
    }
}

async fn rows(conn: &mut Conn, scope: &Scope, only: Option<Uuid>, now: Timestamp) -> Result<Vec<HotIssue>> {
    let mut rows = Where::new();
    scope.filter(&mut rows, "c.area", "");
    rows.and_some("i.id = ?", only);
    let people = rows.bind(PEOPLE);
    let sql = format!(
        "SELECT i.id, i.place, i.problem, count(*) AS cases, count(DISTINCT m.person) AS people,
                CAST(sum(m.supporters) AS BIGINT) AS supporters, min(m.day) AS first_day, max(m.day) AS last_day
         FROM insight_issue i JOIN insight_member m ON m.issue_id = i.id
              JOIN insight_case c ON c.case_id = m.case_id{}
         GROUP BY i.id, i.place, i.problem HAVING count(DISTINCT m.person) >= {people}",
        rows.text()
    );
    let today = china_day(now);
    let found: Vec<Row> = conn.all(&sql, rows.args()).await?;
    let mut issues: Vec<HotIssue> = found.into_iter().map(|row| of(row, today)).collect();
    issues.sort_by(|a, b| b.heat.total_cmp(&a.heat).then(b.to.cmp(&a.to)).then(a.id.cmp(&b.id)));
    issues.truncate(MOST);
    Ok(issues)
}

/// The hottest issues of a scope, hottest first.
pub async fn hot(conn: &mut Conn, scope: &Scope, now: Timestamp) -> Result<Vec<HotIssue>> {
    rows(conn, scope, None, now).await
}

/// One issue with its cases, newest first, as far as they lie within the scope.
pub async fn issue(
    conn: &mut Conn,
    district: &District,
    scope: &Scope,
    id: Uuid,
    now: Timestamp,
) -> Result<(HotIssue, Vec<Told>)> {
    let issue = rows(conn, scope, Some(id), now).await?.into_iter().next().ok_or(Error::NotFound)?;
    let mut rows = Where::new();
    scope.filter(&mut rows, "c.area", "");
    rows.and("m.issue_id = ?", vec![id.into()]);
    let sql = format!(
        "SELECT m.case_id FROM insight_member m JOIN insight_case c ON c.case_id = m.case_id{}",
        rows.text()
    );
    let ids: Vec<(Uuid,)> = conn.all(&sql, rows.args()).await?;
    let ids: Vec<Uuid> = ids.into_iter().map(|(id,)| id).collect();
    let mut told = district.port::<CaseFeed>()?.told(conn, &ids).await?;
    told.sort_by(|a, b| b.at.cmp(&a.at).then(b.id.cmp(&a.id)));
    Ok((issue, told))
}

/// How many cases this slice follows, for the page of the models.
pub async fn followed(conn: &mut Conn) -> Result<i64> {
    conn.scalar("SELECT count(*) FROM insight_case WHERE listed", params![]).await
}
