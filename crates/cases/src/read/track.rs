//! What the reporter may see by the secret link: plain facts, who is responsible, public lines only.

use std::collections::BTreeMap;

use linli_kernel::{Actor, AreaCode, Result, Timestamp, actor::OrgId, params};
use linli_store::Conn;
use serde::Serialize;
use uuid::Uuid;

use super::detail::{EntryView, FormerReply, PhotoView, blob, entries, former_replies, last_reply, photos};
use crate::{
    app::token_hash,
    model::{
        Action, Case, CaseId, CaseState, ClockKind, ClockRules, Nature, Outcome, Satisfaction, Source,
        WhistleLevel, Who,
    },
    rules,
    store::{COLUMNS, CaseRecord},
};

/// A public line of the timeline, without names of persons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PublicEntry {
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub action: Action,
    /// State after.
    pub to: CaseState,
    /// Which organisation did it; nothing for the reporter.
    pub org: Option<OrgId>,
    /// The reporter said it.
    pub own: bool,
    /// Words.
    pub note: Option<String>,
    /// The facts that may be told: who leads, what was chosen.
    pub facts: BTreeMap<String, String>,
    /// Its photos.
    pub photos: Vec<Uuid>,
}

/// A case as its reporter sees it.
#[derive(Debug, Clone, Serialize)]
pub struct PublicCase {
    /// The case.
    pub id: CaseId,
    /// The number to say on the phone.
    pub number: String,
    /// One line.
    pub title: String,
    /// What was told.
    pub text: String,
    /// From where.
    pub source: Source,
    /// What is wanted.
    pub nature: Nature,
    /// Category code.
    pub category: Option<String>,
    /// The area.
    pub area: AreaCode,
    /// Where, in words.
    pub address: String,
    /// WGS-84.
    pub point: Option<(f64, f64)>,
    /// Where it stands.
    pub state: CaseState,
    /// The whistle.
    pub whistle: WhistleLevel,
    /// Who is responsible.
    pub lead: OrgId,
    /// A centre agrees that it cannot wait.
    pub urgent: bool,
    /// The reporter's identity is hidden from those who work on it.
    pub hidden: bool,
    /// Number and phone lead back to it; else only the link does.
    #[serde(skip)]
    pub findable: bool,
    /// When it was told.
    pub reported_at: Timestamp,
    /// Last changed.
    pub updated_at: Timestamp,
    /// When it should be done; nothing while it waits or after it is done.
    pub expected: Option<Timestamp>,
    /// What the reporter is asked and has not answered.
    pub question: Option<String>,
    /// When a suspended case is looked at again.
    pub review: Option<Timestamp>,
    /// The reply, once the work is declared done.
    pub reply: Option<String>,
    /// The replies that did not hold: the case was opened again after them. Oldest first.
    pub former_replies: Vec<FormerReply>,
    /// Why it was declined.
    pub declined: Option<String>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// What the reporter said.
    pub satisfaction: Option<Satisfaction>,
    /// Over since then.
    pub ended_at: Option<Timestamp>,
    /// Until then they may reopen.
    pub reopen_until: Option<Timestamp>,
    /// What they may do now; the rules may still refuse.
    pub can: Vec<Action>,
    /// The case with which theirs was merged, its number and state: state, lead, reply and what follows are that one's.
    pub followed: Option<(String, CaseState)>,
    /// The public lines, oldest first.
    pub timeline: Vec<PublicEntry>,
    /// The public photos.
    pub photos: Vec<PhotoView>,
    /// Who saw their name and phone in clear.
    pub looks: Vec<Look>,
}

/// One look at the reporter's name and phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Look {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// Why, in their words.
    pub reason: String,
}

/// Facts that a reporter may read.
const TOLD: &[&str] = &["lead", "whistle", "review", "outcome", "reason", "satisfaction", "urgent"];

/// The case of a tracking link.
pub async fn track(conn: &mut Conn, token: &str) -> Result<PublicCase> {
    let record: CaseRecord = conn
        .one(
            &format!("SELECT {COLUMNS} FROM case_file c WHERE c.token_hash = $1"),
            params![token_hash(token)],
        )
        .await?;
    let text: String = conn.scalar("SELECT body FROM case_file WHERE id = $1", params![record.id]).await?;
    // The reply stands in a line that is not public itself, so all lines are read and few are told.
    let lines = entries(conn, record.id, false).await?;
    let photos: Vec<PhotoView> = photos(conn, record.id).await?.into_iter().filter(|p| p.public).collect();
    let case = record.case()?;
    let question = case.waiting_since.and_then(|_| last_note(&lines, Action::AskReporter));
    let mut timeline: Vec<PublicEntry> =
        lines.iter().filter(|e| e.public).map(|e| told(e, &photos)).collect();
    let mut former = former_replies(&lines);
    // What was merged goes the way of the case with which it was merged.
    let course = match record.merged_into {
        None => Course { row: record.clone(), case, lines },
        Some(main) => {
            let course = Course::of(conn, main).await?;
            timeline.extend(course.since(record.ended_at));
            // What was told to others before is not for this reporter.
            let told = |reply: &FormerReply| record.ended_at.is_none_or(|merged| reply.at > merged);
            former.extend(former_replies(&course.lines).into_iter().filter(told));
            course
        }
    };
    let looks = looks(conn, record.id).await?;
    let way = &course.row;
    Ok(PublicCase {
        id: record.id,
        title: record.title,
        text,
        source: record.source,
        nature: record.nature,
        category: record.category,
        area: record.area,
        address: record.address,
        point: record.lat.zip(record.lng),
        state: way.state,
        whistle: way.whistle,
        lead: way.lead,
        urgent: way.urgent_confirmed,
        hidden: record.hidden,
        findable: record.reachable && !record.hidden && !record.anonymous,
        reported_at: record.reported_at,
        updated_at: record.updated_at.max(way.updated_at),
        expected: course.expected(),
        question,
        review: course.case.suspension.as_ref().map(|s| s.review),
        reply: course.reply(),
        former_replies: former,
        declined: (way.state == CaseState::Declined)
            .then(|| last_note(&course.lines, Action::Decline))
            .flatten(),
        outcome: way.outcome,
        satisfaction: record.satisfaction,
        ended_at: way.ended_at,
        reopen_until: course.case.reopen_until,
        can: course.open_to_reporter(record.merged_into.is_some()),
        followed: record.merged_into.map(|_| (way.number.clone(), way.state)),
        timeline,
        photos,
        looks,
        number: record.number,
    })
}

/// The way of the case that is worked on: the reporter's own, or the one with which theirs was merged.
struct Course {
    row: CaseRecord,
    case: Case,
    lines: Vec<EntryView>,
}

impl Course {
    async fn of(conn: &mut Conn, id: CaseId) -> Result<Self> {
        let sql = format!("SELECT {COLUMNS} FROM case_file c WHERE c.id = $1");
        let row: CaseRecord = conn.one(&sql, params![id]).await?;
        let lines = entries(conn, id, false).await?;
        Ok(Self { case: row.case()?, row, lines })
    }

    fn expected(&self) -> Option<Timestamp> {
        self.case.clocks.iter().rfind(|c| c.kind == ClockKind::Close && c.is_running()).map(|c| c.due)
    }

    fn reply(&self) -> Option<String> {
        use CaseState::{Closed, Rated, Resolved, Verifying};
        let done = matches!(self.row.state, Resolved | Verifying | Closed | Rated);
        done.then(|| last_reply(&self.lines).map(str::to_owned)).flatten()
    }

    /// What they may do now. One of several reporters adds words and objects; the rest is for whoever told this case.
    fn open_to_reporter(&self, follows: bool) -> Vec<Action> {
        let reporter = rules::standing(&Actor::Public, &self.case, true);
        // Clocks are nothing that a reporter asks for.
        rules::open_to(&self.case, &reporter, &ClockRules::shipped())
            .into_iter()
            .filter(|action| !follows || matches!(action, Action::Comment | Action::Reopen))
            .collect()
    }

    /// The public lines since another case was merged with this one, without anybody's words: they were meant for
    /// this one's reporter.
    fn since(&self, merged: Option<Timestamp>) -> Vec<PublicEntry> {
        let after = |e: &&EntryView| merged.is_none_or(|at| e.at > at);
        self.lines
            .iter()
            .filter(|e| e.public && e.who != Who::Public)
            .filter(after)
            .map(|e| PublicEntry { note: None, ..told(e, &[]) })
            .collect()
    }
}

fn last_note(lines: &[EntryView], action: Action) -> Option<String> {
    lines.iter().rev().find(|e| e.action == action).and_then(|e| e.note.clone())
}

fn told(e: &EntryView, photos: &[PhotoView]) -> PublicEntry {
    let told = e.facts.iter().filter(|(name, _)| TOLD.contains(&name.as_str()));
    PublicEntry {
        at: e.at,
        action: e.action,
        to: e.to,
        org: e.org,
        own: e.who == Who::Public,
        note: e.note.clone().filter(|_| e.words_are_public()),
        facts: told.map(|(name, value)| (name.clone(), value.clone())).collect(),
        photos: photos.iter().filter(|p| p.seq == e.seq).map(|p| p.id).collect(),
    }
}

/// Who saw the reporter's contact in clear, as the activity log has it.
async fn looks(conn: &mut Conn, id: CaseId) -> Result<Vec<Look>> {
    let rows: Vec<(Timestamp, String, String)> = conn
        .all(
            "SELECT at, actor, detail FROM activity WHERE subject = 'case' AND subject_id = $1
             AND action = 'case.read_contact' ORDER BY id",
            params![id.to_string()],
        )
        .await?;
    let reason = |detail: &str| {
        let detail: serde_json::Value = serde_json::from_str(detail).unwrap_or_default();
        detail["reason"].as_str().unwrap_or_default().to_owned()
    };
    Ok(rows.into_iter().map(|(at, by, detail)| Look { at, by, reason: reason(&detail) }).collect())
}

/// The blob of a public photo of a tracking link.
pub async fn track_photo(conn: &mut Conn, token: &str, photo: Uuid, small: bool) -> Result<String> {
    let (id,): (CaseId,) =
        conn.one("SELECT id FROM case_file WHERE token_hash = $1", params![token_hash(token)]).await?;
    blob(conn, id, photo, small, true).await
}
