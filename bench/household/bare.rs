//! The bare engine: the plain driver (sqlx) on the same file, with the settings of the store.

use std::{
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Row as _, SqliteConnection,
    sqlite::{SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use uuid::{Builder, Uuid};

use crate::Outcome;

static NEXT: AtomicU64 = AtomicU64::new(1);

/// An id like ours, in the order of time; of this process alone.
pub(crate) fn fresh() -> Uuid {
    let nth = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut tail = [0; 10];
    tail[..2].copy_from_slice(&std::process::id().to_be_bytes()[2..]);
    tail[2..].copy_from_slice(&(nth * 1_000_003).to_be_bytes());
    Builder::from_unix_timestamp_millis(1_764_000_000_000 + nth, &tail).into_uuid()
}

pub(crate) async fn open(path: &Path) -> Outcome<SqliteConnection> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(30))
        .pragma("cache_size", "-16000")
        .pragma("temp_store", "memory");
    Ok(options.connect().await?)
}

/// What an import fills.
const TABLES: [&str; 9] = [
    "building",
    "building_unit",
    "dwelling",
    "household",
    "resident",
    "residence",
    "register_feed",
    "resident_words",
    "dwelling_words",
];

/// Copies the register's rows into an empty file with the same tables and indices; how many, and how long it took.
pub(crate) async fn copy(from: &Path, to: &Path) -> Outcome<(u64, Duration)> {
    let mut conn = open(to).await?;
    let attach = format!("ATTACH '{}' AS ours", from.display());
    sqlx::query(AssertSqlSafe(attach)).execute(&mut conn).await?;
    let list = TABLES.map(|t| format!("'{t}'")).join(", ");
    let sql = format!(
        "SELECT sql FROM ours.sqlite_schema WHERE tbl_name IN ({list}) AND sql IS NOT NULL ORDER BY type DESC"
    );
    for row in sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut conn).await? {
        sqlx::query(AssertSqlSafe(row.get::<String, _>(0))).execute(&mut conn).await?;
    }
    let began = Instant::now();
    let mut tx = conn.begin().await?;
    let mut rows = 0;
    for table in TABLES {
        let columns = if table.ends_with("_words") { "rowid, words" } else { "*" };
        let into = if table.ends_with("_words") { "(rowid, words)" } else { "" };
        let sql = format!("INSERT INTO main.{table}{into} SELECT {columns} FROM ours.{table}");
        rows += sqlx::query(AssertSqlSafe(sql)).execute(&mut *tx).await?.rows_affected();
    }
    tx.commit().await?;
    let took = began.elapsed();
    conn.close().await?;
    Ok((rows, took))
}

/// Statements with what is put in for `?`, as one look-up makes them.
pub(crate) struct Looked {
    pub(crate) asks: Vec<(&'static str, Vec<Bind>)>,
}

#[derive(Clone)]
pub(crate) enum Bind {
    Id(Uuid),
    Bytes(Vec<u8>),
    Text(String),
}

const NOTE: &str = "INSERT INTO activity (id, at, actor, actor_id, action, subject, subject_id, area, request, detail, digest)
    VALUES (?, 1764000000000, 'bench', ?, 'household.read', 'dwelling', ?, '371002001001001', '0123456789abcdef0123456789abcdef', ?, ?)";

/// Reads and then notes that it was read, durably, as ours does. Milliseconds.
pub(crate) async fn look(conn: &mut SqliteConnection, looked: &Looked) -> Outcome<f64> {
    let began = Instant::now();
    for (sql, binds) in &looked.asks {
        let mut query = sqlx::query::<sqlx::Sqlite>(*sql);
        for bind in binds {
            query = put(query, bind.clone());
        }
        std::hint::black_box(query.fetch_all(&mut *conn).await?);
    }
    let mut tx = conn.begin_with("BEGIN IMMEDIATE").await?;
    let id = fresh();
    sqlx::query(NOTE)
        .bind(id)
        .bind(id)
        .bind(id.to_string())
        .bind(r#"{"by":"words","found":3}"#)
        .bind(id.as_bytes().repeat(2))
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(began.elapsed().as_secs_f64() * 1000.0)
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Sqlite, SqliteArguments>;

fn put(query: Query<'_>, bind: Bind) -> Query<'_> {
    match bind {
        Bind::Id(id) => query.bind(id),
        Bind::Bytes(bytes) => query.bind(bytes),
        Bind::Text(text) => query.bind(text),
    }
}
