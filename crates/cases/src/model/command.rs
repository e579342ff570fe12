//! What somebody wants to do with a case, with the words that go with it.

use linli_kernel::{AreaCode, Timestamp, actor::OrgId};

use super::{
    case::Who,
    reasons::{DeclineReason, Extent, Outcome, ReturnReason, Satisfaction},
    words::{Action, CaseId, WhistleLevel},
};

/// What a lead hands over when it is done (办结反馈).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// What was done.
    pub done: String,
    /// By whom, in words.
    pub done_by: String,
    /// Their account, if they are not the one who writes.
    pub doer: Option<Who>,
    /// Whether the problem is gone.
    pub extent: Extent,
    /// What the reporter is told.
    pub reply: String,
    /// How many photos show it.
    pub photos: u32,
}

/// The result of one call back (回访).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FollowUp {
    /// Somebody answered.
    pub reached: bool,
    /// They say that they were contacted.
    pub contacted: Option<bool>,
    /// They say that it is solved.
    pub solved: Option<bool>,
    /// How content they are.
    pub satisfaction: Option<Satisfaction>,
}

/// One command. Each has exactly one [`Action`] and so its rows in the transition table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is explained at its action, each field by its name")]
pub enum Command {
    File,
    Decline { reason: DeclineReason, note: String },
    Merge { into: CaseId },
    Locate { area: AreaCode },
    Recategorise { category: String },
    Blow { whistle: WhistleLevel, reason: String },
    Dispatch { lead: OrgId, assisting: Vec<OrgId>, note: Option<String> },
    AddAssisting { org: OrgId },
    Accept,
    Arrive { plan: Option<String> },
    AssistArrive { note: Option<String> },
    Contact { reached: bool, note: Option<String> },
    AskReporter { question: String },
    ReporterAnswered { text: Option<String> },
    RequestReturn { reason: ReturnReason, to: OrgId, note: String },
    ConsentReturn,
    DecideReturn { lead: OrgId, note: String },
    RequestExtension { days: u32, reason: String },
    DecideExtension { grant: bool, note: Option<String> },
    RequestSuspension { review: Timestamp, reason: String },
    RefuseSuspension { note: String },
    Suspend { review: Timestamp, reason: String },
    Resume { note: Option<String> },
    Resolve(Resolution),
    StartVerification,
    FailVerification { note: String },
    Close { outcome: Outcome, note: Option<String> },
    FollowUp(FollowUp),
    Rate { satisfaction: Satisfaction, comment: Option<String> },
    Reopen { reason: String },
    FlagUrgent { reason: String },
    ConfirmUrgent,
    ClearUrgent { reason: String },
    Supervise { note: String },
    HideIdentity,
    Note { text: String },
    Comment { text: String },
}

impl Command {
    /// The action whose row decides who may do it and when.
    pub const fn action(&self) -> Action {
        match self {
            Self::File => Action::File,
            Self::Decline { .. } => Action::Decline,
            Self::Merge { .. } => Action::Merge,
            Self::Locate { .. } => Action::Locate,
            Self::Recategorise { .. } => Action::Recategorise,
            // A regular whistle is blown by reporting; asking for it later fails as “not higher”.
            Self::Blow { whistle: WhistleLevel::Tough, .. } => Action::BlowTough,
            Self::Blow { .. } => Action::BlowJoint,
            Self::Dispatch { .. } => Action::Dispatch,
            Self::AddAssisting { .. } => Action::AddAssisting,
            Self::Accept => Action::Accept,
            Self::Arrive { .. } => Action::Arrive,
            Self::AssistArrive { .. } => Action::AssistArrive,
            Self::Contact { .. } => Action::Contact,
            Self::AskReporter { .. } => Action::AskReporter,
            Self::ReporterAnswered { .. } => Action::ReporterAnswered,
            Self::RequestReturn { .. } => Action::RequestReturn,
            Self::ConsentReturn => Action::ConsentReturn,
            Self::DecideReturn { .. } => Action::DecideReturn,
            Self::RequestExtension { .. } => Action::RequestExtension,
            Self::DecideExtension { .. } => Action::DecideExtension,
            Self::RequestSuspension { .. } => Action::RequestSuspension,
            Self::RefuseSuspension { .. } => Action::RefuseSuspension,
            Self::Suspend { .. } => Action::Suspend,
            Self::Resume { .. } => Action::Resume,
            Self::Resolve(_) => Action::Resolve,
            Self::StartVerification => Action::StartVerification,
            Self::FailVerification { .. } => Action::FailVerification,
            Self::Close { .. } => Action::Close,
            Self::FollowUp(_) => Action::FollowUp,
            Self::Rate { .. } => Action::Rate,
            Self::Reopen { .. } => Action::Reopen,
            Self::FlagUrgent { .. } => Action::FlagUrgent,
            Self::ConfirmUrgent => Action::ConfirmUrgent,
            Self::ClearUrgent { .. } => Action::ClearUrgent,
            Self::Supervise { .. } => Action::Supervise,
            Self::HideIdentity => Action::HideIdentity,
            Self::Note { .. } => Action::Note,
            Self::Comment { .. } => Action::Comment,
        }
    }
}
