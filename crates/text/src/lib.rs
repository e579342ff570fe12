//! Reading what people write (读懂群众的话).
//!
//! Pure parts without files, clocks or ambient randomness; models and indexes are plain values that
//! the caller keeps as bytes. What each does and how well is in `docs/text.md`.
//!
//! * [`Suggester`] — a label for a text, with calibrated confidence and the words that speak for it;
//!   [`DutyList`] turns the category into the department, [`nature`] and [`urgent_words`] read the rest.
//! * [`RepeatIndex`] — likely repeats of a case among a million.
//! * [`Gazetteer`] — place names in a text, known and unknown, and the grid to propose.
//! * [`hot::HotIndex`] — hot issues: many people, one place, one problem.
//! * [`metrics`] — how right all of them are.
#![forbid(unsafe_code)]

mod blend;
mod codec;
mod explain;
mod features;
mod hash;
pub mod hot;
mod linear;
pub mod metrics;
mod neighbours;
mod normalise;
mod place;
mod repeats;
mod signals;
mod suggest;
mod weighing;

pub use codec::DecodeError;
pub use hash::Rng;
pub use normalise::{fold, fold_features, is_han};
pub use place::{Gazetteer, Mention, Place, PlaceKind, core_name, looks_like_place};
pub use repeats::{Candidate, Rarity, RepeatCase, RepeatIndex, RepeatOptions};
pub use signals::{DutyList, Nature, UrgentWord, nature, urgent_words};
pub use suggest::{Suggester, Suggestion, TrainError, TrainOptions, is_held_back};
