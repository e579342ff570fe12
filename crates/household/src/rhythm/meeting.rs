//! The weekly meeting of a community (周例会): made by the system on the day that its secretary has set, with an agenda
//! proposed from the figures of the week, minutes that freeze when it ends, and to-dos that come back until they are
//! done.

mod agenda;
mod gather;
pub mod history;
mod make;
mod model;
mod plan;
mod read;
mod see;
mod todo;
mod week;
mod write;

pub use agenda::{CareHome, CaseTold, Heap, MOST, Unsettled};
pub use gather::CaseDesk;
pub use make::{LOOK, PREPARE, prepare, refresh};
pub use model::{
    Facts, Meeting, MeetingId, Moved, Note, Person, Point, PointId, PointKind, Post, Proposal, State,
    Subject, SubjectKind, Todo, TodoId, TodoState,
};
pub use plan::{NewPlan, Plan, WorkingDays, clock, minute, plan, plans, set_plan};
pub use read::{
    Community, Line, Sum, Which, Whole, communities, of_community, of_week, parts, people_of, sum_of, todo,
    todos, todos_of, whole,
};
pub use see::sees;
pub use todo::{Change, NewTodo, Settled, WORDS_MAX, change, settle};
pub use week::{Week, held_on, instant};
pub use write::{
    MINUTES_MAX, TITLE_MAX, Writing, add_guest, add_note, add_point, attend, close, day_and_minute, meeting,
    put_off, shift, strike, write_point,
};

pub(crate) use make::handlers;
pub(crate) use see::{HOLD, READ, TODO, seen_areas};
