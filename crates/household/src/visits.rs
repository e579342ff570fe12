//! Visits without signal (离线走访): the day's homes go down to the phone of the grid worker, what was found at the
//! doors comes up, each entry exactly once, in order for each home, and never over something newer unseen.

mod home;
mod model;
mod pack;
mod photos;
mod route;
mod store;
mod take;
pub(crate) mod web;

pub use home::{Home, Person, Phone};
pub use model::{Act, Answer, Differ, Entry, Outcome, Saw, SawPerson, Says, SaysPerson};
pub use pack::{CaseNote, Cases, MOST_HOMES, Pack, pack};
pub use photos::{MOST_PHOTOS, keep as keep_photo};
pub use route::Due;
pub use store::{Visit, destroy, of_dwelling};
pub use take::{MOST, take};
