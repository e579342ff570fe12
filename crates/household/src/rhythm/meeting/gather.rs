//! The figures of a week (本周情况), asked from the register and from the desk of cases.

use linli_access::Scope;
use linli_kernel::{AreaCode, Result, Timestamp, area::AreaLevel, export::uuid::Uuid, params, time::DAY_MS};
use linli_store::{Conn, District, Op, worker::Work};

use super::{
    super::{china_day, figures},
    agenda::{CareHome, Unsettled, facts, of_care, of_cases, of_coverage, of_rounds, of_wrong, over},
    model::{PointKind, Proposal, Subject, TODO, Todo},
};

/// A port: the cases of a community that somebody must talk about. Without it the agenda has none.
#[derive(Debug, Clone, Copy)]
pub struct CaseDesk(pub for<'a> fn(&'a District, &'a AreaCode, Timestamp) -> Work<'a, Unsettled>);

/// Marks that end within so many days are talked about.
const SOON_DAYS: i64 = 30;
/// Homes of one kind that are counted; more are not told apart.
const HOMES: i64 = 200;

async fn open_todos(conn: &mut Conn, area: &AreaCode) -> Result<Vec<Proposal>> {
    let sql = format!(
        "SELECT {TODO} FROM meeting_todo t WHERE t.area = $1 AND t.state = 'open' ORDER BY t.due, t.id"
    );
    let found: Vec<Todo> = conn.all(&sql, params![area]).await?;
    let day = |due: i64| Timestamp::from_millis(due * DAY_MS).china_date().to_string();
    Ok(found
        .into_iter()
        .map(|todo| Proposal {
            kind: PointKind::Todo,
            key: format!("todo:{}", todo.id),
            area: todo.subject_area,
            subject: todo.subject_kind.zip(todo.subject).map(|(kind, id)| Subject { kind, id }),
            facts: facts([
                ("words", todo.words),
                ("name", todo.responsible_name),
                ("due", day(todo.due)),
                ("tied", todo.subject_words),
                ("result", todo.result),
            ]),
        })
        .collect())
}

async fn rounds(conn: &mut Conn, area: &AreaCode, since: Timestamp, now: Timestamp) -> Result<Vec<Proposal>> {
    let (low, high) = area.range();
    // The lists that are over: today's may still be settled.
    let sql = "SELECT l.area, count(*), count(h.outcome) FROM look_round l JOIN look_round_home h ON h.round_id = l.id
         JOIN dwelling d ON d.id = h.dwelling_id
         WHERE l.day >= $1 AND l.day < $2 AND l.area >= $3 AND l.area < $4 GROUP BY l.area ORDER BY l.area";
    let found: Vec<(AreaCode, i64, i64)> =
        conn.all(sql, params![china_day(since), china_day(now), low, high]).await?;
    Ok(of_rounds(&found))
}

async fn wrong(conn: &mut Conn, area: &AreaCode, since: Timestamp) -> Result<Vec<Proposal>> {
    let (low, high) = area.range();
    let sql = "SELECT s.area, s.id, count(*) FROM spot_check s JOIN spot_answer a ON a.check_id = s.id AND a.answer = 'wrong'
         JOIN spot_home h ON h.check_id = s.id AND h.dwelling_id = a.dwelling_id
         WHERE h.noted_at >= $1 AND s.area >= $2 AND s.area < $3 GROUP BY s.area, s.id ORDER BY s.area, s.id";
    let found: Vec<(AreaCode, Uuid, i64)> = conn.all(sql, params![since, low, high]).await?;
    Ok(of_wrong(&found))
}

async fn care(
    conn: &mut Conn,
    area: &AreaCode,
    kind: PointKind,
    instant: &str,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<Proposal>> {
    let (low, high) = area.range();
    let sql = format!(
        "SELECT d.id, d.area, d.address, min(c.{instant}) AS at FROM care_mark c JOIN resident r ON r.id = c.resident_id
         JOIN dwelling d ON d.id = r.dwelling_id
         WHERE c.ended_at IS NULL AND c.{instant} >= $1 AND c.{instant} < $2 AND c.area >= $3 AND c.area < $4
         GROUP BY d.id, d.area, d.address, d.n ORDER BY min(c.{instant}), d.n LIMIT $5"
    );
    let found: Vec<CareHome> = conn.all(&sql, params![from, to, low, high, HOMES]).await?;
    Ok(of_care(area, kind, &found))
}

/// What a meeting of this community is to talk about, in the order of the agenda; news is what came since then.
pub(super) async fn gather(op: &mut Op, area: &AreaCode, since: Timestamp) -> Result<Vec<Proposal>> {
    let now = op.now;
    let mut all = open_todos(&mut op.tx, area).await?;
    if let Some(desk) = op.district.ports.get::<CaseDesk>() {
        let unsettled = (desk.0)(&op.district, area, now).await?;
        all.extend(of_cases(area, &unsettled));
    }
    all.extend(rounds(&mut op.tx, area, since, now).await?);
    let figures = figures(&mut op.tx, &Scope::everything(), area, AreaLevel::Grid, now).await?;
    all.extend(of_coverage(&figures, over(now)));
    all.extend(wrong(&mut op.tx, area, since).await?);
    let later = Timestamp::from_millis(now.millis() + SOON_DAYS * DAY_MS);
    let past = Timestamp::from_millis(now.millis() + 1);
    all.extend(care(&mut op.tx, area, PointKind::CareNew, "created_at", since, past).await?);
    all.extend(care(&mut op.tx, area, PointKind::CareEnd, "expires_at", now, later).await?);
    Ok(all)
}
