//! Meetings and to-dos as pages show them: each by a constant number of queries.

use std::collections::BTreeMap;

use linli_access::Scope;
use linli_grid::Atlas;
use linli_kernel::{
    AreaCode, Cursor, Page, Result, Timestamp, actor::AccountId, area::AreaLevel, params, text_enum,
};
use linli_store::{Conn, Where};
use serde::Serialize;

use super::{
    Plan, Week,
    model::{
        Meeting, MeetingId, Note, Person, Point, PointId, PointKind, State, Subject, SubjectKind, TODO, Todo,
    },
    plans,
    see::within,
    write::meeting,
};
use crate::rhythm::{china_day, figures::digits};

/// A meeting with all that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    /// The meeting.
    pub meeting: Meeting,
    /// Who is expected and who came.
    pub people: Vec<Person>,
    /// The agenda in its order, struck points included.
    pub points: Vec<Point>,
    /// What it gave, the earliest due first.
    pub todos: Vec<Todo>,
    /// What was added later.
    pub notes: Vec<Note>,
}

impl Whole {
    /// A point of it.
    pub fn point(&self, id: PointId) -> Option<&Point> {
        self.points.iter().find(|p| p.id == id)
    }

    /// The points that stand.
    pub fn standing(&self) -> impl Iterator<Item = &Point> {
        self.points.iter().filter(|p| !p.struck)
    }

    /// What a point gave.
    pub fn given(&self, id: PointId) -> impl Iterator<Item = &Todo> {
        self.todos.iter().filter(move |t| t.point_id == id)
    }
}

#[derive(sqlx::FromRow)]
struct PointRow {
    id: PointId,
    nth: i64,
    kind: PointKind,
    key: String,
    area: AreaCode,
    subject_kind: Option<SubjectKind>,
    subject: Option<String>,
    facts: String,
    struck: bool,
    minutes: String,
    version: i64,
    written_at: Option<Timestamp>,
    written_by: Option<String>,
}

impl From<PointRow> for Point {
    fn from(r: PointRow) -> Self {
        Self {
            id: r.id,
            nth: r.nth,
            kind: r.kind,
            key: r.key,
            area: r.area,
            subject: r.subject_kind.zip(r.subject).map(|(kind, id)| Subject { kind, id }),
            facts: serde_json::from_str(&r.facts).unwrap_or_default(),
            struck: r.struck,
            minutes: r.minutes,
            version: r.version,
            written_at: r.written_at,
            written_by: r.written_by,
        }
    }
}

/// A meeting with all that belongs to it: five queries. The caller asks whether it may be seen.
pub async fn whole(conn: &mut Conn, id: MeetingId) -> Result<Whole> {
    let meeting = meeting(conn, id).await?;
    let sql = "SELECT key, account, name, post, place, came FROM meeting_person WHERE meeting_id = $1
         ORDER BY CASE post WHEN 'secretary' THEN 0 WHEN 'worker' THEN 1 ELSE 2 END, place, name";
    let people = conn.all(sql, params![id]).await?;
    let sql = "SELECT id, nth, kind, key, area, subject_kind, subject, facts, struck, minutes, version, written_at, written_by
         FROM meeting_point WHERE meeting_id = $1 ORDER BY nth, id";
    let points: Vec<PointRow> = conn.all(sql, params![id]).await?;
    let sql = format!("SELECT {TODO} FROM meeting_todo t WHERE t.meeting_id = $1 ORDER BY t.due, t.id");
    let todos = conn.all(&sql, params![id]).await?;
    let sql = "SELECT words, by_name, at FROM meeting_note WHERE meeting_id = $1 ORDER BY at, id";
    let notes = conn.all(sql, params![id]).await?;
    Ok(Whole { meeting, people, points: points.into_iter().map(Point::from).collect(), todos, notes })
}

/// A meeting in a list.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow, Serialize)]
pub struct Line {
    /// Which one.
    pub id: MeetingId,
    /// The community.
    pub area: AreaCode,
    #[serde(skip)]
    week: i64,
    /// When it begins.
    pub starts_at: Timestamp,
    /// Where it stands.
    pub state: State,
    /// When it ended.
    pub closed_at: Option<Timestamp>,
    /// How many are expected, guests included.
    pub expected: i64,
    /// How many came.
    pub came: i64,
    /// Points that stand.
    pub points: i64,
    /// To-dos that it gave.
    pub todos: i64,
    /// Of them open.
    pub open: i64,
}

impl Line {
    /// Its week.
    pub const fn week(&self) -> Week {
        Week(self.week)
    }
}

const LINE: &str = "SELECT m.id, m.area, m.week, m.starts_at, m.state, m.closed_at,
    (SELECT count(*) FROM meeting_person p WHERE p.meeting_id = m.id) AS expected,
    (SELECT count(CASE WHEN p.came THEN 1 END) FROM meeting_person p WHERE p.meeting_id = m.id) AS came,
    (SELECT count(CASE WHEN NOT x.struck THEN 1 END) FROM meeting_point x WHERE x.meeting_id = m.id) AS points,
    (SELECT count(*) FROM meeting_todo t WHERE t.meeting_id = m.id) AS todos,
    (SELECT count(CASE WHEN t.state = 'open' THEN 1 END) FROM meeting_todo t WHERE t.meeting_id = m.id) AS open FROM meeting m";

/// The meetings of a community, the newest week first.
pub async fn of_community(
    conn: &mut Conn,
    scope: &Scope,
    area: &AreaCode,
    after: Option<Cursor>,
    size: usize,
) -> Result<Page<Line>> {
    let mut rows = Where::new();
    within(&mut rows, "m.area", scope, area);
    rows.before("m.week", "m.id", after);
    let limit = rows.bind(i64::try_from(size + 1).unwrap_or(i64::MAX));
    let sql = format!("{LINE}{} ORDER BY m.week DESC, m.id DESC LIMIT {limit}", rows.text());
    let found: Vec<Line> = conn.all(&sql, rows.args()).await?;
    Ok(Page::cut(found, size, |row| Cursor { key: row.week, id: row.id.0 }))
}

/// The meetings of a week in an area, in the order of the codes.
pub async fn of_week(conn: &mut Conn, scope: &Scope, area: &AreaCode, week: Week) -> Result<Vec<Line>> {
    let mut rows = Where::new();
    rows.and("m.week = ?", vec![week.0.into()]);
    within(&mut rows, "m.area", scope, area);
    let sql = format!("{LINE}{} ORDER BY m.area", rows.text());
    conn.all(&sql, rows.args()).await
}

/// A community and its meeting of a week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Community {
    /// Which one.
    pub area: AreaCode,
    /// When it meets, if that was set.
    pub plan: Option<Plan>,
    /// Its meeting.
    pub meeting: Option<Line>,
    /// To-dos that are open, whichever meeting gave them.
    pub open: i64,
    /// Of them past their day.
    pub overdue: i64,
}

impl Community {
    /// Whether it has held its meeting.
    pub fn held(&self) -> bool {
        self.meeting.as_ref().is_some_and(|m| m.state == State::Closed)
    }

    /// Whether it has no meetings at all.
    pub fn unset(&self) -> bool {
        self.meeting.is_none() && self.plan.as_ref().is_none_or(|p| !p.active)
    }
}

/// Every community of an area with its meeting of a week, in the order of the codes: three queries.
pub async fn communities(
    conn: &mut Conn,
    atlas: &Atlas,
    scope: &Scope,
    area: &AreaCode,
    week: Week,
    now: Timestamp,
) -> Result<Vec<Community>> {
    let meetings = of_week(conn, scope, area, week).await?;
    let plans = plans(conn, area).await?;
    let mut rows = Where::new();
    let today = rows.bind(china_day(now));
    rows.and("t.state = 'open'", vec![]);
    within(&mut rows, "t.area", scope, area);
    let sql = format!(
        "SELECT t.area, count(*), count(CASE WHEN t.due < {today} THEN 1 END) FROM meeting_todo t{} GROUP BY t.area",
        rows.text()
    );
    let todos: Vec<(AreaCode, i64, i64)> = conn.all(&sql, rows.args()).await?;
    let mut meetings: BTreeMap<AreaCode, Line> = meetings.into_iter().map(|m| (m.area.clone(), m)).collect();
    let mut plans: BTreeMap<AreaCode, Plan> = plans.into_iter().map(|p| (p.area.clone(), p)).collect();
    let todos: BTreeMap<AreaCode, (i64, i64)> =
        todos.into_iter().map(|(a, n, late)| (a, (n, late))).collect();
    let seen = |code: &AreaCode| scope.covers(code, &[]) || scope.areas.iter().any(|own| code.contains(own));
    Ok(atlas
        .within(area)
        .filter(|a| a.level() == AreaLevel::Community && seen(&a.code))
        .map(|a| {
            let (open, overdue) = todos.get(&a.code).copied().unwrap_or_default();
            Community {
                plan: plans.remove(&a.code),
                meeting: meetings.remove(&a.code),
                area: a.code.clone(),
                open,
                overdue,
            }
        })
        .collect())
}

/// The communities of a part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many there are.
    pub all: i64,
    /// Of them held their meeting.
    pub held: i64,
    /// Of them have none set.
    pub unset: i64,
    /// To-dos that are open.
    pub open: i64,
    /// Of them past their day.
    pub overdue: i64,
}

impl Sum {
    fn add(&mut self, one: &Community) {
        self.all += 1;
        self.held += i64::from(one.held());
        self.unset += i64::from(one.unset());
        self.open += one.open;
        self.overdue += one.overdue;
    }
}

/// The sum over communities.
pub fn sum_of(all: &[Community]) -> Sum {
    let mut sum = Sum::default();
    for one in all {
        sum.add(one);
    }
    sum
}

/// The sums of each part of a level, in the order of the codes.
pub fn parts(all: &[Community], level: AreaLevel) -> Vec<(AreaCode, Sum)> {
    let mut parts: BTreeMap<AreaCode, Sum> = BTreeMap::new();
    for one in all {
        let part = one.area.as_str().get(..digits(level)).and_then(|c| c.parse().ok());
        parts.entry(part.unwrap_or_else(|| one.area.clone())).or_default().add(one);
    }
    parts.into_iter().collect()
}

text_enum! {
    /// What a list of to-dos shows.
    pub enum Which {
        /// 未办
        Open = "open",
        /// 逾期
        Overdue = "overdue",
        /// 已办、不再办理
        Settled = "settled",
    }
}

/// The to-dos behind a number: open ones by their day, settled ones the newest first.
pub async fn todos(
    conn: &mut Conn,
    scope: &Scope,
    area: &AreaCode,
    which: Which,
    now: Timestamp,
    after: Option<Cursor>,
    size: usize,
) -> Result<Page<Todo>> {
    let mut rows = Where::new();
    within(&mut rows, "t.area", scope, area);
    let order = match which {
        Which::Open => {
            rows.and("t.state = 'open'", vec![]).after("t.due", "t.id", after);
            "t.due, t.id"
        }
        Which::Overdue => {
            rows.and("t.state = 'open' AND t.due < ?", vec![china_day(now).into()])
                .after("t.due", "t.id", after);
            "t.due, t.id"
        }
        Which::Settled => {
            rows.and("t.state <> 'open'", vec![]).before("t.settled_at", "t.id", after);
            "t.settled_at DESC, t.id DESC"
        }
    };
    let limit = rows.bind(i64::try_from(size + 1).unwrap_or(i64::MAX));
    let sql = format!("SELECT {TODO} FROM meeting_todo t{} ORDER BY {order} LIMIT {limit}", rows.text());
    let found: Vec<Todo> = conn.all(&sql, rows.args()).await?;
    Ok(Page::cut(found, size, |t| Cursor {
        key: if which == Which::Settled { t.settled_at.map_or(0, Timestamp::millis) } else { t.due },
        id: t.id.0,
    }))
}

/// The to-dos that somebody has to do, the earliest day first.
pub async fn todos_of(conn: &mut Conn, account: AccountId) -> Result<Vec<Todo>> {
    let sql = format!(
        "SELECT {TODO} FROM meeting_todo t WHERE t.responsible = $1 AND t.state = 'open' ORDER BY t.due, t.id LIMIT 100"
    );
    conn.all(&sql, params![account]).await
}

/// One to-do. The caller asks whether it may be seen.
pub async fn todo(conn: &mut Conn, id: super::TodoId) -> Result<Todo> {
    conn.one(&format!("SELECT {TODO} FROM meeting_todo t WHERE t.id = $1"), params![id]).await
}

/// Who may be given a to-do there: those expected at the newest meeting.
pub async fn people_of(conn: &mut Conn, area: &AreaCode) -> Result<Vec<Person>> {
    conn.all(
        "SELECT key, account, name, post, place, came FROM meeting_person WHERE account IS NOT NULL AND meeting_id =
           (SELECT m.id FROM meeting m WHERE m.area = $1 ORDER BY m.week DESC LIMIT 1) ORDER BY name",
        params![area],
    )
    .await
}
