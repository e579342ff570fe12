//! The words of a case and its snapshot, on which the rules decide.

mod case;
mod clock;
mod command;
mod number;
mod reasons;
mod words;

pub use case::{Ask, Case, Chain, Filing, Reported, Suspension, Who};
pub use clock::{CaseClock, ClockRule, ClockRules, End, Extension};
pub use command::{Command, FollowUp, Resolution};
pub use number::{BadCaseNumber, CaseNumber};
pub use reasons::{
    ClockKind, Colour, DeclineReason, Ending, Extent, NoticeKind, Outcome, ReturnReason, Satisfaction,
};
pub use words::{Action, CaseId, CaseState, Level, Nature, Party, Source, WhistleLevel};
