//! One database facade over SQLite and PostgreSQL, and what every write needs beside its change:
//! the activity log, the outbox, numbers, idempotency and announcements.
//!
//! A query is written once, with `$1, $2, …`, and runs on both engines ([`Conn`]). Writing needs a
//! [`Tx`], and the usual way to one is an [`Op`]: actor, clock, ids and transaction of one use case.

pub mod activity;
pub mod backup;
pub mod blob;
pub mod bulk;
pub mod conn;
pub mod counter;
pub mod db;
mod deferred;
pub mod district;
pub mod fulltext;
pub mod housekeeping;
pub mod idempotency;
pub mod live;
pub mod migrate;
pub mod op;
pub mod outbox;
mod owed;
pub mod part;
pub mod query;
pub mod settings;
pub mod worker;
mod writer;

pub use activity::Entry;
pub use blob::Blobs;
pub use conn::{Before, Conn, Row, Tx};
pub use db::{Db, Engine, Target};
pub use district::{District, Ports};
pub use linli_kernel::params;
pub use live::Topic;
pub use migrate::Migration;
pub use op::Op;
pub use query::Where;

/// The migrations of the store's own tables.
pub const MIGRATIONS: &[Migration] =
    &[Migration { name: "store/0001_init", sql: include_str!("../migrations/0001_init.sql") }];
