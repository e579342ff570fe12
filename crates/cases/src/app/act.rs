//! One command on one case.

use linli_access::{Authorise, Target};
use linli_grid::{Atlas, AtlasPort};
use linli_kernel::{Actor, AreaCode, Error, Result, Timestamp, actor::OrgId, params};
use linli_store::Op;
use serde_json::json;

use super::{Photo, rights, token_hash};
use crate::{
    events,
    model::{Action, Case, CaseId, CaseState, Command},
    rules::{self, Changes, Scene, Standing},
    settings::Rulebooks,
    store::{self, CaseRecord, NewPhoto, Signature},
};

/// By what somebody comes before a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// Their posts, or the rights of their key.
    Post,
    /// The secret of the tracking link: they are the reporter, and nothing else here.
    Token(String),
}

/// Does `command`. The caller commits.
pub async fn act(
    op: &mut Op,
    id: CaseId,
    command: Command,
    proof: Proof,
    photos: Vec<Photo>,
) -> Result<CaseState> {
    perform(op, id, &proof, &photos, |_| Ok(vec![command])).await
}

/// What `actor` may do with the case as it stands, for the buttons of a page and for `allowed` of the interface: where
/// policy and rules agree. What is typed may still be refused.
pub fn allowed(
    policy: &linli_access::Policy,
    actor: &Actor,
    case: &Case,
    clocks: &crate::model::ClockRules,
) -> Vec<Action> {
    let orgs = store::orgs(case);
    let target = Target { area: &case.area, orgs: &orgs };
    rules::open_to(case, &rules::standing(actor, case, false), clocks)
        .into_iter()
        .filter(|action| policy.permits(actor, rights::of(*action).policy, &target).is_ok())
        .collect()
}

/// Decides all commands in order and writes them as one change; where one is refused nothing is
/// written, so that a list of cases can go on with the next.
pub(super) async fn perform(
    op: &mut Op,
    id: CaseId,
    proof: &Proof,
    photos: &[Photo],
    commands: impl FnOnce(&Case) -> Result<Vec<Command>>,
) -> Result<CaseState> {
    let (id, own) = worked_on(op, id, proof).await?;
    let record = store::load(&mut op.tx, id).await?;
    let before = record.case()?;
    let mut commands = commands(&before)?;
    if let Some(own) = own {
        commands = commands.into_iter().map(|command| from_follower(command, &own)).collect::<Result<_>>()?;
    }
    count_photos(op, id, &mut commands, photos).await?;
    let (changes, by_reporter) = decide(op, &before, &commands, proof).await?;
    let actor = op.actor.clone();
    let by = signature(&actor, &before, by_reporter);
    let last = store::apply(&mut op.tx, &before, record.entries, &changes, &by, op.now).await?;
    let public = changes.entries.last().is_some_and(|e| e.public || e.action == Action::Resolve);
    for photo in photos {
        let row = NewPhoto {
            id: op.uuid(),
            seq: last,
            work: !by_reporter,
            full: &photo.full,
            small: &photo.small,
            public,
        };
        store::add_photo(&mut op.tx, id, row, op.now).await?;
    }
    for command in &commands {
        keep_call(op, id, command, op.now).await?;
    }
    tell(op, &Aftermath { number: &record.number, first: record.entries, changes: &changes }).await?;
    Ok(changes.case.state)
}

/// The case on which somebody's words have their effect: their own, or the one with which it was merged. Answers the
/// number of their own case, too, where the two differ.
async fn worked_on(op: &mut Op, id: CaseId, proof: &Proof) -> Result<(CaseId, Option<String>)> {
    let Proof::Token(token) = proof else { return Ok((id, None)) };
    // Not locked: a merge locks the other way round.
    let sql = "SELECT merged_into, number FROM case_file WHERE id = $1 AND token_hash = $2";
    let theirs: Option<(Option<CaseId>, String)> =
        op.tx.optional(sql, params![id, token_hash(token)]).await?;
    match theirs.ok_or(Error::NotFound)? {
        (Some(main), number) => Ok((main, Some(number))),
        (None, _) => Ok((id, None)),
    }
}

/// What one of several reporters may do with what is worked on for all of them: add words, which say whose they are,
/// and object that it is not done. To answer, to rate and to hide is for the one who told the case itself.
fn from_follower(command: Command, own: &str) -> Result<Command> {
    match command {
        Command::Comment { text } if !text.trim().is_empty() => {
            Ok(Command::Comment { text: format!("{own}：{}", text.trim()) })
        }
        Command::Comment { .. } | Command::Reopen { .. } => Ok(command),
        _ => Err(Error::Conflict("case-state")),
    }
}

/// The number of photos that a resolution counts is what is really there.
async fn count_photos(op: &mut Op, id: CaseId, commands: &mut [Command], photos: &[Photo]) -> Result<()> {
    if photos.len() > linli_web::upload::FILES_LIMIT {
        return Err(Error::TooLarge("error-too-many-files"));
    }
    for command in commands {
        if let Command::Resolve(resolution) = command {
            let kept = store::work_photos(&mut op.tx, id).await?;
            resolution.photos = kept.saturating_add(u32::try_from(photos.len()).unwrap_or(u32::MAX));
        }
    }
    Ok(())
}

/// The decision of all commands together, and whether the reporter gave them.
async fn decide(op: &mut Op, before: &Case, commands: &[Command], proof: &Proof) -> Result<(Changes, bool)> {
    let book = op.district.port::<Rulebooks>()?.get(&mut op.tx).await?;
    let atlas = op.district.port::<AtlasPort>()?.get();
    let mut all = Changes { case: before.clone(), entries: Vec::new(), notices: Vec::new() };
    for command in commands {
        let case = &all.case;
        let standing = standing(op, case, command, proof)?;
        sound(&atlas, &op.district.area, command)?;
        if let Command::Merge { into } = command {
            may_follow(op, before.id, *into).await?;
        }
        let place = if let Command::Locate { area } = command { area } else { &case.area };
        let category = case.category.as_deref().and_then(|code| atlas.category(code));
        let scene = Scene {
            now: op.now,
            calendar: &book.calendar,
            rules: &book.rules,
            chain: store::chain(&atlas, place)?,
            photo_required: category.is_some_and(|c| c.photo_required),
        };
        let changes = rules::decide(case, command, &standing, &scene)?;
        all.entries.extend(changes.entries);
        all.notices.extend(changes.notices);
        all.case = changes.case;
    }
    all.notices.sort_unstable();
    all.notices.dedup();
    Ok((all, matches!(proof, Proof::Token(_))))
}

fn standing(op: &Op, case: &Case, command: &Command, proof: &Proof) -> Result<Standing> {
    match proof {
        // The link makes nobody more than the reporter, also not somebody who is logged in.
        Proof::Token(_) => Ok(rules::standing(&Actor::Public, case, true)),
        Proof::Post => {
            let orgs = store::orgs(case);
            op.permit(rights::of(command.action()).policy, &Target { area: &case.area, orgs: &orgs })?;
            Ok(rules::standing(&op.actor, case, false))
        }
    }
}

/// Whether the names in a command mean something here.
fn sound(atlas: &Atlas, district: &AreaCode, command: &Command) -> Result<()> {
    let org = |field: &str, id: &OrgId| {
        let known = atlas.org(*id).is_some_and(|org| org.active);
        if known { Ok(()) } else { Err(Error::field(field, "case-org-unknown")) }
    };
    match command {
        Command::Locate { area } if atlas.area(area).is_none() || !district.contains(area) => {
            Err(Error::field("area", "case-area-unknown"))
        }
        Command::Recategorise { category } if atlas.category(category).is_none_or(|c| !c.active) => {
            Err(Error::field("category", "case-category-unknown"))
        }
        Command::Dispatch { lead, assisting, .. } => {
            org("lead", lead)?;
            assisting.iter().try_for_each(|id| org("assisting", id))
        }
        Command::AddAssisting { org: id } => org("org", id),
        Command::RequestReturn { to, .. } => org("to", to),
        Command::DecideReturn { lead, .. } => org("lead", lead),
        _ => Ok(()),
    }
}

/// Whether a case can be followed instead of another: visible, open, and not itself merged away.
async fn may_follow(op: &mut Op, from: CaseId, into: CaseId) -> Result<()> {
    let unknown = || Error::field("into", "case-merge-unknown");
    // Both rows in one order: two desks that merge crosswise must not wait for each other for ever.
    let lock = op.tx.dialect("", "FOR UPDATE").to_owned();
    let _: Vec<(CaseId,)> = op
        .tx
        .all(
            &format!("SELECT id FROM case_file WHERE id = $1 OR id = $2 ORDER BY id {lock}"),
            params![from, into],
        )
        .await?;
    let target = match store::load(&mut op.tx, into).await {
        Err(Error::NotFound) => return Err(unknown()),
        other => other?.case()?,
    };
    let orgs = store::orgs(&target);
    op.permit("case.merge", &Target { area: &target.area, orgs: &orgs }).map_err(|_| unknown())?;
    if target.state.is_over() || target.parent == Some(from) {
        return Err(Error::field("into", "case-merge-over"));
    }
    Ok(())
}

/// The last valid call back, beside the case for the rates.
pub(super) async fn keep_call(op: &mut Op, id: CaseId, command: &Command, at: Timestamp) -> Result<()> {
    if let Command::FollowUp(call) = command
        && call.reached
    {
        let satisfied = call.satisfaction.map(crate::model::Satisfaction::is_satisfied);
        op.tx
            .execute(
                "UPDATE case_file SET called_at = $2, call_solved = $3, call_satisfied = $4 WHERE id = $1",
                params![id, at, call.solved, satisfied],
            )
            .await?;
    }
    if let Command::Reopen { .. } = command {
        // A new round is called back anew.
        op.tx
            .execute(
                "UPDATE case_file SET called_at = NULL, call_solved = NULL, call_satisfied = NULL WHERE id = $1",
                params![id],
            )
            .await?;
    }
    Ok(())
}

/// How a line of the timeline is signed: by the organisation with which they take part, else by the one
/// for whose place they act.
pub(crate) fn signature<'a>(actor: &'a Actor, case: &Case, reporter: bool) -> Signature<'a> {
    if reporter {
        return Signature { name: "", org: None };
    }
    let orgs = store::orgs(case);
    let posts = actor.posts();
    let post = posts
        .iter()
        .find(|p| orgs.contains(&p.org))
        .or_else(|| posts.iter().find(|p| p.area.contains(&case.area)))
        .or_else(|| posts.first());
    Signature { name: actor.name(), org: post.map(|p| p.org) }
}

/// What follows from a change that is written.
pub(crate) struct Aftermath<'a> {
    pub(crate) number: &'a str,
    /// The place of the first new line in the timeline.
    pub(crate) first: i64,
    pub(crate) changes: &'a Changes,
}

/// Facts that may hold personal words stay in the timeline and out of the log.
const PERSONAL: &[&str] = &["reply", "done_by"];

/// Writes the activity rows, owes the messages, and tells open pages.
pub(crate) async fn tell(op: &mut Op, after: &Aftermath<'_>) -> Result<()> {
    let case = &after.changes.case;
    for (n, entry) in (after.first..).zip(&after.changes.entries) {
        let facts: serde_json::Map<String, serde_json::Value> = entry
            .facts
            .iter()
            .filter(|(name, _)| !PERSONAL.contains(name))
            .map(|(name, value)| ((*name).to_owned(), value.clone().into()))
            .collect();
        op.log(linli_store::Entry {
            action: rights::of(entry.action).log,
            subject: "case",
            subject_id: case.id.to_string(),
            area: case.area.clone(),
            detail: json!({ "number": after.number, "entry": n, "from": entry.from, "to": entry.to, "facts": facts }),
        })
        .await?;
    }
    events::owe(op, after).await?;
    op.announce("case", case.area.as_str(), case.id);
    Ok(())
}

impl CaseRecord {
    /// Whether `target` covers the case, as the policy sees it.
    pub(crate) fn visible(&self, scope: &linli_access::Scope, case: &Case) -> bool {
        scope.covers(&self.area, &store::orgs(case))
    }
}
