//! What the reporter may see by the secret link: plain facts, who is responsible, public lines only.

use std::collections::BTreeMap;

use linli_kernel::{AreaCode, Result, Timestamp, actor::OrgId, params};
use linli_store::Conn;
use serde::Serialize;
use uuid::Uuid;

use super::detail::{PhotoView, blob, entries, last_reply, photos};
use crate::{
    app::token_hash,
    model::{
        Action, CaseId, CaseState, ClockKind, Nature, Outcome, Party, Satisfaction, Source, WhistleLevel,
    },
    rules::transitions,
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
    /// The case that is followed instead: its number and state.
    pub followed: Option<(String, CaseState)>,
    /// The public lines, oldest first.
    pub timeline: Vec<PublicEntry>,
    /// The public photos.
    pub photos: Vec<PhotoView>,
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
    let case = record.case()?;
    let text: String = conn.scalar("SELECT body FROM case_file WHERE id = $1", params![record.id]).await?;
    // The reply stands in a line that is not public itself, so all lines are read and few are told.
    let lines = entries(conn, record.id, false).await?;
    let photos: Vec<PhotoView> = photos(conn, record.id).await?.into_iter().filter(|p| p.public).collect();
    let followed: Option<(String, CaseState)> = conn
        .optional("SELECT number, state FROM case_file WHERE id = $1", params![record.merged_into])
        .await?;
    let done = matches!(
        record.state,
        CaseState::Resolved | CaseState::Verifying | CaseState::Closed | CaseState::Rated
    );
    let last_note =
        |action: Action| lines.iter().rev().find(|e| e.action == action).and_then(|e| e.note.clone());
    let closing = case.clocks.iter().rfind(|c| c.kind == ClockKind::Close && c.is_running());
    let reporter = std::collections::BTreeSet::from([Party::Reporter]);
    let can = transitions::open_to(record.state, &reporter)
        .filter(|action| match action {
            Action::ReporterAnswered => case.waiting_since.is_some(),
            Action::Reopen => !(record.state == CaseState::Declined && case.objected),
            Action::FlagUrgent => !record.urgent,
            Action::HideIdentity => !record.hidden,
            _ => true,
        })
        .collect();
    let timeline = lines
        .iter()
        .filter(|e| e.public)
        .map(|e| PublicEntry {
            at: e.at,
            action: e.action,
            to: e.to,
            org: e.org,
            own: matches!(e.who, crate::model::Who::Public),
            note: e.note.clone().filter(|_| e.words_are_public()),
            facts: e
                .facts
                .iter()
                .filter(|(name, _)| TOLD.contains(&name.as_str()))
                .map(|(n, v)| (n.clone(), v.clone()))
                .collect(),
            photos: photos.iter().filter(|p| p.seq == e.seq).map(|p| p.id).collect(),
        })
        .collect();
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
        state: record.state,
        whistle: record.whistle,
        lead: record.lead,
        urgent: record.urgent_confirmed,
        hidden: record.hidden,
        reported_at: record.reported_at,
        updated_at: record.updated_at,
        expected: closing.map(|c| c.due),
        question: case.waiting_since.and_then(|_| last_note(Action::AskReporter)),
        review: case.suspension.map(|s| s.review),
        reply: done.then(|| last_reply(&lines).map(str::to_owned)).flatten(),
        declined: (record.state == CaseState::Declined).then(|| last_note(Action::Decline)).flatten(),
        outcome: record.outcome,
        satisfaction: record.satisfaction,
        ended_at: record.ended_at,
        reopen_until: case.reopen_until,
        can,
        followed,
        timeline,
        photos,
        number: record.number,
    })
}

/// The blob of a public photo of a tracking link.
pub async fn track_photo(conn: &mut Conn, token: &str, photo: Uuid, small: bool) -> Result<String> {
    let (id,): (CaseId,) =
        conn.one("SELECT id FROM case_file WHERE token_hash = $1", params![token_hash(token)]).await?;
    blob(conn, id, photo, small, true).await
}
