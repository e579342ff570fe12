//! Each week's meeting is made by the system (自动生成): who is expected, and the points that the figures propose. An
//! hourly look owes the work to the outbox, one task for a community, so that none waits for another.

use std::{collections::BTreeMap, time::Duration};

use linli_access::accounts::{self, Serving};
use linli_grid::AtlasPort;
use linli_kernel::{AreaCode, Error, Result, Role, Timestamp, params, time::DAY_MS};
use linli_store::{
    Entry, Op,
    outbox::Task,
    worker::{Handler, Handlers, Work},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    Week,
    gather::gather,
    held_on, instant,
    model::{Facts, MEETING, Meeting, MeetingId, Moved, Person, PointId, PointKind, Post, Proposal},
    plan::{calendar, plan},
    see::permit_hold,
};

/// The outbox kind that looks which communities need one.
pub const LOOK: &str = "meeting.look";
/// The outbox kind that prepares one.
pub const PREPARE: &str = "meeting.prepare";

const EVERY: Duration = Duration::from_mins(20);
/// So long before it begins the points are proposed anew.
const FRESH: Duration = Duration::from_hours(24);
/// News older than this is none, however long ago the last meeting was.
const BACK_DAYS: i64 = 31;

#[derive(Debug, Serialize, Deserialize)]
struct Due {
    area: AreaCode,
    /// One that is there; otherwise that of the present week.
    meeting: Option<MeetingId>,
}

/// Owes this week's meeting of a community. The caller commits.
pub(super) async fn owe(op: &mut Op, area: &AreaCode) -> Result<()> {
    op.emit(PREPARE, &Due { area: area.clone(), meeting: None }).await
}

async fn look(op: &mut Op) -> Result<()> {
    let week = Week::of(op.now);
    let missing: Vec<(AreaCode,)> = op
        .tx
        .all(
            "SELECT p.area FROM meeting_plan p WHERE p.active = $1 AND p.from_week <= $2
               AND NOT EXISTS (SELECT 1 FROM meeting m WHERE m.area = p.area AND m.week = $2) ORDER BY p.area",
            params![true, week.0],
        )
        .await?;
    for (area,) in missing {
        let once = format!("meeting:{area}:{week}");
        op.emit_later(PREPARE, &once, &Due { area, meeting: None }, Duration::ZERO).await?;
    }
    let fresh = i64::try_from(FRESH.as_millis()).unwrap_or(DAY_MS);
    let soon: Vec<(MeetingId, AreaCode)> = op
        .tx
        .all(
            "SELECT id, area FROM meeting WHERE state = 'open' AND starts_at > $1 AND starts_at <= $2 AND proposed_at < starts_at - $3
             ORDER BY area",
            params![op.now, op.now.plus(FRESH), fresh],
        )
        .await?;
    for (id, area) in soon {
        let once = format!("meeting:{id}:fresh");
        op.emit_later(PREPARE, &once, &Due { area, meeting: Some(id) }, Duration::ZERO).await?;
    }
    Ok(())
}

async fn locked(op: &mut Op, condition: &str, args: Vec<linli_kernel::Value>) -> Result<Option<Meeting>> {
    let lock = op.tx.dialect("", "FOR UPDATE OF m").to_owned();
    op.tx.optional(&format!("SELECT {MEETING} FROM meeting m WHERE {condition} {lock}"), args).await
}

/// This week's meeting of a community: made if it is not there, and prepared anew while it is open. The caller commits.
pub async fn prepare(op: &mut Op, area: &AreaCode) -> Result<Option<MeetingId>> {
    let Some(plan) = plan(&mut op.tx, area).await?.filter(|p| p.active) else { return Ok(None) };
    let week = Week::of(op.now);
    if plan.from_week <= week.0 {
        let district = op.district.clone();
        let calendar = calendar(&district, &mut op.tx).await?;
        if let Some(day) = held_on(week, plan.weekday, &calendar) {
            make(
                op,
                &plan.area,
                week,
                instant(day, plan.minute),
                &plan.place,
                usual(week, plan.weekday) != day,
            )
            .await?;
        }
    }
    let Some(meeting) = locked(op, "m.area = $1 AND m.week = $2", params![area, week.0]).await? else {
        return Ok(None);
    };
    if !meeting.is_closed() {
        propose(op, &meeting).await?;
    }
    Ok(Some(meeting.id))
}

fn usual(week: Week, weekday: i64) -> chrono::NaiveDate {
    let monday = week.monday();
    monday.checked_add_days(chrono::Days::new(weekday.unsigned_abs())).unwrap_or(monday)
}

async fn make(
    op: &mut Op,
    area: &AreaCode,
    week: Week,
    at: Timestamp,
    place: &str,
    holiday: bool,
) -> Result<()> {
    let id = MeetingId(op.uuid());
    let moved = holiday.then_some(Moved::Holiday);
    let made = op
        .tx
        .execute(
            "INSERT INTO meeting (id, area, week, starts_at, place, moved, state, proposed_at) VALUES ($1, $2, $3, $4, $5, $6, 'open', $7)
             ON CONFLICT (area, week) DO NOTHING",
            params![id, area, week.0, at, place, moved, op.now],
        )
        .await?;
    if made == 1 {
        let detail = json!({ "week": week.to_string(), "starts_at": at });
        log(op, "meeting.make", id, area, detail).await?;
    }
    Ok(())
}

/// Proposes the points anew by the present figures, at the secretary's word. The caller commits.
pub async fn refresh(op: &mut Op, id: MeetingId) -> Result<()> {
    let Some(meeting) = locked(op, "m.id = $1", params![id]).await? else { return Err(Error::NotFound) };
    permit_hold(op, &meeting.area)?;
    if meeting.is_closed() {
        return Err(Error::Conflict("meeting-closed"));
    }
    propose(op, &meeting).await
}

type Kept = (PointId, PointKind, String, i64, String, bool, i64, String);

/// Brings the agenda up to the figures: what is new comes last, what somebody has written stays as it is, and what is
/// over is struck, so that a text on its way is not lost.
async fn propose(op: &mut Op, meeting: &Meeting) -> Result<()> {
    people(op, meeting).await?;
    let since = since(op, meeting).await?;
    let found = gather(op, &meeting.area, since).await?;
    let sql = "SELECT id, kind, key, nth, facts, struck, version, minutes FROM meeting_point WHERE meeting_id = $1 ORDER BY nth";
    let kept: Vec<Kept> = op.tx.all(sql, params![meeting.id]).await?;
    let mut last = kept.iter().map(|k| k.3).max().unwrap_or_default();
    let mut kept: BTreeMap<String, Kept> = kept.into_iter().map(|k| (k.2.clone(), k)).collect();
    let (mut added, mut over) = (0, 0);
    for proposal in &found {
        let Some((id, _, _, _, facts, struck, version, _)) = kept.remove(&proposal.key) else {
            last += 1;
            insert(op, meeting.id, last, proposal).await?;
            added += 1;
            continue;
        };
        let before: Facts = serde_json::from_str(&facts).unwrap_or_default();
        // Struck by us because it was over, and there again.
        let back = struck && before.contains_key("over");
        if version == 1 && (before != proposal.facts) && (!struck || back) {
            op.tx
                .execute(
                    "UPDATE meeting_point SET kind = $2, facts = $3, struck = $4 WHERE id = $1",
                    params![id, proposal.kind, json!(proposal.facts), false],
                )
                .await?;
        }
    }
    for (_, (id, kind, _, _, facts, struck, version, minutes)) in kept {
        if kind == PointKind::Own || struck || version > 1 || !minutes.is_empty() {
            continue;
        }
        let mut facts: Facts = serde_json::from_str(&facts).unwrap_or_default();
        facts.insert("over".to_owned(), "1".to_owned());
        let sql = "UPDATE meeting_point SET struck = $2, facts = $3 WHERE id = $1";
        op.tx.execute(sql, params![id, true, json!(facts)]).await?;
        over += 1;
    }
    op.tx.execute("UPDATE meeting SET proposed_at = $2 WHERE id = $1", params![meeting.id, op.now]).await?;
    log(
        op,
        "meeting.propose",
        meeting.id,
        &meeting.area,
        json!({ "points": found.len(), "new": added, "over": over }),
    )
    .await
}

/// When the community last met before this one.
async fn since(op: &mut Op, meeting: &Meeting) -> Result<Timestamp> {
    let sql = "SELECT max(starts_at) FROM meeting WHERE area = $1 AND week < $2";
    let last: Option<Timestamp> = op.tx.scalar(sql, params![&meeting.area, meeting.week]).await?;
    let back = |days: i64| Timestamp::from_millis(op.now.millis() - days * DAY_MS);
    Ok(last.unwrap_or_else(|| back(7)).max(back(BACK_DAYS)))
}

async fn insert(op: &mut Op, meeting: MeetingId, nth: i64, p: &Proposal) -> Result<()> {
    let id = PointId(op.uuid());
    let (kind, subject) = p.subject.as_ref().map(|s| (s.kind, s.id.clone())).unzip();
    op.tx
        .execute(
            "INSERT INTO meeting_point (id, meeting_id, nth, kind, key, area, subject_kind, subject, facts, struck, minutes, version)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '', 1)",
            params![id, meeting, nth, p.kind, &p.key, &p.area, kind, subject, json!(p.facts), false],
        )
        .await?;
    Ok(())
}

fn expected(serving: Vec<Serving>, name: impl Fn(&AreaCode) -> String) -> BTreeMap<String, Person> {
    let mut all: BTreeMap<String, Person> = BTreeMap::new();
    for s in serving {
        let post = if s.role == Role::CommunitySecretary { Post::Secretary } else { Post::Worker };
        let place = if post == Post::Secretary { String::new() } else { name(&s.area) };
        let key = s.account.to_string();
        let person = all.entry(key.clone()).or_insert_with(|| Person {
            key,
            account: Some(s.account),
            name: s.name,
            post,
            place: String::new(),
            came: false,
        });
        person.post = person.post.min(post);
        if !place.is_empty() {
            person.place =
                if person.place.is_empty() { place } else { format!("{}、{place}", person.place) };
        }
    }
    all
}

/// Who serves in the community now is expected; who left and did not come is not. Only what differs is written.
async fn people(op: &mut Op, meeting: &Meeting) -> Result<()> {
    let atlas = op.district.port::<AtlasPort>()?.get();
    let roles = [Role::GridWorker, Role::CommunitySecretary];
    let serving = accounts::serving(&mut op.tx, &meeting.area, &roles, op.now).await?;
    let mut wanted = expected(serving, |grid| atlas.name(grid).to_owned());
    let sql = "SELECT key, account, name, post, place, came FROM meeting_person WHERE meeting_id = $1 AND post <> 'guest'";
    let known: Vec<Person> = op.tx.all(sql, params![meeting.id]).await?;
    for person in known {
        match wanted.remove(&person.key) {
            Some(now) if Person { came: person.came, ..now.clone() } == person => {}
            Some(now) => {
                let sql = "UPDATE meeting_person SET name = $3, post = $4, place = $5 WHERE meeting_id = $1 AND key = $2";
                op.tx.execute(sql, params![meeting.id, &now.key, &now.name, now.post, &now.place]).await?;
            }
            None if person.came => {}
            None => {
                let sql = "DELETE FROM meeting_person WHERE meeting_id = $1 AND key = $2";
                op.tx.execute(sql, params![meeting.id, &person.key]).await?;
            }
        }
    }
    for person in wanted.into_values() {
        op.tx
            .execute(
                "INSERT INTO meeting_person (meeting_id, key, account, name, post, place, came) VALUES ($1, $2, $3, $4, $5, $6, $7)",
                params![meeting.id, &person.key, person.account, &person.name, person.post, &person.place, false],
            )
            .await?;
    }
    Ok(())
}

pub(super) async fn log(
    op: &mut Op,
    action: &'static str,
    id: MeetingId,
    area: &AreaCode,
    detail: serde_json::Value,
) -> Result<()> {
    op.announce("meeting", area.as_str(), id);
    op.log(Entry { action, subject: "meeting", subject_id: id.to_string(), area: area.clone(), detail }).await
}

async fn prepared(op: &mut Op, task: &Task) -> Result<()> {
    let due: Due = serde_json::from_str(&task.payload).map_err(Error::internal)?;
    match due.meeting {
        None => prepare(op, &due.area).await.map(|_| ()),
        Some(id) => match locked(op, "m.id = $1", params![id]).await? {
            Some(meeting) if !meeting.is_closed() => propose(op, &meeting).await,
            _ => Ok(()),
        },
    }
}

fn looked(op: &mut Op) -> Work<'_> {
    Box::pin(look(op))
}

fn carried<'a>(op: &'a mut Op, task: &'a Task) -> Work<'a> {
    Box::pin(prepared(op, task))
}

pub(crate) fn handlers() -> Handlers {
    Handlers::from([(LOOK, Handler::Every(EVERY, looked)), (PREPARE, Handler::Inside(carried))])
}
