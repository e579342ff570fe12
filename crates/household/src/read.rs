//! What pages and the interface show: a constant number of queries each, within the scope that is given.

mod called;
mod card;
mod entities;
mod find;
mod fresh;
mod houses;
mod order;
mod timeline;

pub use called::{Called, called};
pub use card::{Card, CardCare, CardHousehold, CardResident, card};
pub use entities::{EntityPage, entities, entity};
pub use find::{By, Found, FoundHome, FoundPerson, Question, find};
pub use fresh::{Freshness, Stale, StaleRow, freshness, freshness_of, stale};
pub use houses::{BuildingRow, Door, buildings, doors};
pub use order::Order;
pub(crate) use order::{Keys, Place};
pub use timeline::{Event, EventKind};
