//! What a secretary does with a meeting (主持例会): agenda, who came, minutes, its end, and what is added later.
//!
//! Whatever is written holds the meeting's row first: of two who write at once the second sees what the first wrote.

use chrono::NaiveDate;
use linli_kernel::{AreaCode, Error, Result, Timestamp, error::Check, params};
use linli_store::{Conn, Op};
use serde_json::json;

use super::{
    agenda::facts,
    instant,
    make::log,
    model::{MEETING, Meeting, MeetingId, Moved, PointId, PointKind, Post},
    see::permit_hold,
    todo::{NewTodo, give},
};
use crate::rhythm::china_day;

/// The longest text of a point's minutes, in characters.
pub const MINUTES_MAX: usize = 2000;
/// The longest name of a point.
pub const TITLE_MAX: usize = 100;
/// Days by which a meeting may be put off.
const PUT_OFF: i64 = 31;

/// A meeting. The caller asks whether it may be seen.
pub async fn meeting(conn: &mut Conn, id: MeetingId) -> Result<Meeting> {
    conn.one(&format!("SELECT {MEETING} FROM meeting m WHERE m.id = $1"), params![id]).await
}

/// Holds the row for somebody who may; it may be over.
pub(super) async fn held(op: &mut Op, id: MeetingId) -> Result<Meeting> {
    let lock = op.tx.dialect("", "FOR UPDATE OF m").to_owned();
    let sql = format!("SELECT {MEETING} FROM meeting m WHERE m.id = $1 {lock}");
    let found: Meeting = op.tx.one(&sql, params![id]).await?;
    permit_hold(op, &found.area)?;
    Ok(found)
}

async fn open(op: &mut Op, id: MeetingId) -> Result<Meeting> {
    let found = held(op, id).await?;
    if found.is_closed() { Err(Error::Conflict("meeting-closed")) } else { Ok(found) }
}

/// Adds a point of one's own at the end. The caller commits.
pub async fn add_point(op: &mut Op, id: MeetingId, title: &str) -> Result<PointId> {
    let meeting = open(op, id).await?;
    let mut check = Check::new();
    let title = check.text("title", title, TITLE_MAX);
    check.done()?;
    let sql = "SELECT coalesce(max(nth), 0) FROM meeting_point WHERE meeting_id = $1";
    let last: i64 = op.tx.scalar(sql, params![id]).await?;
    let point = PointId(op.uuid());
    op.tx
        .execute(
            "INSERT INTO meeting_point (id, meeting_id, nth, kind, key, area, facts, struck, minutes, version)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', 1)",
            params![
                point,
                id,
                last + 1,
                PointKind::Own,
                format!("own:{point}"),
                &meeting.area,
                json!(facts([("title", title.clone())])),
                false
            ],
        )
        .await?;
    log(op, "meeting.point", id, &meeting.area, json!({ "point": point, "title": title })).await?;
    Ok(point)
}

/// Takes a point off the agenda, or puts it back. The same again changes nothing. The caller commits.
pub async fn strike(op: &mut Op, id: MeetingId, point: PointId, struck: bool) -> Result<()> {
    let meeting = open(op, id).await?;
    let sql = "SELECT struck, minutes FROM meeting_point WHERE id = $1 AND meeting_id = $2";
    let (before, minutes): (bool, String) = op.tx.one(sql, params![point, id]).await?;
    if before == struck {
        return Ok(());
    }
    let sql = "SELECT count(*) FROM meeting_todo WHERE point_id = $1";
    let given: i64 = op.tx.scalar(sql, params![point]).await?;
    if struck && (!minutes.is_empty() || given > 0) {
        return Err(Error::Conflict("meeting-point-written"));
    }
    op.tx.execute("UPDATE meeting_point SET struck = $2 WHERE id = $1", params![point, struck]).await?;
    log(op, "meeting.strike", id, &meeting.area, json!({ "point": point, "struck": struck })).await
}

/// Moves a point one place up or down among those that stand. The caller commits.
pub async fn shift(op: &mut Op, id: MeetingId, point: PointId, up: bool) -> Result<()> {
    let meeting = open(op, id).await?;
    let sql = "SELECT id, nth FROM meeting_point WHERE meeting_id = $1 AND struck = $2 ORDER BY nth";
    let all: Vec<(PointId, i64)> = op.tx.all(sql, params![id, false]).await?;
    let Some(at) = all.iter().position(|(one, _)| *one == point) else { return Err(Error::NotFound) };
    let other = if up { at.checked_sub(1) } else { Some(at + 1) };
    let Some(&(beside, place)) = other.and_then(|n| all.get(n)) else { return Ok(()) };
    let sql = "UPDATE meeting_point SET nth = $2 WHERE id = $1";
    op.tx.execute(sql, params![point, place]).await?;
    op.tx.execute(sql, params![beside, all[at].1]).await?;
    log(op, "meeting.order", id, &meeting.area, json!({ "point": point, "up": up })).await
}

/// What somebody wrote of a point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Writing {
    /// The version that they had before them.
    pub base: i64,
    /// What was decided.
    pub minutes: String,
    /// What somebody is to do about it.
    pub todo: Option<NewTodo>,
}

/// Writes minutes, and gives a to-do with them. Who wrote meanwhile is never overwritten: that is refused, and the same
/// words again change nothing. The caller commits.
pub async fn write_point(op: &mut Op, id: MeetingId, point: PointId, writing: &Writing) -> Result<()> {
    let meeting = open(op, id).await?;
    let sql = "SELECT minutes, version FROM meeting_point WHERE id = $1 AND meeting_id = $2";
    let (before, version): (String, i64) = op.tx.one(sql, params![point, id]).await?;
    let mut check = Check::new();
    let minutes = check.optional("minutes", Some(&writing.minutes), MINUTES_MAX).unwrap_or_default();
    let same = minutes == before;
    if same && writing.todo.is_none() {
        return check.done();
    }
    if writing.base != version && !same {
        return Err(Error::Conflict("meeting-point-changed"));
    }
    if let Some(todo) = &writing.todo {
        give(op, &meeting, point, todo, check).await?;
    } else {
        check.done()?;
    }
    let by = op.actor.name().to_owned();
    op.tx
        .execute(
            "UPDATE meeting_point SET minutes = $2, struck = $3, version = version + 1, written_at = $4, written_by = $5 WHERE id = $1",
            params![point, &minutes, false, op.now, by],
        )
        .await?;
    if same {
        return Ok(());
    }
    log(
        op,
        "meeting.write",
        id,
        &meeting.area,
        json!({ "point": point, "minutes": minutes, "before": before }),
    )
    .await
}

/// Notes who came. A form tells who was marked when it was made, so that two who mark different people do not undo each
/// other. The caller commits.
pub async fn attend(op: &mut Op, id: MeetingId, was: &[String], came: &[String]) -> Result<()> {
    let meeting = open(op, id).await?;
    let sql = "SELECT key, came FROM meeting_person WHERE meeting_id = $1";
    let known: Vec<(String, bool)> = op.tx.all(sql, params![id]).await?;
    let mut changed = Vec::new();
    for (key, before) in known {
        let marked = came.contains(&key);
        if marked == was.contains(&key) || marked == before {
            continue;
        }
        let sql = "UPDATE meeting_person SET came = $3 WHERE meeting_id = $1 AND key = $2";
        op.tx.execute(sql, params![id, &key, marked]).await?;
        changed.push(json!({ "who": key, "came": marked }));
    }
    if changed.is_empty() {
        return Ok(());
    }
    log(op, "meeting.attend", id, &meeting.area, json!({ "people": changed })).await
}

/// Notes a guest who came: of a property company, an owners' committee, a school. The same guest again is the same. The
/// caller commits.
pub async fn add_guest(op: &mut Op, id: MeetingId, name: &str, place: &str) -> Result<()> {
    let meeting = open(op, id).await?;
    let mut check = Check::new();
    let name = check.text("name", name, 20);
    let place = check.text("place", place, 40);
    check.done()?;
    let made = op
        .tx
        .execute(
            "INSERT INTO meeting_person (meeting_id, key, name, post, place, came) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (meeting_id, key) DO NOTHING",
            params![id, format!("guest:{place}:{name}"), &name, Post::Guest, &place, true],
        )
        .await?;
    if made == 0 {
        return Ok(());
    }
    log(op, "meeting.guest", id, &meeting.area, json!({ "name": name, "place": place })).await
}

/// Another day, hour or place for this meeting only. The caller commits.
pub async fn put_off(
    op: &mut Op,
    id: MeetingId,
    day: Option<NaiveDate>,
    minute: Option<i64>,
    place: &str,
) -> Result<()> {
    let meeting = open(op, id).await?;
    let mut check = Check::new();
    let first = meeting.week().monday();
    let near = |day: &NaiveDate| (0..=PUT_OFF).contains(&(*day - first).num_days());
    let day = check.parse("day", "meeting-day-far", day.filter(near));
    let minute = check.parse("time", "meeting-time-needed", minute.filter(|m| (0..24 * 60).contains(m)));
    let place = check.optional("place", Some(place), 60).unwrap_or_default();
    check.done()?;
    let (Some(day), Some(minute)) = (day, minute) else { return Err(Error::NotFound) };
    let at = instant(day, minute);
    if at == meeting.starts_at && place == meeting.place {
        return Ok(());
    }
    let moved = if at == meeting.starts_at { meeting.moved } else { Some(Moved::Hand) };
    let sql = "UPDATE meeting SET starts_at = $2, place = $3, moved = $4 WHERE id = $1";
    op.tx.execute(sql, params![id, at, &place, moved]).await?;
    let detail = json!({ "starts_at": at, "before": meeting.starts_at, "place": place });
    log(op, "meeting.move", id, &meeting.area, detail).await
}

/// Ends a meeting: its minutes stay as they are. The same again changes nothing. The caller commits.
pub async fn close(op: &mut Op, id: MeetingId) -> Result<AreaCode> {
    let meeting = held(op, id).await?;
    if meeting.is_closed() {
        return Ok(meeting.area);
    }
    if china_day(op.now) < china_day(meeting.starts_at) {
        return Err(Error::Conflict("meeting-not-yet"));
    }
    let sql = "SELECT count(*) FROM meeting_person WHERE meeting_id = $1 AND came = $2";
    let came: i64 = op.tx.scalar(sql, params![id, true]).await?;
    if came == 0 {
        return Err(Error::Conflict("meeting-nobody-came"));
    }
    let by = op.actor.name().to_owned();
    op.tx
        .execute(
            "UPDATE meeting SET state = 'closed', closed_at = $2, closed_by = $3 WHERE id = $1",
            params![id, op.now, by],
        )
        .await?;
    log(op, "meeting.close", id, &meeting.area, json!({ "week": meeting.week().to_string(), "came": came }))
        .await?;
    Ok(meeting.area)
}

/// Adds to the minutes of a meeting that is over, with name and time; what was written stays. The caller commits.
pub async fn add_note(op: &mut Op, id: MeetingId, words: &str) -> Result<()> {
    let meeting = held(op, id).await?;
    if !meeting.is_closed() {
        return Err(Error::Conflict("meeting-still-open"));
    }
    let mut check = Check::new();
    let words = check.text("note", words, MINUTES_MAX);
    check.done()?;
    let (key, by) = (op.uuid(), op.actor.name().to_owned());
    op.tx
        .execute(
            "INSERT INTO meeting_note (id, meeting_id, words, by_name, at) VALUES ($1, $2, $3, $4, $5)",
            params![key, id, &words, by, op.now],
        )
        .await?;
    log(op, "meeting.note", id, &meeting.area, json!({ "words": words })).await
}

/// What an instant is on the forms: the day and the minute of it.
pub fn day_and_minute(at: Timestamp) -> (NaiveDate, i64) {
    let day = at.china_date();
    (day, at.millis_since(Timestamp::china_midnight(day)) / 60_000)
}
