//! A message of a file becomes a case at the moment when it was told: with its own time, the number of
//! its own day, and, where the hotline has already replied, its end.
//!
//! Reports that come in now go through [`crate::app::report`]; a file is different, because it tells of
//! the past and nobody has to be called for what was answered years ago.

use linli_access::Access;
use linli_grid::Atlas;
use linli_kernel::{Result, Timestamp};
use linli_store::Op;
use serde_json::json;

use super::message::Message;
use crate::{
    app::{SealedReporter, token_hash, tracking_token},
    model::{Action, Case, CaseId, CaseState, Filing, Reported, Source, Who},
    rules::{self, Entry, Scene},
    settings::Rulebook,
    store::{self, Birth, Signature},
};

/// A case that was just written.
#[derive(Debug)]
pub(super) struct Born {
    pub(super) id: CaseId,
    /// Lines of its timeline.
    pub(super) entries: i64,
}

/// Ends a case with the reply that the hotline gave. Its clocks were never ours: they go without a verdict.
fn answer(case: &mut Case, at: Timestamp, reopen_days: u32) {
    case.clocks.clear();
    case.ask = None;
    case.suspension = None;
    case.waiting_since = None;
    case.state = CaseState::Closed;
    case.ended_at = Some(at);
    case.reopen_until = Some(at.plus(std::time::Duration::from_hours(24) * reopen_days));
}

fn reply_lines(case: &Case, by: Who, reply: &str) -> Vec<Entry> {
    let line = |action, from, to, public, facts| Entry {
        action,
        by,
        from: Some(from),
        to,
        public,
        note: None,
        facts,
    };
    let facts = vec![("done_by", "12345".to_owned()), ("reply", reply.to_owned())];
    vec![
        line(Action::Resolve, case.state, CaseState::Resolved, false, facts),
        line(Action::Close, CaseState::Resolved, CaseState::Closed, true, vec![]),
    ]
}

/// Writes the case of `message`, known outside as `external`.
pub(super) async fn open(
    op: &mut Op,
    atlas: &Atlas,
    book: &Rulebook,
    message: &Message,
    external: &str,
) -> Result<Born> {
    let id = CaseId(op.uuid());
    let access = op.district.port::<Access>()?;
    let reporter = SealedReporter::seal(&access, id, message.reporter.as_deref(), message.phone.as_deref())?;
    let filing = Filing {
        id,
        reported: Reported {
            source: Source::Hotline,
            nature: message.nature,
            at: message.at,
            anonymous: message.reporter.is_none() && message.phone.is_none(),
            reachable: message.phone.is_some(),
            hidden_identity: message.hidden,
        },
        area: message.area.clone().unwrap_or_else(|| op.district.area.clone()),
        category: message.category.clone(),
        urgent: message.urgent,
        parent: None,
    };
    let scene = Scene {
        // The promise to solve it begins when it reaches us, not years ago.
        now: op.now,
        calendar: &book.calendar,
        rules: &book.rules,
        chain: store::chain(atlas, &filing.area)?,
        photo_required: false,
    };
    let who = Who::from(&op.actor);
    let mut changes = rules::report(filing, who, &scene);
    if let Some(first) = changes.entries.first_mut() {
        first.facts.push(("external", message.number.clone()));
        first.facts.extend(message.category_said.clone().map(|said| ("category_said", said)));
    }
    let number = op.number_at(message.at).await?;
    let birth = Birth {
        number: number.clone(),
        external: Some(external.to_owned()),
        title: message.title.clone(),
        body: message.text.clone(),
        address: message.address.clone(),
        point: None,
        reported_by: op.actor.account(),
        reporter,
        // Nobody was told the link; who called finds it by number and phone.
        token_hash: token_hash(&tracking_token(&access, id)?),
    };
    store::insert(&mut op.tx, &changes.case, birth, op.now).await?;
    let by_name = op.actor.name().to_owned();
    let by = Signature { name: &by_name, org: None };
    let mut last = store::add_entries(&mut op.tx, id, 0, &changes.entries, &by, message.at).await?;
    if let Some((reply, at)) = &message.reply {
        let before = changes.case.clone();
        answer(&mut changes.case, *at, book.rules.reopen_days);
        store::save(&mut op.tx, &before, &changes.case, op.now).await?;
        last =
            store::add_entries(&mut op.tx, id, last + 1, &reply_lines(&before, who, reply), &by, *at).await?;
    }
    log(op, &changes.case, &number, "case.import", external).await?;
    Ok(Born { id, entries: last + 1 })
}

/// A message that came without a reply now has one: the case ends, if nobody has begun with it.
/// Answers the lines of its timeline afterwards.
pub(super) async fn reply(
    op: &mut Op,
    book: &Rulebook,
    id: CaseId,
    reply: &str,
    at: Timestamp,
) -> Result<Option<i64>> {
    let record = store::load(&mut op.tx, id).await?;
    let before = record.case()?;
    if before.state != CaseState::Reported {
        return Ok(None);
    }
    let lines = reply_lines(&before, Who::from(&op.actor), reply);
    let mut case = before.clone();
    answer(&mut case, at, book.rules.reopen_days);
    store::save(&mut op.tx, &before, &case, op.now).await?;
    let name = op.actor.name().to_owned();
    let by = Signature { name: &name, org: None };
    let last = store::add_entries(&mut op.tx, id, record.entries, &lines, &by, at).await?;
    log(op, &case, &record.number, "case.import_reply", record.external.as_deref().unwrap_or_default())
        .await?;
    Ok(Some(last + 1))
}

async fn log(op: &mut Op, case: &Case, number: &str, action: &'static str, external: &str) -> Result<()> {
    op.log(linli_store::Entry {
        action,
        subject: "case",
        subject_id: case.id.to_string(),
        area: case.area.clone(),
        detail: json!({ "number": number, "external": external, "state": case.state }),
    })
    .await
}
