//! Spot checks as pages show them: the homes of one, those of a month in an area, and the draw made again.

use std::collections::BTreeMap;

use linli_access::Scope;
use linli_kernel::{AreaCode, Cursor, Page, Result, Timestamp, actor::AccountId, params};
use linli_store::{Conn, Where};

use super::{
    Found, Month, SpotId,
    sample::{Again, again, read_frame},
    spot::{Answer, Answers, CheckField, SPOT, SpotCheck},
};
use crate::model::DwellingId;

/// A home of the sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpotHome {
    /// Which one.
    pub id: DwellingId,
    /// Its number of registration.
    pub n: i64,
    /// Its address; nothing where it was taken off the register.
    pub address: Option<String>,
    /// When it was checked.
    pub noted_at: Option<Timestamp>,
    /// When it left the check, because data of somebody there were erased.
    pub left_at: Option<Timestamp>,
    /// What was found.
    pub answers: Answers,
}

/// The homes of a check, in the order of the doors: two queries.
pub async fn spot_homes(conn: &mut Conn, id: SpotId) -> Result<Vec<SpotHome>> {
    type Row = (DwellingId, i64, Option<String>, Option<Timestamp>, Option<Timestamp>);
    let rows: Vec<Row> = conn
        .all(
            "SELECT h.dwelling_id, h.n, d.address, h.noted_at, h.left_at FROM spot_home h LEFT JOIN dwelling d ON d.id = h.dwelling_id AND d.closed_at IS NULL
             WHERE h.check_id = $1 ORDER BY h.n",
            params![id],
        )
        .await?;
    let sql = "SELECT dwelling_id, field, answer FROM spot_answer WHERE check_id = $1";
    let found: Vec<(DwellingId, CheckField, Answer)> = conn.all(sql, params![id]).await?;
    let mut answers: BTreeMap<DwellingId, Answers> = BTreeMap::new();
    for (home, field, answer) in found {
        answers.entry(home).or_default().insert(field, answer);
    }
    Ok(rows
        .into_iter()
        .map(|(id, n, address, noted_at, left_at)| SpotHome {
            id,
            n,
            address,
            noted_at,
            left_at,
            answers: answers.remove(&id).unwrap_or_default(),
        })
        .collect())
}

/// A check in a list.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct SpotLine {
    /// Which one.
    pub id: SpotId,
    /// The grid.
    pub area: AreaCode,
    /// The month, as [`Month`] counts.
    pub month: i64,
    /// Who checks.
    pub checker_name: String,
    /// When the checker was through.
    pub done_at: Option<Timestamp>,
    /// Homes of the sample that are checked: without those that left before.
    pub homes: i64,
    /// Of them checked.
    pub noted: i64,
    right: i64,
    wrong: i64,
    unknown: i64,
}

impl SpotLine {
    /// What was found.
    pub const fn found(&self) -> Found {
        Found { right: self.right, wrong: self.wrong, unknown: self.unknown }
    }
}

fn lines() -> String {
    let count = |answer: Answer| {
        format!("(SELECT count(*) FROM spot_answer a WHERE a.check_id = s.id AND a.answer = '{answer}')")
    };
    format!(
        "SELECT s.id, s.area, s.month, s.checker_name, s.done_at,
                (SELECT count(*) FROM spot_home h WHERE h.check_id = s.id AND (h.left_at IS NULL OR h.noted_at IS NOT NULL)) AS homes,
                (SELECT count(*) FROM spot_home h WHERE h.check_id = s.id AND h.noted_at IS NOT NULL) AS noted,
                {} AS \"right\", {} AS wrong, {} AS unknown FROM spot_check s",
        count(Answer::Right),
        count(Answer::Wrong),
        count(Answer::Unknown)
    )
}

/// The checks of a month in an area, in the order of the codes.
pub async fn spots(
    conn: &mut Conn,
    scope: &Scope,
    area: &AreaCode,
    month: Month,
    after: Option<Cursor>,
    size: usize,
) -> Result<Page<SpotLine>> {
    let mut rows = Where::new();
    rows.and("s.month = ?", vec![month.0.into()]);
    scope.filter(&mut rows, "s.area", "");
    rows.within("s.area", std::slice::from_ref(area));
    if let Some(cursor) = after {
        rows.and("s.area > ?", vec![cursor.key.to_string().into()]);
    }
    let limit = rows.bind(i64::try_from(size + 1).unwrap_or(i64::MAX));
    let sql = format!("{}{} ORDER BY s.area LIMIT {limit}", lines(), rows.text());
    let found: Vec<SpotLine> = conn.all(&sql, rows.args()).await?;
    Ok(Page::cut(found, size, |row| Cursor {
        key: row.area.as_str().parse().unwrap_or_default(),
        id: row.id.0,
    }))
}

/// The checks that somebody has to do or has done, the last month first.
pub async fn spots_of(conn: &mut Conn, checker: AccountId) -> Result<Vec<SpotLine>> {
    let sql = format!("{} WHERE s.checker = $1 ORDER BY s.month DESC, s.area LIMIT 50", lines());
    conn.all(&sql, params![checker]).await
}

/// What checks of a month have found, grid by grid: one query.
pub async fn found(
    conn: &mut Conn,
    scope: &Scope,
    area: &AreaCode,
    month: Month,
) -> Result<Vec<(AreaCode, Found)>> {
    let mut rows = Where::new();
    rows.and("s.month = ?", vec![month.0.into()]);
    scope.filter(&mut rows, "s.area", "");
    rows.within("s.area", std::slice::from_ref(area));
    let count = |answer: Answer| format!("count(CASE WHEN a.answer = '{answer}' THEN 1 END)");
    let sql = format!(
        "SELECT s.area, {}, {}, {} FROM spot_check s JOIN spot_answer a ON a.check_id = s.id{} GROUP BY s.area ORDER BY s.area",
        count(Answer::Right),
        count(Answer::Wrong),
        count(Answer::Unknown),
        rows.text()
    );
    let found: Vec<(AreaCode, i64, i64, i64)> = conn.all(&sql, rows.args()).await?;
    Ok(found
        .into_iter()
        .map(|(area, right, wrong, unknown)| (area, Found { right, wrong, unknown }))
        .collect())
}

/// A draw, made again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redrawn {
    /// The check.
    pub check: SpotCheck,
    /// The numbers that were drawn.
    pub sample: Vec<i64>,
    /// What drawing again says.
    pub again: Again,
}

fn redrawn(check: SpotCheck, sample: Vec<i64>) -> Redrawn {
    let again = again(&check.seed, &check.frame, &check.digest, &sample);
    Redrawn { check, sample, again }
}

/// The draws of a month, each made again: two queries.
pub async fn redraw_month(
    conn: &mut Conn,
    month: Month,
    after: Option<Cursor>,
    size: usize,
) -> Result<Page<Redrawn>> {
    let mut rows = Where::new();
    rows.and("s.month = ?", vec![month.0.into()]);
    if let Some(cursor) = after {
        rows.and("s.area > ?", vec![cursor.key.to_string().into()]);
    }
    let limit = rows.bind(i64::try_from(size + 1).unwrap_or(i64::MAX));
    let sql = format!("SELECT {SPOT} FROM spot_check s{} ORDER BY s.area LIMIT {limit}", rows.text());
    let checks: Vec<SpotCheck> = conn.all(&sql, rows.args()).await?;
    let mut numbers: BTreeMap<SpotId, Vec<i64>> = BTreeMap::new();
    if !checks.is_empty() {
        let ids: Vec<SpotId> = checks.iter().map(|c| c.id).collect();
        let mut rows = Where::new();
        rows.any("check_id", &ids);
        let sql = format!("SELECT check_id, n FROM spot_home{} ORDER BY n", rows.text());
        let drawn: Vec<(SpotId, i64)> = conn.all(&sql, rows.args()).await?;
        for (id, n) in drawn {
            numbers.entry(id).or_default().push(n);
        }
    }
    let all: Vec<Redrawn> = checks
        .into_iter()
        .map(|check| {
            let sample = numbers.remove(&check.id).unwrap_or_default();
            redrawn(check, sample)
        })
        .collect();
    Ok(Page::cut(all, size, |r| Cursor {
        key: r.check.area.as_str().parse().unwrap_or_default(),
        id: r.check.id.0,
    }))
}

/// A draw made again, and its list of homes held against the register: homes that were registered by then and not
/// listed, and listed ones that are no longer there.
pub async fn redraw(conn: &mut Conn, id: SpotId) -> Result<(Redrawn, Vec<i64>, Vec<i64>)> {
    let check = super::spot::spot(conn, id).await?;
    let sql = "SELECT n FROM spot_home WHERE check_id = $1 ORDER BY n";
    let sample: Vec<(i64,)> = conn.all(sql, params![id]).await?;
    let sql = "SELECT n, created_at FROM dwelling WHERE area = $1 AND (closed_at IS NULL OR closed_at > $2) ORDER BY n";
    let known: Vec<(i64, Timestamp)> = conn.all(sql, params![&check.area, check.drawn_at]).await?;
    let frame = read_frame(&check.frame).unwrap_or_default();
    let listed: std::collections::BTreeSet<i64> = frame.iter().copied().collect();
    let there: std::collections::BTreeSet<i64> = known.iter().map(|(n, _)| *n).collect();
    let omitted =
        known.iter().filter(|(n, at)| *at < check.drawn_at && !listed.contains(n)).map(|(n, _)| *n).collect();
    let gone = frame.into_iter().filter(|n| !there.contains(n)).collect();
    Ok((redrawn(check, sample.into_iter().map(|(n,)| n).collect()), omitted, gone))
}
