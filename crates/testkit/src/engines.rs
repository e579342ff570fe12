//! Throw-away databases: a SQLite file in a temporary folder, a schema on a PostgreSQL server that
//! `scripts/with-postgres` started (`LINLI_TEST_POSTGRES`).

use std::sync::atomic::{AtomicU32, Ordering};

use linli_store::{Db, Target};
use tempfile::TempDir;

/// Which engine a test wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Always there.
    Sqlite,
    /// Where `LINLI_TEST_POSTGRES` names a server.
    Postgres,
}

/// An empty database that goes with the value.
pub struct Scratch {
    /// Where it is.
    pub target: Target,
    /// A handle on it.
    pub db: Db,
    /// A folder for files of the test.
    pub folder: TempDir,
}

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A fresh, empty database.
///
/// # Panics
/// When the engine is there but refuses: the test must fail then, not skip.
#[expect(clippy::expect_used, reason = "a test helper: a broken engine must fail the test")]
pub async fn scratch(engine: Engine) -> Option<Scratch> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let target = match engine {
        Engine::Sqlite => Target::Sqlite(folder.path().join("test.db")),
        Engine::Postgres => {
            let Ok(url) = std::env::var("LINLI_TEST_POSTGRES") else {
                eprintln!(
                    "SKIPPED: no PostgreSQL; LINLI_TEST_POSTGRES is not set (scripts/with-postgres sets it)"
                );
                return None;
            };
            let n = NEXT.fetch_add(1, Ordering::SeqCst);
            Target::Postgres { url, schema: format!("t{}_{n}", std::process::id()) }
        }
    };
    let db = Db::open(&target).await.expect("the engine opens an empty database");
    Some(Scratch { target, db, folder })
}
