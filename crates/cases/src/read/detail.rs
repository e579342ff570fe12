//! One case with all that its page shows.

use std::collections::BTreeMap;

use linli_access::{Access, Scope};
use linli_kernel::{Actor, Error, Result, Timestamp, actor::OrgId, params};
use linli_store::Conn;
use serde::Serialize;
use uuid::Uuid;

use super::list::CaseRow;
use crate::{
    app::ReporterView,
    model::{Action, Case, CaseId, CaseNumber, CaseState, Who},
    store::{COLUMNS, CaseRecord},
};

/// A photo of a case; its two files are at `/cases/{case}/photos/{id}` and `…?small=1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PhotoView {
    /// Its id.
    pub id: Uuid,
    /// With which line of the timeline it came.
    pub seq: i64,
    /// Added by those who work on the case, not by the reporter.
    pub work: bool,
    /// The reporter may see it.
    pub public: bool,
}

/// A line of the timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EntryView {
    /// Its place.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub action: Action,
    /// Who, as the log knows them.
    pub who: Who,
    /// Their name; empty for the reporter and the clocks.
    pub name: String,
    /// For which organisation.
    pub org: Option<OrgId>,
    /// State before.
    pub from: Option<CaseState>,
    /// State after.
    pub to: CaseState,
    /// The reporter may read it.
    pub public: bool,
    /// Free words.
    pub note: Option<String>,
    /// Facts by name.
    pub facts: BTreeMap<String, String>,
}

impl EntryView {
    /// Whether the free words are for the reporter too. That a whistle was blown is no secret; what one
    /// desk wrote to the next with it is.
    pub fn words_are_public(&self) -> bool {
        let addressed = matches!(
            self.action,
            Action::Decline
                | Action::AskReporter
                | Action::ReporterAnswered
                | Action::Suspend
                | Action::Comment
                | Action::Rate
        );
        self.public && (self.who == Who::Public || addressed)
    }
}

/// Another case that belongs to this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Related {
    /// The case.
    pub id: CaseId,
    /// Its number.
    pub number: String,
    /// One line.
    pub title: String,
    /// Where it stands.
    pub state: CaseState,
    /// Who leads.
    pub lead: OrgId,
    /// The case of which it is a task.
    pub parent: Option<CaseId>,
    /// The case that is followed instead of it.
    pub merged_into: Option<CaseId>,
}

/// A case with all that its page shows.
#[derive(Debug, Clone)]
pub struct Detail {
    /// As lists show it.
    pub row: CaseRow,
    /// As the rules see it.
    pub case: Case,
    /// What was told.
    pub text: String,
    /// The timeline, oldest first.
    pub timeline: Vec<EntryView>,
    /// All photos.
    pub photos: Vec<PhotoView>,
    /// Its tasks.
    pub tasks: Vec<Related>,
    /// Cases that were merged into it.
    pub merged: Vec<Related>,
    /// The case of which it is a task.
    pub parent: Option<Related>,
    /// The case that is followed instead.
    pub followed: Option<Related>,
    contact: (Option<Vec<u8>>, Option<Vec<u8>>),
}

impl Detail {
    /// The reporter as `actor` may see them: masked, or hidden.
    pub fn reporter(&self, access: &Access, actor: &Actor) -> Result<ReporterView> {
        crate::app::reporter_view(access, actor, &self.case, &self.contact)
    }

    /// The photos that came with a line of the timeline.
    pub fn photos_of(&self, seq: i64) -> impl Iterator<Item = &PhotoView> {
        self.photos.iter().filter(move |p| p.seq == seq)
    }

    /// The last reply for the reporter, if one was given since the case was last opened.
    pub fn reply(&self) -> Option<&str> {
        last_reply(&self.timeline)
    }

    /// The replies with which the case was over before it was opened again, oldest first.
    pub fn former_replies(&self) -> Vec<FormerReply> {
        former_replies(&self.timeline)
    }
}

/// A reply that did not hold: the case was opened again after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FormerReply {
    /// When it was given.
    pub at: Timestamp,
    /// The reply.
    pub text: String,
    /// When the case was opened again.
    pub reopened_at: Timestamp,
}

/// Without the rounds before the case was last opened.
pub(super) fn last_reply(timeline: &[EntryView]) -> Option<&str> {
    let mut this_round = timeline.iter().rev().take_while(|e| e.action != Action::Reopen);
    this_round.find_map(|e| e.facts.get("reply")).map(String::as_str)
}

/// Of each earlier round its last reply: what was said before it was only a draft of that.
pub(super) fn former_replies(timeline: &[EntryView]) -> Vec<FormerReply> {
    let mut former = Vec::new();
    let mut round: Option<(Timestamp, &String)> = None;
    for e in timeline {
        if let Some(reply) = e.facts.get("reply") {
            round = Some((e.at, reply));
        }
        if e.action == Action::Reopen {
            let ended =
                round.take().map(|(at, text)| FormerReply { at, text: text.clone(), reopened_at: e.at });
            former.extend(ended);
        }
    }
    former
}

type EntryRow = (
    i64,
    Timestamp,
    Action,
    String,
    String,
    Option<OrgId>,
    Option<CaseState>,
    CaseState,
    bool,
    Option<String>,
    String,
);

pub(super) async fn entries(conn: &mut Conn, id: CaseId, public_only: bool) -> Result<Vec<EntryView>> {
    let rows: Vec<EntryRow> = conn
        .all(
            "SELECT seq, at, action, who, name, org_id, from_state, to_state, public, note, facts FROM case_entry
             WHERE case_id = $1 AND (public = $2 OR public = $3) ORDER BY seq",
            params![id, true, public_only],
        )
        .await?;
    rows.into_iter()
        .map(|(seq, at, action, who, name, org, from, to, public, note, facts)| {
            Ok(EntryView {
                seq,
                at,
                action,
                who: serde_json::from_str(&who).map_err(Error::internal)?,
                name,
                org,
                from,
                to,
                public,
                note,
                facts: serde_json::from_str(&facts).map_err(Error::internal)?,
            })
        })
        .collect()
}

pub(super) async fn photos(conn: &mut Conn, id: CaseId) -> Result<Vec<PhotoView>> {
    let rows: Vec<(Uuid, i64, String, bool)> = conn
        .all("SELECT id, seq, role, public FROM case_photo WHERE case_id = $1 ORDER BY seq, id", params![id])
        .await?;
    Ok(rows
        .into_iter()
        .map(|(id, seq, role, public)| PhotoView { id, seq, work: role == "work", public })
        .collect())
}

/// The case within the scope, with its record.
pub(super) async fn visible(conn: &mut Conn, scope: &Scope, id: CaseId) -> Result<(CaseRecord, Case)> {
    let record: CaseRecord =
        conn.one(&format!("SELECT {COLUMNS} FROM case_file c WHERE c.id = $1"), params![id]).await?;
    let case = record.case()?;
    if record.visible(scope, &case) { Ok((record, case)) } else { Err(Error::NotFound) }
}

/// The case with all that its page shows, in five queries.
pub async fn detail(conn: &mut Conn, scope: &Scope, id: CaseId) -> Result<Detail> {
    let (record, case) = visible(conn, scope, id).await?;
    let (text, name, phone): (String, Option<Vec<u8>>, Option<Vec<u8>>) = conn
        .one("SELECT body, reporter_name, reporter_phone FROM case_file WHERE id = $1", params![id])
        .await?;
    let timeline = entries(conn, id, false).await?;
    let photos = photos(conn, id).await?;
    let related: Vec<Related> = conn
        .all(
            "SELECT id, number, title, state, lead, parent, merged_into FROM case_file
             WHERE parent = $1 OR merged_into = $1 OR id = $2 OR id = $3 ORDER BY reported_at, id LIMIT 500",
            params![id, case.parent, case.merged_into],
        )
        .await?;
    let (mut tasks, mut merged, mut parent, mut followed) = (Vec::new(), Vec::new(), None, None);
    for other in related {
        if other.parent == Some(id) {
            tasks.push(other);
        } else if other.merged_into == Some(id) {
            merged.push(other);
        } else if Some(other.id) == case.parent {
            parent = Some(other);
        } else {
            followed = Some(other);
        }
    }
    let row = CaseRow::new(record, case.clone());
    Ok(Detail { row, case, text, timeline, photos, tasks, merged, parent, followed, contact: (name, phone) })
}

/// The timeline alone, for the interface.
pub async fn timeline(conn: &mut Conn, scope: &Scope, id: CaseId) -> Result<Vec<EntryView>> {
    visible(conn, scope, id).await?;
    entries(conn, id, false).await
}

/// The id of a number, within the scope; also of another system's number.
pub async fn id_by_number(conn: &mut Conn, scope: &Scope, number: &str) -> Result<CaseId> {
    let typed = number.trim();
    let number = typed.parse::<CaseNumber>().map_or_else(|_| typed.to_owned(), |n| n.to_string());
    let (id,): (CaseId,) = conn
        .one(
            "SELECT id FROM case_file WHERE number = $1 OR external = $2 ORDER BY reported_at DESC LIMIT 1",
            params![number, typed],
        )
        .await?;
    visible(conn, scope, id).await.map(|_| id)
}

/// The blob of a photo, within the scope.
pub async fn photo(conn: &mut Conn, scope: &Scope, case: CaseId, id: Uuid, small: bool) -> Result<String> {
    visible(conn, scope, case).await?;
    blob(conn, case, id, small, false).await
}

pub(super) async fn blob(
    conn: &mut Conn,
    case: CaseId,
    id: Uuid,
    small: bool,
    public_only: bool,
) -> Result<String> {
    let column = if small { "small_blob" } else { "full_blob" };
    conn.scalar(
        &format!(
            "SELECT {column} FROM case_photo WHERE id = $1 AND case_id = $2 AND (public = $3 OR public = $4)"
        ),
        params![id, case, true, public_only],
    )
    .await
}
