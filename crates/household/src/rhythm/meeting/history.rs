//! Meetings of the past, told at once (往期例会): for a district that comes with its minutes.

use linli_kernel::{AreaCode, Error, Result, Timestamp, actor::AccountId, params, time::DAY_MS};
use linli_store::{Entry, Op, bulk::Insert};
use serde_json::json;

use super::{
    Week,
    agenda::facts,
    model::{MeetingId, PointId, PointKind, Post, TodoId, TodoState},
};
use crate::rhythm::china_day;

/// When a community meets, and how it has met.
#[derive(Debug, Clone)]
pub struct Told {
    /// The community.
    pub area: AreaCode,
    /// Counted from Monday.
    pub weekday: i64,
    /// Counted from midnight.
    pub minute: i64,
    /// Where.
    pub place: String,
    /// Who was expected: account, name, post, grid; the secretary first.
    pub people: Vec<(AccountId, String, Post, String)>,
    /// Meetings that were held.
    pub meetings: Vec<Held>,
}

/// A meeting that was held.
#[derive(Debug, Clone)]
pub struct Held {
    /// When it began.
    pub at: Timestamp,
    /// Which of the people did not come.
    pub absent: Vec<usize>,
    /// Guests: name, for whom.
    pub guests: Vec<(String, String)>,
    /// What was talked about: title, minutes, to-dos.
    pub points: Vec<(String, String, Vec<Given>)>,
}

/// A to-do that was given.
#[derive(Debug, Clone)]
pub struct Given {
    /// What was to be done.
    pub words: String,
    /// Which of the people.
    pub who: usize,
    /// Days after the meeting.
    pub days: i64,
    /// What came of it; open without.
    pub result: Option<String>,
}

#[derive(Default)]
struct Rows {
    plans: Vec<Vec<linli_kernel::Value>>,
    meetings: Vec<Vec<linli_kernel::Value>>,
    people: Vec<Vec<linli_kernel::Value>>,
    points: Vec<Vec<linli_kernel::Value>>,
    todos: Vec<Vec<linli_kernel::Value>>,
}

impl Rows {
    fn meeting(&mut self, op: &Op, told: &Told, held: &Held) {
        let id = MeetingId(op.uuid());
        let end = Timestamp::from_millis(held.at.millis() + 50 * 60_000);
        let by = told.people.first().map(|p| p.1.clone()).unwrap_or_default();
        self.meetings.push(params![
            id,
            &told.area,
            Week::of(held.at).0,
            held.at,
            &told.place,
            "closed",
            held.at,
            end,
            &by
        ]);
        for (n, (account, name, post, place)) in told.people.iter().enumerate() {
            let came = !held.absent.contains(&n);
            self.people.push(params![id, account.to_string(), *account, name, *post, place, came]);
        }
        for (name, place) in &held.guests {
            let account: Option<AccountId> = None;
            self.people.push(params![
                id,
                format!("guest:{place}:{name}"),
                account,
                name,
                Post::Guest,
                place,
                true
            ]);
        }
        for (nth, (title, minutes, given)) in held.points.iter().enumerate() {
            let point = PointId(op.uuid());
            self.points.push(params![
                point,
                id,
                i64::try_from(nth).unwrap_or_default() + 1,
                PointKind::Own,
                format!("own:{point}"),
                &told.area,
                json!(facts([("title", title.clone())])),
                false,
                minutes,
                2_i64,
                end,
                &by
            ]);
            for todo in given {
                self.todo(op, told, (id, point, end, by.as_str()), todo);
            }
        }
    }

    fn todo(
        &mut self,
        op: &Op,
        told: &Told,
        (id, point, end, by): (MeetingId, PointId, Timestamp, &str),
        todo: &Given,
    ) {
        let Some((account, name, ..)) = told.people.get(todo.who) else { return };
        let due = china_day(end) + todo.days;
        // Done on the day before it was due, if that is past.
        let done = Timestamp::from_millis(end.millis() + (todo.days - 1).max(0) * DAY_MS).min(op.now);
        let state = if todo.result.is_some() { TodoState::Done } else { TodoState::Open };
        let settled = todo.result.as_ref().map(|_| done);
        let settler = todo.result.as_ref().map(|_| name.clone());
        self.todos.push(params![
            TodoId(op.uuid()),
            id,
            point,
            &told.area,
            &todo.words,
            *account,
            name,
            due,
            "",
            &told.area,
            state,
            todo.result.clone().unwrap_or_default(),
            settled,
            settler,
            end,
            by,
            1_i64
        ]);
    }
}

/// Writes plans and past meetings, one activity row for each community. The caller commits.
pub async fn record(op: &mut Op, all: &[Told]) -> Result<()> {
    if op.actor != linli_kernel::Actor::System {
        return Err(Error::Forbidden("error-forbidden"));
    }
    let mut rows = Rows::default();
    for told in all {
        rows.plans.push(params![
            &told.area,
            told.weekday,
            told.minute,
            &told.place,
            true,
            Week::of(op.now).0,
            1_i64,
            op.now,
            told.people.first().map(|p| p.1.clone()).unwrap_or_default()
        ]);
        for held in &told.meetings {
            rows.meeting(op, told, held);
        }
        op.log(Entry {
            action: "meeting.history",
            subject: "meeting_plan",
            subject_id: told.area.to_string(),
            area: told.area.clone(),
            detail: json!({ "meetings": told.meetings.len() }),
        })
        .await?;
    }
    let insert = |head, row| Insert { head, row, tail: "" };
    op.tx
        .insert(
            insert(
                "INSERT INTO meeting_plan (area, weekday, minute, place, active, from_week, version, changed_at, changed_by)",
                "(?, ?, ?, ?, ?, ?, ?, ?, ?)",
            ),
            rows.plans,
        )
        .await?;
    op.tx
        .insert(
            insert(
                "INSERT INTO meeting (id, area, week, starts_at, place, state, proposed_at, closed_at, closed_by)",
                "(?, ?, ?, ?, ?, ?, ?, ?, ?)",
            ),
            rows.meetings,
        )
        .await?;
    op.tx
        .insert(
            insert(
                "INSERT INTO meeting_person (meeting_id, key, account, name, post, place, came)",
                "(?, ?, ?, ?, ?, ?, ?)",
            ),
            rows.people,
        )
        .await?;
    op.tx
        .insert(
            insert(
                "INSERT INTO meeting_point (id, meeting_id, nth, kind, key, area, facts, struck, minutes, version, written_at, written_by)",
                "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            ),
            rows.points,
        )
        .await?;
    op.tx
        .insert(
            insert(
                "INSERT INTO meeting_todo (id, meeting_id, point_id, area, words, responsible, responsible_name, due, subject_words, subject_area, state,
                   result, settled_at, settled_by, made_at, made_by, version)",
                "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            ),
            rows.todos,
        )
        .await?;
    Ok(())
}
