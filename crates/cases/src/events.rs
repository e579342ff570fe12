//! What a change owes: messages to organisations and reporters, news for other systems.

use std::collections::HashSet;

use linli_kernel::{Error, Result, actor::OrgId, params};
use linli_store::{
    Op, Where,
    bulk::Insert,
    outbox::Task,
    worker::{Handler, Handlers, Work},
};
use serde::{Deserialize, Serialize};

use crate::{
    app::Aftermath,
    model::{Action, CaseId, CaseState, NoticeKind},
    rules::Audience,
};

/// The outbox kind of a message about a case.
pub const NOTICE: &str = "case.notice";
/// The outbox kind of news for other systems.
pub const CHANGED: &str = "case.changed";

/// Payload of [`NOTICE`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CaseNotice {
    /// The case.
    pub case: CaseId,
    /// Its number.
    pub number: String,
    /// About what.
    pub kind: NoticeKind,
    /// The organisation whose people are told; the reporter if absent.
    pub org: Option<OrgId>,
}

/// Payload of [`CHANGED`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CaseChanged {
    /// The case.
    pub case: CaseId,
    /// Its number.
    pub number: String,
    /// Where it is.
    pub area: String,
    /// State after the change.
    pub state: CaseState,
    /// What was done, in order.
    pub actions: Vec<Action>,
}

/// A port: the outbox kinds under which others hear of a change, one row each, so that none waits for
/// another. Without it no news is owed, so that the outbox does not fill with what nobody fetches.
#[derive(Debug, Clone, Copy)]
pub struct ChangesWanted(pub &'static [&'static str]);

pub(crate) async fn owe(op: &mut Op, after: &Aftermath<'_>) -> Result<()> {
    let case = &after.changes.case;
    for notice in &after.changes.notices {
        let org = match notice.to {
            Audience::Org(org) => Some(org),
            Audience::Reporter => None,
        };
        let message = CaseNotice { case: case.id, number: after.number.to_owned(), kind: notice.kind, org };
        op.emit(NOTICE, &message).await?;
    }
    if let Some(wanted) = op.district.ports.get::<ChangesWanted>() {
        let changed = CaseChanged {
            case: case.id,
            number: after.number.to_owned(),
            area: case.area.to_string(),
            state: case.state,
            actions: after.changes.entries.iter().map(|e| e.action).collect(),
        };
        for kind in wanted.0 {
            op.emit(kind, &changed).await?;
        }
    }
    Ok(())
}

/// Keeps messages for the organisations' inboxes and the reporters' pages; once, however often it runs.
async fn keep(op: &mut Op, tasks: &[Task]) -> Result<()> {
    let mut notices: Vec<(&Task, CaseNotice)> = Vec::with_capacity(tasks.len());
    for task in tasks {
        notices.push((task, serde_json::from_str(&task.payload).map_err(Error::internal)?));
    }
    // An import that was undone may have taken a case back meanwhile.
    let mut cases = Where::new();
    cases.any("id", &notices.iter().map(|(_, notice)| notice.case).collect::<Vec<_>>());
    let there: Vec<(CaseId,)> =
        op.tx.all(&format!("SELECT id FROM case_file{}", cases.text()), cases.args()).await?;
    let there: HashSet<CaseId> = there.into_iter().map(|(id,)| id).collect();
    let rows = notices
        .into_iter()
        .filter(|(_, notice)| there.contains(&notice.case))
        .map(|(task, notice)| params![task.id, notice.case, notice.org, notice.kind, task.created_at])
        .collect();
    let insert = Insert {
        head: "INSERT INTO case_notice (id, case_id, org_id, kind, at)",
        row: "(?, ?, ?, ?, ?)",
        tail: "ON CONFLICT (id) DO NOTHING",
    };
    op.tx.insert(insert, rows).await?;
    Ok(())
}

fn kept<'a>(op: &'a mut Op, tasks: &'a [Task]) -> Work<'a> {
    Box::pin(keep(op, tasks))
}

pub(crate) fn handlers() -> Handlers {
    let mut handlers = Handlers::new();
    handlers.insert(NOTICE, Handler::Together(kept));
    handlers
}
