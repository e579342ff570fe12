//! What pages and interfaces show of cases: lists, one case, the reporter's view, numbers, maps. All in a
//! constant number of queries, and all within a [`linli_access::Scope`] (or a tracking token).

mod board;
mod detail;
pub mod feed;
mod filter;
mod list;
mod places;
mod rates;
pub mod similar;
pub mod suggest;
mod track;

pub(crate) use board::counted;
pub use board::{BoardCounts, NoticeRow, counts, notices};
pub use detail::{Detail, EntryView, FormerReply, PhotoView, Related, detail, id_by_number, photo, timeline};
pub use filter::{AskKind, Fact, Filter, UNCATEGORISED};
pub use list::{CaseRow, Found, Sort, found, page};
pub use places::points;
pub use rates::{DayCount, Part, Rates, corrections, rates};
pub(crate) use rates::{add_rates, head, rated};
pub use similar::{Similar, similar};
pub use suggest::{Suggestion, suggest_for};
pub use track::{Look, PublicCase, PublicEntry, track, track_photo};
