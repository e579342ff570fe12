//! What may happen to a case: decided here, without any I/O, from a snapshot, a command, the one who
//! gives it, the present and the calendar. The page, the API and the jobs all ask the same function.

mod centre;
pub mod clocks;
mod draft;
pub mod escalation;
mod open;
mod parties;
pub mod ratings;
mod returns;
mod start;
pub mod transitions;
mod verify;
pub mod whistle;
mod work;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod matrix;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use linli_kernel::{Calendar, Result, Timestamp, actor::OrgId};
use serde::Serialize;

use crate::model::{Action, Case, CaseState, Chain, ClockRules, Command, NoticeKind, Who};

use draft::Draft;
pub use open::open_to;
pub use parties::{HOTLINE_SCOPE, Standing, deciding_level, standing};
pub use returns::goes_up;
pub use start::report;

/// Everything around the case that a decision depends on.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// The present.
    pub now: Timestamp,
    /// Working time.
    pub calendar: &'a Calendar,
    /// The editable clock table.
    pub rules: &'a ClockRules,
    /// Who answers for the case's place; for [`Command::Locate`], for the new place.
    pub chain: Chain,
    /// The category asks for a photo of the result.
    pub photo_required: bool,
}

/// One line for the activity log and the timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// What happened.
    pub action: Action,
    /// Who did it.
    pub by: Who,
    /// State before; nothing before it was reported.
    pub from: Option<CaseState>,
    /// State after.
    pub to: CaseState,
    /// The reporter may read it.
    pub public: bool,
    /// Free words.
    pub note: Option<String>,
    /// Facts with the names of their fields: what was chosen, asked for, changed.
    pub facts: Vec<(&'static str, String)>,
}

/// To whom a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Those who work for an organisation.
    Org(OrgId),
    /// The reporter, by whatever way was given.
    Reporter,
}

/// A message to be sent with the change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Notice {
    /// To whom.
    pub to: Audience,
    /// About what.
    pub kind: NoticeKind,
}

/// What a command does: the case afterwards, what the log says, who is told. Saved together or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// The case afterwards.
    pub case: Case,
    /// Log lines, in order.
    pub entries: Vec<Entry>,
    /// Messages, each audience and reason once.
    pub notices: Vec<Notice>,
}

/// Decides one command.
pub fn decide(case: &Case, command: &Command, by: &Standing, scene: &Scene<'_>) -> Result<Changes> {
    let action = command.action();
    let target = transitions::check(action, case.state, &by.parties)?;
    let mut draft = Draft::new(case, by, scene);
    match command {
        Command::File => centre::file(&mut draft),
        Command::Decline { reason, note } => centre::decline(&mut draft, *reason, note)?,
        Command::Merge { into } => centre::merge(&mut draft, *into)?,
        Command::Locate { area } => centre::locate(&mut draft, area)?,
        Command::Recategorise { category } => centre::recategorise(&mut draft, category)?,
        Command::Blow { whistle, reason } => whistle::blow(&mut draft, *whistle, reason)?,
        Command::Dispatch { lead, assisting, note } => {
            centre::dispatch(&mut draft, *lead, assisting, note.as_deref())?;
        }
        Command::AddAssisting { org } => centre::add_assisting(&mut draft, *org)?,
        Command::FlagUrgent { reason } => centre::flag_urgent(&mut draft, reason)?,
        Command::ConfirmUrgent => centre::confirm_urgent(&mut draft)?,
        Command::ClearUrgent { reason } => centre::clear_urgent(&mut draft, reason)?,
        Command::Supervise { note } => centre::supervise(&mut draft, note)?,
        Command::Accept => work::accept(&mut draft),
        Command::Arrive { plan } => work::arrive(&mut draft, plan.as_deref())?,
        Command::AssistArrive { note } => work::assist_arrive(&mut draft, note.as_deref())?,
        Command::Contact { reached, note } => work::contact(&mut draft, *reached, note.as_deref())?,
        Command::AskReporter { question } => work::ask_reporter(&mut draft, question)?,
        Command::ReporterAnswered { text } => work::reporter_answered(&mut draft, text.as_deref())?,
        Command::Resolve(resolution) => work::resolve(&mut draft, resolution)?,
        Command::RequestReturn { reason, to, note } => returns::request(&mut draft, *reason, *to, note)?,
        Command::ConsentReturn => returns::consent(&mut draft)?,
        Command::DecideReturn { lead, note } => returns::decide(&mut draft, *lead, note)?,
        Command::RequestExtension { days, reason } => clocks::request_extension(&mut draft, *days, reason)?,
        Command::DecideExtension { grant, note } => {
            clocks::decide_extension(&mut draft, *grant, note.as_deref())?;
        }
        Command::RequestSuspension { review, reason } => {
            work::request_suspension(&mut draft, *review, reason)?;
        }
        Command::RefuseSuspension { note } => work::refuse_suspension(&mut draft, note)?,
        Command::Suspend { review, reason } => work::suspend(&mut draft, *review, reason)?,
        Command::Resume { note } => work::resume(&mut draft, note.as_deref())?,
        Command::StartVerification => verify::start(&mut draft)?,
        Command::FailVerification { note } => verify::fail(&mut draft, note)?,
        Command::Close { outcome, note } => verify::close(&mut draft, *outcome, note.as_deref())?,
        Command::FollowUp(result) => verify::follow_up(&mut draft, *result)?,
        Command::Rate { satisfaction, comment } => {
            verify::rate(&mut draft, *satisfaction, comment.as_deref())?;
        }
        Command::Reopen { reason } => verify::reopen(&mut draft, reason)?,
        Command::HideIdentity => centre::hide_identity(&mut draft)?,
        Command::Note { text } => work::note(&mut draft, text)?,
        Command::Comment { text } => work::comment(&mut draft, text)?,
    }
    Ok(draft.finish(action, target))
}
