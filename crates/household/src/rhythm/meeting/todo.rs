//! To-dos (待办): one person, one day, tied to what they come from; settled in one tap with a word of what came of it.

use chrono::NaiveDate;
use linli_access::Access;
use linli_kernel::{AreaCode, Error, Result, Timestamp, actor::AccountId, error::Check, params, text_enum};
use linli_store::{Entry, Op};
use serde_json::json;

use super::{
    model::{Meeting, PointId, PointKind, SubjectKind, TODO, Todo, TodoId, TodoState},
    see::{TODO as MAY, permit_hold, permit_see},
};
use crate::rhythm::china_day;

/// The longest text.
pub const WORDS_MAX: usize = 200;
/// A to-do lies at most so many days ahead.
const AHEAD: i64 = 366;

text_enum! {
    /// What became of a to-do.
    pub enum Settled {
        /// 办好了
        Done = "done",
        /// 办不了: it stays, and the next meeting talks about it.
        Stuck = "stuck",
    }
}

/// A to-do as it is given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewTodo {
    /// What is to be done.
    pub words: String,
    /// By whom: one of those who are expected.
    pub responsible: Option<AccountId>,
    /// By the end of which day.
    pub due: Option<NaiveDate>,
}

struct Checked {
    words: String,
    responsible: AccountId,
    name: String,
    due: i64,
}

async fn checked(op: &mut Op, meeting: &Meeting, new: &NewTodo, mut check: Check) -> Result<Checked> {
    let words = check.text("todo", &new.words, WORDS_MAX);
    let sql = "SELECT account, name FROM meeting_person WHERE meeting_id = $1 AND account IS NOT NULL";
    let people: Vec<(AccountId, String)> = op.tx.all(sql, params![meeting.id]).await?;
    let known = new.responsible.and_then(|id| people.into_iter().find(|(one, _)| *one == id));
    let who = check.parse("who", "meeting-todo-who", known);
    let today = china_day(op.now);
    let due = new.due.map(|day| china_day(Timestamp::china_midnight(day)));
    let due = check.parse("due", "meeting-todo-due", due.filter(|d| (today..=today + AHEAD).contains(d)));
    check.done()?;
    let (Some((responsible, name)), Some(due)) = (who, due) else { return Err(Error::NotFound) };
    Ok(Checked { words, responsible, name, due })
}

/// What a point says of its thing: kind, where, what, facts.
type Tied = (PointKind, AreaCode, Option<SubjectKind>, Option<String>, String);

/// Gives a to-do with a point's minutes. The caller holds the meeting's row and commits.
pub(super) async fn give(
    op: &mut Op,
    meeting: &Meeting,
    point: PointId,
    new: &NewTodo,
    check: Check,
) -> Result<TodoId> {
    let it = checked(op, meeting, new, check).await?;
    let sql = "SELECT kind, area, subject_kind, subject, facts FROM meeting_point WHERE id = $1";
    let (kind, place, subject_kind, subject, facts): Tied = op.tx.one(sql, params![point]).await?;
    let facts: super::Facts = serde_json::from_str(&facts).unwrap_or_default();
    // What a page says of the thing without asking for it again: a case's number, a home's address.
    let word = match (kind, subject_kind) {
        (PointKind::Todo, _) => "tied",
        (_, Some(SubjectKind::Case)) => "number",
        (_, Some(SubjectKind::Home)) => "address",
        _ => "",
    };
    let id = TodoId(op.uuid());
    let by = op.actor.name().to_owned();
    op.tx
        .execute(
            "INSERT INTO meeting_todo (id, meeting_id, point_id, area, words, responsible, responsible_name, due, subject_kind, subject,
               subject_words, subject_area, state, result, made_at, made_by, version)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'open', '', $13, $14, 1)",
            params![
                id,
                meeting.id,
                point,
                &meeting.area,
                &it.words,
                it.responsible,
                &it.name,
                it.due,
                subject_kind,
                &subject,
                facts.get(word).cloned().unwrap_or_default(),
                &place,
                op.now,
                by
            ],
        )
        .await?;
    let detail = json!({ "words": it.words, "responsible": it.responsible, "due": new.due, "point": point });
    log(op, "meeting.todo", id, &meeting.area, detail).await?;
    Ok(id)
}

async fn locked(op: &mut Op, id: TodoId) -> Result<Todo> {
    let lock = op.tx.dialect("", "FOR UPDATE OF t").to_owned();
    op.tx.one(&format!("SELECT {TODO} FROM meeting_todo t WHERE t.id = $1 {lock}"), params![id]).await
}

/// Says what became of a to-do: whose it is, or who holds the meetings there. The same again changes nothing; done
/// stays done. The caller commits.
pub async fn settle(op: &mut Op, id: TodoId, what: Settled, result: &str) -> Result<Todo> {
    let todo = locked(op, id).await?;
    op.district.port::<Access>()?.policy.require_somewhere(&op.actor, MAY)?;
    if op.actor.account() != Some(todo.responsible) {
        permit_see(op, &todo.area)?;
        permit_hold(op, &todo.area).map_err(|_| Error::Forbidden("meeting-todo-not-yours"))?;
    }
    let mut check = Check::new();
    let result = check.optional("result", Some(result), WORDS_MAX).unwrap_or_default();
    check.require(what == Settled::Done || !result.is_empty(), "result", "meeting-todo-why");
    check.done()?;
    let state = if what == Settled::Done { TodoState::Done } else { TodoState::Open };
    if todo.state == state && todo.result == result && todo.settled_at.is_some() {
        return Ok(todo);
    }
    if todo.state != TodoState::Open {
        return Err(Error::Conflict("meeting-todo-settled"));
    }
    let by = op.actor.name().to_owned();
    op.tx
        .execute(
            "UPDATE meeting_todo SET state = $2, result = $3, settled_at = $4, settled_by = $5, version = version + 1 WHERE id = $1",
            params![id, state, &result, op.now, by],
        )
        .await?;
    log(op, "meeting.settle", id, &todo.area, json!({ "what": what, "result": result })).await?;
    locked(op, id).await
}

/// What a secretary changes of a to-do that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The version that they had before them.
    pub base: i64,
    /// As it is to be.
    pub new: NewTodo,
    /// It is not done any more, for this reason.
    pub dropped: Option<String>,
}

/// Gives a to-do to somebody else, moves its day, mends its words, or drops it with a reason. The caller commits.
pub async fn change(op: &mut Op, id: TodoId, change: &Change) -> Result<Todo> {
    let todo = locked(op, id).await?;
    permit_hold(op, &todo.area)?;
    if todo.state != TodoState::Open {
        return Err(Error::Conflict("meeting-todo-settled"));
    }
    if todo.version != change.base {
        return Err(Error::Conflict("meeting-todo-changed"));
    }
    let by = op.actor.name().to_owned();
    if let Some(reason) = &change.dropped {
        let mut check = Check::new();
        let reason = check.text("reason", reason, WORDS_MAX);
        check.done()?;
        op.tx
            .execute(
                "UPDATE meeting_todo SET state = 'dropped', result = $2, settled_at = $3, settled_by = $4, version = version + 1 WHERE id = $1",
                params![id, &reason, op.now, by],
            )
            .await?;
        log(op, "meeting.drop", id, &todo.area, json!({ "reason": reason })).await?;
        noted(op, &todo, format!("不再办理：{reason}")).await?;
    } else {
        // Whoever serves there now stands on the list of the newest meeting.
        let meeting = newest(op, &todo).await?;
        let it = checked(op, &meeting, &change.new, Check::new()).await?;
        op.tx
            .execute(
                "UPDATE meeting_todo SET words = $2, responsible = $3, responsible_name = $4, due = $5, version = version + 1 WHERE id = $1",
                params![id, &it.words, it.responsible, &it.name, it.due],
            )
            .await?;
        let detail = json!({ "words": it.words, "responsible": it.responsible, "due": change.new.due, "before": todo });
        log(op, "meeting.give", id, &todo.area, detail).await?;
        let day = change.new.due.map(|d| d.to_string()).unwrap_or_default();
        noted(op, &todo, format!("改为“{}”，责任人{}，期限{day}", it.words, it.name)).await?;
    }
    locked(op, id).await
}

/// Minutes that are over stay as they were: what changes of their to-dos is added to them.
async fn noted(op: &mut Op, todo: &Todo, what: String) -> Result<()> {
    let sql = "SELECT count(*) FROM meeting WHERE id = $1 AND state = 'closed'";
    let closed: i64 = op.tx.scalar(sql, params![todo.meeting_id]).await?;
    if closed == 0 {
        return Ok(());
    }
    let words = format!("待办“{}”（{}）{what}", todo.words, todo.responsible_name);
    let (id, by) = (op.uuid(), op.actor.name().to_owned());
    let sql = "INSERT INTO meeting_note (id, meeting_id, words, by_name, at) VALUES ($1, $2, $3, $4, $5)";
    op.tx.execute(sql, params![id, todo.meeting_id, words, by, op.now]).await?;
    Ok(())
}

async fn newest(op: &mut Op, todo: &Todo) -> Result<Meeting> {
    let sql = format!(
        "SELECT {} FROM meeting m WHERE m.area = $1 ORDER BY m.week DESC LIMIT 1",
        super::model::MEETING
    );
    op.tx.one(&sql, params![&todo.area]).await
}

async fn log(
    op: &mut Op,
    action: &'static str,
    id: TodoId,
    area: &AreaCode,
    detail: serde_json::Value,
) -> Result<()> {
    op.announce("meeting", area.as_str(), "");
    op.log(Entry { action, subject: "meeting_todo", subject_id: id.to_string(), area: area.clone(), detail })
        .await
}
