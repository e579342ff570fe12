//! Forms that a community writes itself (自定义走访表单): XLSForm, XForms and OpenRosa.
//!
//! Pure: bytes in, values out; no files, no clock, no database. Whoever calls gives the instant ([`Now`]).
//!
//! * [`read`] — an XLSForm (`.xlsx` or CSV) becomes a [`Form`], or a list of [`Problem`]s that name sheet, row and
//!   column. Valid is what pyxform and ODK Validate accept; what they accept and we cannot show is said as well.
//! * [`xpath`] — the expressions, parsed once; [`Engine`] works out relevance, calculations, choices and faults.
//!   The serialised [`Form`] is what a browser evaluates off line with `ui/src/forms-engine.ts`.
//! * [`xform`], [`openrosa`], [`submission`] — the same form for field apps (ODK Collect): XForm XML, form list,
//!   manifest, and reading what they send.
//! * [`render`] — the form as a page shows it; [`export`] — the answers as tables.
#![forbid(unsafe_code)]

mod engine;
mod eval;
pub mod export;
mod functions;
mod instance;
pub mod model;
mod name;
pub mod openrosa;
mod pattern;
mod problem;
mod read;
pub mod render;
pub mod submission;
mod value;
mod workbook;
pub mod xform;
mod xml;
pub mod xpath;

pub use engine::{Engine, Fault, FaultKind};
pub use eval::Scope;
pub use instance::{Instance, Key, MOST_REPEATS};
pub use model::{Form, Kind, Node, NodeId};
pub use name::is_name;
pub use problem::{Code, Level, Problem};
pub use read::{Reading, read, read_workbook};
pub use value::{Now, Value};
pub use workbook::{BYTES as FILE_BYTES, Table, Workbook};
