//! The use cases of a case: authorise, load, decide, save, log, tell — in one transaction each. Pages,
//! the interface for other systems and the jobs all call these.

mod act;
pub(crate) mod bookmarks;
mod contact;
pub mod history;
mod photo;
mod report;
mod reporter;
pub mod rights;
mod seen;
pub mod templates;
mod triage;

pub use act::{Proof, act, allowed};
pub(crate) use contact::view as reporter_view;
pub use contact::{Contact, ReporterView, unmask};
pub use photo::Photo;
pub use report::{
    NewReport, NewTask, Receipt, ReporterInput, add_task, case_of_token, report, sound, tracking_token,
};
pub use seen::notices_seen;
pub use triage::{BULK, PerCase, TriageDecision, act_on_many, triage, triage_many};

pub(crate) use act::{Aftermath, tell};
pub(crate) use report::{place as contact_place, token_hash};
pub(crate) use reporter::{SealedReporter, name_old, typed_name};
