//! Opening a district's database: a SQLite file, or a schema on a PostgreSQL server.

use std::{
    path::PathBuf,
    str::FromStr,
    sync::{Arc, atomic::AtomicU32},
    time::Duration,
};

use linli_kernel::{Error, Result};
use sqlx::{
    AssertSqlSafe, Connection as _, PgPool, SqlitePool,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::{
    conn::{Aside, Conn, Inner, Tx},
    deferred::Deferred,
    idempotency::{Claimed, Keys},
    live::{Announcements, Hub},
    owed::Owed,
    writer::Writer,
};

/// Where a district's data is: `sqlite:PATH` or `postgres://…?schema=NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A file; created when missing.
    Sqlite(PathBuf),
    /// A schema on a server; created when missing.
    Postgres {
        /// Connection URL without the schema.
        url: String,
        /// The district's schema.
        schema: String,
    },
}

impl FromStr for Target {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            return Ok(Self::Sqlite(PathBuf::from(path.trim_start_matches("//"))));
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            let (url, query) = text.split_once('?').unwrap_or((text, ""));
            let (schemas, rest): (Vec<&str>, Vec<&str>) =
                query.split('&').filter(|p| !p.is_empty()).partition(|p| p.starts_with("schema="));
            let schema = schemas.first().map_or("public", |s| &s["schema=".len()..]);
            if schema.is_empty() || !schema.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
                return Err(format!("the schema “{schema}” may have only letters, digits and _"));
            }
            let url = if rest.is_empty() { url.to_owned() } else { format!("{url}?{}", rest.join("&")) };
            return Ok(Self::Postgres { url, schema: schema.to_owned() });
        }
        Err(format!("“{text}” is neither sqlite:PATH nor postgres://USER@HOST/NAME?schema=SCHEMA"))
    }
}

/// SQLite's own page caches in KiB, of the writer and of each reader; the system's cache of the file lies beneath them.
/// Five of sixteen megabytes each were a third of a server's memory.
const WRITER_CACHE: &str = "-16000";
const READER_CACHE: &str = "-4000";

/// A connection that nobody used for this long is asked whether it still lives before it is lent.
const RESTED: Duration = Duration::from_secs(1);

/// The engine and its connections.
#[derive(Clone, Debug)]
pub enum Engine {
    /// One writer and several readers on one file.
    Sqlite {
        /// The only connection that writes.
        writer: WriteHandle,
        /// Read-only connections.
        readers: SqlitePool,
        /// The file.
        path: PathBuf,
    },
    /// A pool whose connections see one schema.
    Postgres {
        /// The connections.
        pool: PgPool,
        /// One connection more, for [`crate::counter`]: whoever asks it already holds one of the pool.
        numbers: PgPool,
        /// The schema.
        schema: String,
    },
}

/// The file's one writing connection; only [`Db::begin`] lends it.
#[derive(Clone, Debug)]
pub struct WriteHandle(Writer, Keys);

/// A district's database.
#[derive(Clone, Debug)]
pub struct Db {
    engine: Engine,
    meter: Arc<AtomicU32>,
    hub: Hub,
}

impl Db {
    /// Opens (and creates when missing) the database at `target`.
    pub async fn open(target: &Target) -> Result<Self> {
        let engine = match target {
            Target::Sqlite(path) => open_sqlite(path.clone()).await?,
            Target::Postgres { url, schema } => open_postgres(url, schema).await?,
        };
        let hub = match &engine {
            Engine::Sqlite { .. } => Hub::new("linli"),
            Engine::Postgres { pool, schema, .. } => Hub::across(&format!("linli_{schema}"), pool),
        };
        Ok(Self { engine, meter: Arc::default(), hub })
    }

    /// The same database with a query counter of its own, for one request.
    #[must_use]
    pub fn metered(&self) -> Self {
        Self { meter: Arc::default(), ..self.clone() }
    }

    /// How many queries went through this handle.
    pub fn queries(&self) -> u32 {
        self.meter.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// The engine, for backup and benchmarks.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Where open pages hear of changes.
    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    /// A connection for reading.
    pub async fn read(&self) -> Result<Conn> {
        let inner = match &self.engine {
            Engine::Sqlite { readers, .. } => readers.acquire().await.map(Inner::Sqlite),
            Engine::Postgres { pool, .. } => pool.acquire().await.map(Inner::Postgres),
        };
        Ok(Conn {
            inner: inner.map_err(unavailable)?,
            meter: self.meter.clone(),
            deferred: Deferred::default(),
        })
    }

    /// A transaction that writes. On SQLite its first statement, be it one that reads, waits for the write lock, so
    /// that reading first and writing then can never fail half-way with “database is locked”.
    pub async fn begin(&self) -> Result<Tx> {
        let (inner, aside) = match &self.engine {
            Engine::Sqlite { writer, readers, .. } => {
                let aside = Aside { readers: readers.clone(), keys: writer.1.clone() };
                (Inner::SqliteTx(writer.0.later()), Some(aside))
            }
            Engine::Postgres { pool, .. } => {
                (pool.begin().await.map(Inner::PostgresTx).map_err(unavailable)?, None)
            }
        };
        let conn = Conn { inner, meter: self.meter.clone(), deferred: Deferred::default() };
        Ok(Tx {
            conn,
            aside,
            claimed: Claimed::default(),
            owed: Owed::default(),
            news: Announcements::default(),
            hub: self.hub.clone(),
        })
    }

    /// Waits for running work and closes; SQLite's log is folded into the file.
    pub async fn close(&self) {
        match &self.engine {
            Engine::Sqlite { writer, readers, .. } => {
                readers.close().await;
                writer.0.close().await;
            }
            Engine::Postgres { pool, numbers, .. } => {
                pool.close().await;
                numbers.close().await;
            }
        }
    }
}

pub(crate) fn unavailable(error: sqlx::Error) -> Error {
    tracing::error!(%error, "no database connection");
    Error::Unavailable("error-busy")
}

async fn open_sqlite(path: PathBuf) -> Result<Engine> {
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|e| Error::internal(format!("{}: {e}", folder.display())))?;
    }
    let options = SqliteConnectOptions::new()
        .filename(&path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        .pragma("cache_size", WRITER_CACHE)
        .pragma("temp_store", "memory")
        .statement_cache_capacity(256);
    let opened = |e: sqlx::Error| Error::internal(format!("{}: {e}", path.display()));
    let writer = WriteHandle(Writer::open(&options).await.map_err(opened)?, Keys::default());
    let readers = SqlitePoolOptions::new()
        .max_connections(4)
        .acquire_timeout(Duration::from_secs(30))
        .test_before_acquire(false)
        .connect_lazy_with(
            options.create_if_missing(false).pragma("query_only", "on").pragma("cache_size", READER_CACHE),
        );
    Ok(Engine::Sqlite { writer, readers, path })
}

async fn open_postgres(url: &str, schema: &str) -> Result<Engine> {
    let opened = |e: sqlx::Error| Error::internal(format!("PostgreSQL: {e}"));
    let options = PgConnectOptions::from_str(url)
        .map_err(opened)?
        // A use case that waits half a minute for a row has met another that hangs: give up, say so.
        .options([("search_path", schema), ("lock_timeout", "30s")])
        .statement_cache_capacity(256)
        .application_name("linli");
    // A pool tries again until its time is up and then says only that; one connection says at once what is wrong.
    reach(&options).await?;
    let pool = PgPoolOptions::new()
        .max_connections(20)
        .acquire_timeout(Duration::from_secs(30))
        // A connection in constant use is alive; asking each time would cost a round trip per request.
        .test_before_acquire(false)
        .before_acquire(|conn, state| {
            Box::pin(async move { Ok(state.idle_for < RESTED || sqlx::Connection::ping(conn).await.is_ok()) })
        })
        .connect_with(options.clone())
        .await
        .map_err(opened)?;
    let numbers = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(Duration::from_secs(30))
        .test_before_acquire(false)
        .before_acquire(|conn, state| {
            Box::pin(async move { Ok(state.idle_for < RESTED || sqlx::Connection::ping(conn).await.is_ok()) })
        })
        .connect_lazy_with(options);
    // The name was checked when the target was parsed: letters, digits and _ only.
    let create = format!("CREATE SCHEMA IF NOT EXISTS {schema}");
    sqlx::raw_sql(AssertSqlSafe(create)).execute(&pool).await.map_err(opened)?;
    Ok(Engine::Postgres { pool, numbers, schema: schema.to_owned() })
}

/// How long a server may take to answer the first time.
const ANSWER: Duration = Duration::from_secs(5);

/// Connects once, so that what is wrong is told with the server's name.
async fn reach(options: &PgConnectOptions) -> Result<()> {
    let server = format!("PostgreSQL at {}:{}", options.get_host(), options.get_port());
    let connected = tokio::time::timeout(ANSWER, sqlx::PgConnection::connect_with(options)).await;
    let conn = match connected {
        Err(_) => {
            return Err(Error::internal(format!("{server} does not answer within {} s", ANSWER.as_secs())));
        }
        Ok(Err(error)) => return Err(Error::internal(format!("{server}: {error}"))),
        Ok(Ok(conn)) => conn,
    };
    // It served its purpose, whether or not it says goodbye.
    let _ = conn.close().await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_that_is_not_there_is_named_at_once() {
        // A port that was free a moment ago and that nobody listens on.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let target = format!("postgres://nobody@127.0.0.1:{port}/none").parse().unwrap();
        let error = Db::open(&target).await.unwrap_err().to_string();
        assert!(error.contains(&format!("PostgreSQL at 127.0.0.1:{port}")), "{error}");
        assert!(!error.contains("pool timed out"), "{error}");
    }

    #[test]
    fn targets() {
        assert_eq!("sqlite:var/a.db".parse(), Ok(Target::Sqlite("var/a.db".into())));
        assert_eq!(
            "postgres://u@h/db?schema=huancui&sslmode=disable".parse(),
            Ok(Target::Postgres {
                url: "postgres://u@h/db?sslmode=disable".into(),
                schema: "huancui".into()
            })
        );
        assert!("mysql://x".parse::<Target>().is_err());
        assert!("postgres://u@h/db?schema=a;b".parse::<Target>().is_err());
    }
}
