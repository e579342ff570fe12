//! The pure words that every room of the house uses: ids, time, areas, actors,
//! errors, pages. Nothing here does I/O or reads a clock by itself.

extern crate self as linli_kernel; // so that the macros below name one path inside and outside

pub mod actor;
pub mod area;
pub mod calendar;
pub mod error;
mod hex;
pub mod id;
pub mod page;
pub mod person;
pub mod text;
pub mod text_enum;
pub mod time;
pub mod value;

pub use actor::{Actor, Role};
pub use area::AreaCode;
pub use calendar::Calendar;
pub use error::{Error, FieldError, Result};
pub use hex::{hex, percent};
pub use id::Ids;
pub use page::{Cursor, Page};
pub use time::{Clock, Timestamp};
pub use value::Value;

#[doc(hidden)]
pub mod export {
    pub use {serde, sqlx, uuid};
}
