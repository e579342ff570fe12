//! The rhythm of visits (走访节律): the daily look-round (日随查) and the quarterly visit (季走访).
//!
//! Lists are made by the system and settled in one tap. Figures are of places, never of people.

mod due;
mod figures;
mod pick;
mod round;
mod visits;

pub use due::{Quarter, every, needed};
pub use figures::{Figures, Listed, ListedHome, figures, listed, sum};
pub use pick::{CARE_MOST, Known, MOST, Pick, Reason, pick};
pub use round::{Round, RoundHome, ensure, settle, today};
pub use visits::{Met, china_day, take_over, visited};

linli_kernel::typed_id! {
    /// The list of a grid and a day.
    RoundId
}
