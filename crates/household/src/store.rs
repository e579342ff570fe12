//! The register between the database and the rules: asks and writes, decides nothing.

pub mod care;
pub mod entities;
pub mod feed;
pub mod forget;
pub mod mend;
pub mod people;
pub mod places;
mod sealed;
mod words;

pub use sealed::Seal;
