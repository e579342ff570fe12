//! A database that grew step by step, with rows in its tables all the way, is the same as a fresh one.

use std::collections::BTreeMap;

use linli::wiring;
use linli_kernel::Timestamp;
use linli_store::{Target, migrate::migrate};
use linli_testkit::{Engine, Scratch, scratch};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection, SqliteConnection};

/// Column name and type, for the columns that a row must have.
type Columns = Vec<(String, String)>;

enum Hand {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// Runs `$body` with the connection `$c` of either engine.
macro_rules! by_hand {
    ($hand:expr, |$c:ident| $body:expr) => {
        match $hand {
            Hand::Sqlite($c) => $body,
            Hand::Postgres($c) => $body,
        }
    };
}

/// A connection that asks for no foreign keys, to fill tables in any order.
async fn hand(target: &Target) -> Hand {
    match target {
        Target::Sqlite(path) => {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).foreign_keys(false);
            Hand::Sqlite(options.connect().await.unwrap())
        }
        Target::Postgres { url, schema } => {
            let options: sqlx::postgres::PgConnectOptions = url.parse().unwrap();
            let options =
                options.options([("search_path", schema.as_str()), ("session_replication_role", "replica")]);
            Hand::Postgres(options.connect().await.unwrap())
        }
    }
}

impl Hand {
    async fn pairs(&mut self, sqlite: &str, postgres: &str) -> Vec<(String, String)> {
        match self {
            Self::Sqlite(c) => sqlx::query_as(AssertSqlSafe(sqlite)).fetch_all(c).await.unwrap(),
            Self::Postgres(c) => sqlx::query_as(AssertSqlSafe(postgres)).fetch_all(c).await.unwrap(),
        }
    }

    async fn tables(&mut self) -> BTreeMap<String, Columns> {
        let names = self
            .pairs(
                "SELECT name, type FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'
                     AND name NOT LIKE 'sqlite%' AND name NOT LIKE '%words_%' AND name <> 'migration'",
                "SELECT table_name::text, table_type::text FROM information_schema.tables
                 WHERE table_schema = current_schema() AND table_name <> 'migration'",
            )
            .await;
        let mut tables = BTreeMap::new();
        for (name, _) in names {
            let columns = self
                .pairs(
                    &format!("SELECT name, type FROM pragma_table_info('{name}') WHERE \"notnull\" = 1 OR pk > 0"),
                    &format!(
                        "SELECT column_name::text, data_type::text FROM information_schema.columns
                         WHERE table_schema = current_schema() AND table_name = '{name}' AND is_nullable = 'NO'"
                    ),
                )
                .await;
            tables.insert(name, columns);
        }
        tables
    }

    /// Two rows in each table that takes made-up ones; answers how many rows each table has.
    async fn fill(&mut self, step: usize) -> BTreeMap<String, i64> {
        let mut filled = Vec::new();
        for (table, columns) in self.tables().await {
            for row in 0..2 {
                let n = step * 10 + row;
                let values: Vec<String> =
                    columns.iter().map(|(name, kind)| value(&table, name, kind, n)).collect();
                let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
                let sql =
                    format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), values.join(", "));
                // A table with a rule about its values may refuse ours; the sum below sees to it that most do not.
                let _ = by_hand!(self, |c| c.execute(AssertSqlSafe(sql)).await.map(|_| ()));
            }
            filled.push(table);
        }
        // Afterwards: a row in one table may be noted in another.
        let mut counts = BTreeMap::new();
        for table in filled {
            let rows = self.count(&table).await;
            counts.insert(table, rows);
        }
        counts
    }

    async fn count(&mut self, table: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        by_hand!(self, |c| sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(c).await.unwrap())
    }

    /// Everything that makes a schema, as lines.
    async fn schema(&mut self) -> Vec<(String, String)> {
        self.pairs(
            "SELECT type || ' ' || name, coalesce(sql, '') FROM sqlite_master ORDER BY 1",
            "SELECT 'column ' || table_name || '.' || column_name,
                    concat_ws(' ', ordinal_position, data_type, collation_name, is_nullable, column_default)
             FROM information_schema.columns WHERE table_schema = current_schema()
             UNION ALL SELECT 'index ' || indexname, replace(indexdef, current_schema(), '') FROM pg_indexes WHERE schemaname = current_schema()
             UNION ALL SELECT 'rule ' || c.relname || '.' || k.conname, pg_get_constraintdef(k.oid)
             FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid WHERE k.connamespace = current_schema()::regnamespace
             UNION ALL SELECT 'trigger ' || t.tgname, replace(pg_get_triggerdef(t.oid), current_schema(), '')
             FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = current_schema()::regnamespace AND NOT t.tgisinternal
             ORDER BY 1, 2",
        )
        .await
    }

    async fn close(self) {
        match self {
            Self::Sqlite(c) => c.close().await.unwrap(),
            Self::Postgres(c) => c.close().await.unwrap(),
        }
    }
}

/// A value of the column's type that no other row has.
fn value(table: &str, column: &str, kind: &str, n: usize) -> String {
    match kind.to_ascii_lowercase().as_str() {
        "boolean" => "true".into(),
        "integer" | "bigint" => n.to_string(),
        "real" | "double precision" => format!("{n}.5"),
        "uuid" => format!("'00000000-0000-7000-8000-{n:012}'"),
        "blob" => format!("x'{n:032}'"),
        "bytea" => format!("'\\x{n:032}'"),
        "tsvector" => "''".into(),
        // Also a JSON document, for migrations that read one.
        _ => format!("'{{\"{column}\": \"{table}-{n}\"}}'"),
    }
}

/// Migrations that take rows away on purpose: wrong rows lay there in clear, and are in the sheet that was handed back.
const EMPTIED: &[(&str, &str)] = &[("cases/hotline_0003", "hotline_fault")];

async fn grows(fresh: Scratch, grown: Scratch) {
    let steps = wiring::migrations();
    let now = Timestamp::from_millis(1);
    migrate(&fresh.db, &steps, now).await.unwrap();

    let mut filled = 0;
    let mut before: BTreeMap<String, i64> = BTreeMap::new();
    for done in 1..=steps.len() {
        assert_eq!(migrate(&grown.db, &steps[..done], now).await.unwrap(), [steps[done - 1].name]);
        let mut by = hand(&grown.target).await;
        let step = steps[done - 1].name;
        for (table, rows) in before.iter().filter(|(table, _)| !EMPTIED.contains(&(step, table.as_str()))) {
            assert_eq!(by.count(table).await, *rows, "{step} keeps the rows of {table}");
        }
        before = by.fill(done).await;
        filled = before.values().filter(|rows| **rows > 0).count();
        by.close().await;
    }
    assert!(filled * 2 > before.len(), "most tables had rows: {before:?}");

    let (mut a, mut b) = (hand(&fresh.target).await, hand(&grown.target).await);
    let (of_fresh, of_grown) = (a.schema().await, b.schema().await);
    assert!(of_fresh.len() > 50);
    assert_eq!(of_fresh, of_grown);
    a.close().await;
    b.close().await;
}

#[tokio::test]
async fn sqlite() {
    if let (Some(a), Some(b)) = (scratch(Engine::Sqlite).await, scratch(Engine::Sqlite).await) {
        grows(a, b).await;
    }
}

#[tokio::test]
async fn postgres() {
    if let (Some(a), Some(b)) = (scratch(Engine::Postgres).await, scratch(Engine::Postgres).await) {
        grows(a, b).await;
    }
}
