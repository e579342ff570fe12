//! What every integration test needs: both databases, a fixed clock, a visible notice when
//! PostgreSQL or the shared test data are absent.

mod data;
mod engines;
pub mod schema;

pub use data::shared_data;
pub use engines::{Engine, Scratch, scratch};

/// Generates one test per engine from one body: `both_engines! { async fn name(db: Scratch) { … } }`.
///
/// The PostgreSQL test says so on stderr and passes when no server can be started.
#[macro_export]
macro_rules! both_engines {
    ($(async fn $name:ident($db:ident) $body:block)+) => {$(
        mod $name {
            #[allow(unused_imports, reason = "a body may not need them")]
            use super::*;
            async fn body($db: $crate::Scratch) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                if let Some(db) = $crate::scratch($crate::Engine::Sqlite).await { body(db).await }
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if let Some(db) = $crate::scratch($crate::Engine::Postgres).await { body(db).await }
            }
        }
    )+};
}
