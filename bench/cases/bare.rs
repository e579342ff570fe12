//! The bare engine: the plain driver (sqlx), the same tables with the same indices, the same rows per
//! case, no program around them. It is given everything ready: no checks, no digests, no JSON to make.

use std::{
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Database, Executor, PgConnection, Postgres, Sqlite,
    SqliteConnection,
    postgres::PgConnectOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use uuid::{Builder, Uuid};

use crate::{Outcome, create::PerCase};

const CASE: &str = "INSERT INTO case_file (id, number, source, nature, area, state, whistle, level, lead, category, urgent,
        urgent_confirmed, anonymous, hidden, reachable, next_due, sweep_at, title, body, address, lat, lng,
        reported_at, created_at, updated_at, reporter_name, reporter_phone, phone_hash, token_hash, entries, rest, name_hash, initials_hash)
    VALUES ($1, $2, 'property', 'help', '371002001001001', 'reported', 'regular', 'street', $3, NULL, $4,
        $4, $4, $4, $5, $6, $6, $7, $8, $9, $10, $11, $6, $6, $6, $12, $12, $13, $13, 1, $14, $13, $13)";
const ORG: &str = "INSERT INTO case_org (case_id, org_id, role) VALUES ($1, $2, 'lead')";
const ENTRY: &str = "INSERT INTO case_entry (case_id, seq, at, action, who, name, org_id, from_state, to_state, public, note, facts)
    VALUES ($1, $2, $3, 'report', '{\"kind\":\"client\"}', 'bench', NULL, NULL, 'reported', $4, NULL, '{}')";
const ACTIVITY: &str = "INSERT INTO activity (id, at, actor, actor_id, action, subject, subject_id, area, request, detail, digest)
    VALUES ($1, $2, 'bench', $3, 'case.report', 'case', $4, '371002001001001', '0123456789abcdef0123456789abcdef', $5, $6)";
const OUTBOX: &str = "INSERT INTO outbox (id, kind, once, payload, created_at, run_at) VALUES ($1, 'case.notice', NULL, $2, $3, $3)";
const ONCE: &str =
    "INSERT INTO idempotency (key, fingerprint, status, answer, created_at) VALUES ($1, $2, 201, $3, $4)";
const NUMBER: &str = "INSERT INTO counter (name, n) VALUES ('BE20261123', 1) ON CONFLICT (name) DO UPDATE SET n = counter.n + 1";

const WORDS_SQLITE: &str = "INSERT INTO case_words (case_id, words) VALUES ($1, $2)";
const WORDS_POSTGRES: &str = "INSERT INTO case_words (case_id, words) VALUES ($1, to_tsvector('simple', $2))";

static NEXT: AtomicI64 = AtomicI64::new(1);

fn id(nth: i64, kind: u8) -> Uuid {
    // Time-ordered, as ours are.
    let mut tail = [kind; 10];
    tail[2..].copy_from_slice(&(nth * 1_000_003).to_be_bytes());
    Builder::from_unix_timestamp_millis(u64::try_from(1_764_000_000_000 + nth / 2).unwrap_or_default(), &tail)
        .into_uuid()
}

/// The statements of one case on one connection of either engine.
macro_rules! one_case {
    ($conn:expr, $db:ty, $words:expr, $texts:expr, $rows:expr) => {{
        let (conn, texts, rows): (&mut <$db as Database>::Connection, &Texts, &PerCase) =
            ($conn, $texts, $rows);
        let nth = NEXT.fetch_add(1, Ordering::Relaxed);
        let (case, at) = (id(nth, 1), 1_764_000_000_000_i64 + nth);
        if rows.numbered {
            conn.execute(sqlx::query::<$db>(NUMBER)).await?;
        }
        let hash = id(nth, 9).as_bytes().repeat(2);
        let query = sqlx::query::<$db>(CASE)
            .bind(case)
            .bind(format!("BE20261123-{nth:06}"))
            .bind(texts.org)
            .bind(false)
            .bind(true)
            .bind(at)
            .bind(&texts.title)
            .bind(&texts.body)
            .bind(&texts.address)
            .bind(37.51_f64)
            .bind(122.12_f64)
            .bind(&texts.sealed)
            .bind(&hash)
            .bind(&texts.rest);
        conn.execute(query).await?;
        conn.execute(sqlx::query::<$db>($words).bind(case).bind(&texts.words)).await?;
        conn.execute(sqlx::query::<$db>(ORG).bind(case).bind(texts.org)).await?;
        for seq in 0..rows.entries {
            conn.execute(sqlx::query::<$db>(ENTRY).bind(case).bind(seq).bind(at).bind(true)).await?;
        }
        for n in 0..rows.activity {
            let query = sqlx::query::<$db>(ACTIVITY)
                .bind(id(nth * 4 + n, 2))
                .bind(at)
                .bind(texts.org)
                .bind(case.to_string())
                .bind(&texts.detail)
                .bind(&hash);
            conn.execute(query).await?;
        }
        for n in 0..rows.outbox {
            conn.execute(sqlx::query::<$db>(OUTBOX).bind(id(nth * 8 + n, 3)).bind(&texts.payload).bind(at))
                .await?;
        }
        if rows.once > 0 {
            let query = sqlx::query::<$db>(ONCE)
                .bind(format!("api:{case}"))
                .bind(&texts.fingerprint)
                .bind(&texts.answer)
                .bind(at);
            conn.execute(query).await?;
        }
    }};
}

/// Values as long as ours.
pub(crate) struct Texts {
    pub(crate) org: Uuid,
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) address: String,
    pub(crate) words: String,
    pub(crate) rest: String,
    pub(crate) detail: String,
    pub(crate) payload: String,
    pub(crate) answer: String,
    pub(crate) fingerprint: String,
    pub(crate) sealed: Vec<u8>,
}

fn sqlite_options(path: &str) -> SqliteConnectOptions {
    // As the store opens it.
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(30))
        .pragma("cache_size", "-16000")
        .pragma("temp_store", "memory")
}

/// Cases per second with one connection and `group` cases per commit: what the best of programs could
/// reach with the writers that wait at the same time.
pub(crate) async fn sqlite_grouped(
    path: &str,
    group: usize,
    texts: &Texts,
    rows: &PerCase,
    time: Duration,
) -> Outcome<f64> {
    let mut conn = sqlite_options(path).connect().await?;
    let (began, mut done) = (Instant::now(), 0_u32);
    while began.elapsed() < time {
        let mut tx = conn.begin_with("BEGIN IMMEDIATE").await?;
        for _ in 0..group {
            one_case!(&mut *tx, Sqlite, WORDS_SQLITE, texts, rows);
            done += 1;
        }
        tx.commit().await?;
    }
    let rate = f64::from(done) / began.elapsed().as_secs_f64();
    conn.close().await?;
    Ok(rate)
}

/// Cases per second with `clients` that take turns on the writing connection, each with its own commit.
pub(crate) async fn sqlite_single(
    path: &str,
    clients: usize,
    texts: &Arc<Texts>,
    rows: PerCase,
    time: Duration,
) -> Outcome<f64> {
    let conn: SqliteConnection = sqlite_options(path).connect().await?;
    let conn = Arc::new(tokio::sync::Mutex::new(conn));
    let began = Instant::now();
    let mut running = tokio::task::JoinSet::<Result<u32, sqlx::Error>>::new();
    for _ in 0..clients {
        let (conn, texts) = (conn.clone(), texts.clone());
        running.spawn(async move {
            let mut done = 0;
            while began.elapsed() < time {
                let mut conn = conn.lock().await;
                let mut tx = conn.begin_with("BEGIN IMMEDIATE").await?;
                one_case!(&mut *tx, Sqlite, WORDS_SQLITE, &texts, &rows);
                tx.commit().await?;
                done += 1;
            }
            Ok(done)
        });
    }
    total(running, began).await
}

/// Cases per second with `clients` connections, each with its own commits.
pub(crate) async fn postgres(
    url: &str,
    schema: &str,
    clients: usize,
    texts: &Arc<Texts>,
    rows: PerCase,
    time: Duration,
) -> Outcome<f64> {
    let options = PgConnectOptions::from_str(url)?.options([("search_path", schema)]);
    let mut conns: Vec<PgConnection> = Vec::new();
    for _ in 0..clients {
        conns.push(options.connect().await?);
    }
    let began = Instant::now();
    let mut running = tokio::task::JoinSet::<Result<u32, sqlx::Error>>::new();
    for mut conn in conns {
        let texts = texts.clone();
        running.spawn(async move {
            let mut done = 0;
            while began.elapsed() < time {
                let mut tx = Connection::begin(&mut conn).await?;
                one_case!(&mut *tx, Postgres, WORDS_POSTGRES, &texts, &rows);
                tx.commit().await?;
                done += 1;
            }
            conn.close().await?;
            Ok(done)
        });
    }
    total(running, began).await
}

async fn total(mut running: tokio::task::JoinSet<Result<u32, sqlx::Error>>, began: Instant) -> Outcome<f64> {
    let mut done = 0;
    while let Some(one) = running.join_next().await {
        done += one??;
    }
    Ok(f64::from(done) / began.elapsed().as_secs_f64())
}

/// A setting of the server, to show under which promise it ran.
pub(crate) async fn setting(url: &str, name: &str) -> Outcome<String> {
    let mut conn = PgConnectOptions::from_str(url)?.connect().await?;
    let value: (String,) = sqlx::query_as(AssertSqlSafe(format!("SHOW {name}"))).fetch_one(&mut conn).await?;
    Ok(value.0)
}
