//! The rhythm of visits (走访节律): the daily look-round (日随查), the weekly meeting (周例会), the monthly spot check
//! (月抽查) and the quarterly visit (季走访).
//!
//! Lists are made by the system and settled in one tap. Figures are of places, never of people.

mod accuracy;
mod checker;
mod due;
mod figures;
pub mod meeting;
mod pick;
mod round;
mod sample;
mod spot;
mod spot_read;
mod spot_record;
mod visits;

pub use accuracy::{Accuracy, Found};
pub use checker::{Around, Candidate, Standing, candidates};
pub use due::{Quarter, every, needed};
pub use figures::{Figures, Listed, ListedHome, figures, listed, sum, visited_by_house};
pub(crate) use figures::{LEFT, WAITS, beside};
pub use pick::{CARE_MOST, Known, MOST, Pick, Reason, pick};
pub use round::{Round, RoundHome, ensure, settle, today};
pub use sample::{Again, Month, SAMPLE};
pub(crate) use spot::leave;
pub use spot::{
    Answer, Answers, CheckField, Drawn, SpotCheck, assign, checkers, draw_month, fields, finish, hidden_from,
    may_check, note, spot,
};
pub use spot_read::{Redrawn, SpotHome, SpotLine, found, redraw, redraw_month, spot_homes, spots, spots_of};
pub(crate) use spot_record::drop_past;
pub use spot_record::{Record, Recorded, drawn_record};
pub use visits::{Met, china_day, take_over, visited, visited_at};

linli_kernel::typed_id! {
    /// The list of a grid and a day.
    RoundId;
    /// The check of a grid and a month.
    SpotId
}
