//! What decides and asks nobody: addresses, merging, freshness.

mod address;
mod freshness;
mod merge;
mod words;

pub use address::{Address, address_key, unit_form};
pub use freshness::{FRESH_DAYS, fresh, fresh_since};
pub use merge::{Merged, Verdict, merge, merge_entity, weigh};
pub use words::{address_query, address_words, area_term, person_query, person_words};
