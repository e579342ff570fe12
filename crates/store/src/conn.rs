//! Running one query text on either engine.

use std::{
    ops::{Deref, DerefMut},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use futures_util::TryStreamExt as _;
use linli_kernel::{Error, Result, Value};
use sqlx::{
    Arguments, AssertSqlSafe, Either, Executor as _, FromRow, PgConnection, Postgres, Sqlite,
    SqliteConnection, SqlitePool, Transaction,
    pool::PoolConnection,
    postgres::{PgArguments, PgRow},
    query_with,
    sqlite::{SqliteArguments, SqliteRow},
};

use crate::{
    activity,
    db::unavailable,
    deferred::Deferred,
    idempotency::{self, Claimed, Keys},
    live::{Announcements, Hub},
    outbox,
    owed::{self, Owed},
    writer::Turn,
};

/// A row type that both engines can fill; `#[derive(sqlx::FromRow)]` and tuples are.
pub trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}
impl<T> Row for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

pub(crate) enum Inner {
    Sqlite(PoolConnection<Sqlite>),
    SqliteTx(Turn),
    Postgres(PoolConnection<Postgres>),
    PostgresTx(Transaction<'static, Postgres>),
}

/// A connection that reads.
pub struct Conn {
    pub(crate) inner: Inner,
    pub(crate) meter: Arc<AtomicU32>,
    pub(crate) deferred: Deferred,
}

/// A row of either engine.
enum Found {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Found {
    fn read<T: Row>(&self) -> Result<T, sqlx::Error> {
        match self {
            Self::Sqlite(row) => T::from_row(row),
            Self::Postgres(row) => T::from_row(row),
        }
    }
}

/// Takes rows one by one.
type Take<'a> = &'a mut (dyn FnMut(Found) -> Result<(), sqlx::Error> + Send);

impl Conn {
    /// All rows.
    pub async fn all<T: Row>(&mut self, sql: &str, args: Vec<Value>) -> Result<Vec<T>> {
        let mut rows = Vec::new();
        self.each(sql, args, &mut |row| row.read().map(|row| rows.push(row))).await?;
        Ok(rows)
    }

    /// The first row, if there is one.
    pub async fn optional<T: Row>(&mut self, sql: &str, args: Vec<Value>) -> Result<Option<T>> {
        let row = self.first(sql, args).await?;
        row.map(|row| row.read()).transpose().map_err(|e| failed(sql, e))
    }

    /// What talks to the engines knows no row type: written for each of them, it was a third of the program.
    async fn each(&mut self, sql: &str, args: Vec<Value>, take: Take<'_>) -> Result<()> {
        self.flush().await?;
        self.meter.fetch_add(1, Ordering::Relaxed);
        let done = match &mut self.inner {
            Inner::Sqlite(c) => sqlite_each(c, sql, sqlite_args(args)?, take).await,
            Inner::SqliteTx(c) => {
                let args = sqlite_args(args)?;
                let (c, sql) = c.ready(sql).await?;
                sqlite_each(c, &sql, args, take).await
            }
            Inner::Postgres(c) => pg_each(c, sql, pg_args(args)?, take).await,
            Inner::PostgresTx(c) => pg_each(c, sql, pg_args(args)?, take).await,
        };
        done.map_err(|e| failed(sql, e))
    }

    async fn first(&mut self, sql: &str, args: Vec<Value>) -> Result<Option<Found>> {
        self.flush().await?;
        self.meter.fetch_add(1, Ordering::Relaxed);
        let found = match &mut self.inner {
            Inner::Sqlite(c) => sqlite_first(c, sql, sqlite_args(args)?).await,
            Inner::SqliteTx(c) => {
                let args = sqlite_args(args)?;
                let (c, sql) = c.ready(sql).await?;
                sqlite_first(c, &sql, args).await
            }
            Inner::Postgres(c) => pg_first(c, sql, pg_args(args)?).await,
            Inner::PostgresTx(c) => pg_first(c, sql, pg_args(args)?).await,
        };
        found.map_err(|e| failed(sql, e))
    }

    /// The one row that must be there; [`Error::NotFound`] otherwise.
    pub async fn one<T: Row>(&mut self, sql: &str, args: Vec<Value>) -> Result<T> {
        self.optional(sql, args).await?.ok_or(Error::NotFound)
    }

    /// The only column of the only row, for counts and lookups.
    pub async fn scalar<T>(&mut self, sql: &str, args: Vec<Value>) -> Result<T>
    where
        (T,): Row,
    {
        Ok(self.one::<(T,)>(sql, args).await?.0)
    }

    /// How many queries went through this connection and its siblings of one request.
    pub fn queries(&self) -> u32 {
        self.meter.load(Ordering::Relaxed)
    }

    /// Whether this is a transaction's, which sees what is not committed and may come to nothing.
    pub fn is_within(&self) -> bool {
        matches!(self.inner, Inner::SqliteTx(_) | Inner::PostgresTx(_))
    }

    /// Whether this is PostgreSQL; only for the few statements that differ, inside the store.
    pub(crate) fn is_postgres(&self) -> bool {
        matches!(self.inner, Inner::Postgres(_) | Inner::PostgresTx(_))
    }

    /// One text for each engine, where no common one exists (full text, locks).
    pub fn dialect<'a>(&self, sqlite: &'a str, postgres: &'a str) -> &'a str {
        if self.is_postgres() { postgres } else { sqlite }
    }

    pub(crate) async fn run(&mut self, sql: &str, args: Vec<Value>) -> Result<u64> {
        self.flush().await?;
        self.run_now(sql, args).await
    }

    /// Runs what was put off, in one round trip.
    pub(crate) async fn flush(&mut self) -> Result<()> {
        if self.deferred.is_empty() {
            return Ok(());
        }
        let (sql, args) = self.deferred.take(self.is_postgres());
        self.run_now(&sql, args).await.map(|_| ())
    }

    async fn run_now(&mut self, sql: &str, args: Vec<Value>) -> Result<u64> {
        self.meter.fetch_add(1, Ordering::Relaxed);
        let done = match &mut self.inner {
            Inner::Sqlite(c) => sqlite_run(c, sql, sqlite_args(args)?).await,
            Inner::SqliteTx(c) => {
                let args = sqlite_args(args)?;
                let (c, sql) = c.ready(sql).await?;
                sqlite_run(c, &sql, args).await
            }
            Inner::Postgres(c) => pg_run(c, sql, args).await,
            Inner::PostgresTx(c) => pg_run(c, sql, args).await,
        };
        done.map_err(|e| failed(sql, e))
    }

    pub(crate) async fn script(&mut self, sql: &str) -> Result<()> {
        self.flush().await?;
        let done = match &mut self.inner {
            Inner::Sqlite(c) => sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut **c).await.map(|_| ()),
            Inner::SqliteTx(c) => {
                let (c, sql) = c.ready(sql).await?;
                sqlx::raw_sql(AssertSqlSafe(&*sql)).execute(c).await.map(|_| ())
            }
            Inner::Postgres(c) => sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut **c).await.map(|_| ()),
            Inner::PostgresTx(c) => sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut **c).await.map(|_| ()),
        };
        done.map_err(|e| failed(sql, e))
    }
}

async fn sqlite_each(
    c: &mut SqliteConnection,
    sql: &str,
    args: SqliteArguments,
    take: Take<'_>,
) -> Result<(), sqlx::Error> {
    let mut rows = query_with::<Sqlite, _>(AssertSqlSafe(sql), args).fetch(c);
    while let Some(row) = rows.try_next().await? {
        take(Found::Sqlite(row))?;
    }
    Ok(())
}

async fn sqlite_first(
    c: &mut SqliteConnection,
    sql: &str,
    args: SqliteArguments,
) -> Result<Option<Found>, sqlx::Error> {
    let row = query_with::<Sqlite, _>(AssertSqlSafe(sql), args).fetch_optional(c).await?;
    Ok(row.map(Found::Sqlite))
}

async fn pg_each(
    c: &mut PgConnection,
    sql: &str,
    args: PgArguments,
    take: Take<'_>,
) -> Result<(), sqlx::Error> {
    let mut rows = query_with::<Postgres, _>(AssertSqlSafe(sql), args).fetch(c);
    while let Some(row) = rows.try_next().await? {
        take(Found::Postgres(row))?;
    }
    Ok(())
}

async fn pg_first(c: &mut PgConnection, sql: &str, args: PgArguments) -> Result<Option<Found>, sqlx::Error> {
    let row = query_with::<Postgres, _>(AssertSqlSafe(sql), args).fetch_optional(c).await?;
    Ok(row.map(Found::Postgres))
}

async fn sqlite_run(c: &mut SqliteConnection, sql: &str, args: SqliteArguments) -> Result<u64, sqlx::Error> {
    // A savepoint may stand in front, and the engine tells the rows of the change before it as its own: the last counts.
    let mut results = c.fetch_many(query_with::<Sqlite, _>(AssertSqlSafe(sql), args));
    let mut rows = 0;
    while let Some(result) = results.try_next().await? {
        if let Either::Left(done) = result {
            rows = done.rows_affected();
        }
    }
    Ok(rows)
}

async fn pg_run(c: &mut PgConnection, sql: &str, args: Vec<Value>) -> Result<u64, sqlx::Error> {
    let args = pg_args(args).map_err(|e| sqlx::Error::Protocol(e.to_string()))?;
    Ok(query_with::<Postgres, _>(AssertSqlSafe(sql), args).execute(c).await?.rows_affected())
}

/// A transaction: everything in it happens, or nothing. Dropped without [`Tx::commit`], nothing does.
pub struct Tx {
    pub(crate) conn: Conn,
    pub(crate) aside: Option<Aside>,
    pub(crate) claimed: Claimed,
    pub(crate) owed: Owed,
    pub(crate) news: Announcements,
    pub(crate) hub: Hub,
}

impl Tx {
    /// Runs a statement that writes; answers the number of rows.
    pub async fn execute(&mut self, sql: &str, args: Vec<Value>) -> Result<u64> {
        self.conn.run(sql, args).await
    }

    /// Puts a statement off until the next one that does not wait, or the commit; all that wait go in one round
    /// trip. For rows that nobody reads before: on PostgreSQL the statements that wait together do not see each
    /// other's rows, and an error comes with the statement that follows.
    pub async fn defer(&mut self, sql: &str, args: Vec<Value>) -> Result<()> {
        self.conn.deferred.push(sql, args);
        if self.conn.deferred.is_full() { self.conn.flush().await } else { Ok(()) }
    }

    /// Tells open pages, once this is committed, that something under `topic` has changed.
    pub fn announce(&mut self, topic: crate::Topic) {
        self.news.add(topic);
    }

    /// Where to read what was committed before, while nothing is written yet: on SQLite beside the one writer, which
    /// others then need not wait for. What must not change until the commit is read through the transaction itself.
    pub async fn before(&mut self) -> Result<Before<'_>> {
        match &self.aside {
            Some(aside) if !self.has_begun() => aside.read(&self.conn.meter).await.map(Before::Aside),
            _ => Ok(Before::Within(&mut self.conn)),
        }
    }

    /// Whether a statement has been run or put off.
    pub(crate) fn has_begun(&self) -> bool {
        !self.conn.deferred.is_empty()
            || !matches!(&self.conn.inner, Inner::SqliteTx(turn) if !turn.has_begun())
    }

    /// Puts off the activity and outbox rows that were kept aside, and a claim without an answer.
    pub(crate) async fn settle(&mut self) -> Result<()> {
        idempotency::write_down(self, 0, "").await?;
        let Owed { activity, outbox } = std::mem::take(&mut self.owed);
        owed::insert(self, activity::INSERT, activity).await?;
        owed::insert(self, outbox::INSERT, outbox).await
    }

    /// Makes it so, durably, and tells the open pages.
    pub async fn commit(mut self) -> Result<()> {
        self.settle().await?;
        match self.conn.inner {
            Inner::SqliteTx(turn) => {
                self.conn.meter.fetch_add(1, Ordering::Relaxed);
                let (sql, args) = self.conn.deferred.take(false);
                let text = sql.clone();
                let done = turn.commit((sql, sqlite_args(args)?), self.claimed).await;
                done.map_err(|e| failed(if text.is_empty() { "COMMIT" } else { &text }, e))?;
            }
            Inner::PostgresTx(mut tx) => {
                if !self.conn.deferred.is_empty() {
                    self.conn.meter.fetch_add(1, Ordering::Relaxed);
                    let (sql, args) = self.conn.deferred.take(true);
                    pg_run(&mut tx, &sql, args).await.map_err(|e| failed(&sql, e))?;
                }
                tx.commit().await.map_err(|e| failed("COMMIT", e))?;
            }
            Inner::Sqlite(_) | Inner::Postgres(_) => {}
        }
        self.hub.publish(self.news);
        Ok(())
    }
}

/// See [`Tx::before`].
pub enum Before<'t> {
    /// A reading connection.
    Aside(Conn),
    /// The transaction.
    Within(&'t mut Conn),
}

impl Deref for Before<'_> {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        match self {
            Self::Aside(conn) => conn,
            Self::Within(conn) => conn,
        }
    }
}

impl DerefMut for Before<'_> {
    fn deref_mut(&mut self) -> &mut Conn {
        match self {
            Self::Aside(conn) => conn,
            Self::Within(conn) => conn,
        }
    }
}

/// SQLite's readers, and the keys that transactions are working on.
#[derive(Debug, Clone)]
pub(crate) struct Aside {
    pub(crate) readers: SqlitePool,
    pub(crate) keys: Keys,
}

impl Aside {
    async fn read(&self, meter: &Arc<AtomicU32>) -> Result<Conn> {
        let inner = self.readers.acquire().await.map(Inner::Sqlite).map_err(unavailable)?;
        Ok(Conn { inner, meter: meter.clone(), deferred: Deferred::default() })
    }
}

impl Deref for Tx {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        &self.conn
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.conn
    }
}

/// PostgreSQL keeps no NUL in a text, and nobody means one: it becomes the sign for what cannot be shown, on
/// both engines alike.
fn without_nul(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

macro_rules! bind_all {
    ($name:ident, $args:ty) => {
        fn $name(values: Vec<Value>) -> Result<$args> {
            let mut args = <$args>::default();
            for value in values {
                match value {
                    Value::Bool(v) => args.add(v),
                    Value::Int(v) => args.add(v),
                    Value::Real(v) => args.add(v),
                    Value::Text(v) => args.add(v.map(without_nul)),
                    Value::Bytes(v) => args.add(v),
                    Value::Uuid(v) => args.add(v),
                }
                .map_err(Error::Internal)?;
            }
            Ok(args)
        }
    };
}
bind_all!(sqlite_args, SqliteArguments);
bind_all!(pg_args, PgArguments);

/// Names the statement in the error, so that the log says which query failed.
fn failed(sql: &str, error: sqlx::Error) -> Error {
    match &error {
        sqlx::Error::PoolTimedOut => return Error::Unavailable("error-busy"),
        // Two that wait for each other, or one that has waited too long (PostgreSQL): once more helps.
        sqlx::Error::Database(e) if matches!(e.code().as_deref(), Some("40P01" | "55P03")) => {
            tracing::warn!(%error, "a statement gave up waiting");
            return Error::Unavailable("error-busy");
        }
        sqlx::Error::Database(e) if e.is_unique_violation() => return Error::Conflict("error-exists"),
        sqlx::Error::Database(e) if e.is_foreign_key_violation() => return Error::Conflict("error-in-use"),
        _ => {}
    }
    let head: String = sql.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(160).collect();
    Error::internal(format!("{error}; in: {head}"))
}
