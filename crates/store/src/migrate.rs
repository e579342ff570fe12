//! Migrations: one text for both engines.
//!
//! A migration names its types by markers that each engine spells its own way, and may hold blocks
//! for one engine between `-- sqlite` or `-- postgres` and `-- end`. The text is hashed when it is
//! applied; a changed text of an applied migration is refused.

use linli_kernel::{Error, Result, Timestamp, params};
use sha2::{Digest, Sha256};

use crate::{Conn, Db};

/// One step of the schema.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// `slice/0001_what`, unique; slices apply in the order of the wired list.
    pub name: &'static str,
    /// The text.
    pub sql: &'static str,
}

/// Marker, SQLite's spelling, PostgreSQL's spelling.
const TYPES: &[(&str, &str, &str)] = &[
    ("{uuid}", "BLOB", "UUID"),
    ("{text}", "TEXT", "TEXT"),
    // Codes compare byte by byte on both engines, so that prefix ranges mean the same.
    ("{code}", "TEXT", "TEXT COLLATE \"C\""),
    ("{json}", "TEXT", "TEXT"),
    ("{int}", "INTEGER", "BIGINT"),
    ("{instant}", "INTEGER", "BIGINT"),
    ("{bool}", "INTEGER", "BOOLEAN"),
    ("{real}", "REAL", "DOUBLE PRECISION"),
    ("{bytes}", "BLOB", "BYTEA"),
    ("{strict}", "STRICT", ""),
];

/// The text as `postgres` or SQLite wants it.
pub fn translate(sql: &str, postgres: bool) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut only: Option<bool> = None;
    for line in sql.lines() {
        match line.trim() {
            "-- sqlite" => only = Some(false),
            "-- postgres" => only = Some(true),
            "-- end" => only = None,
            _ if only.is_none_or(|engine| engine == postgres) => {
                out.push_str(line);
                out.push('\n');
            }
            _ => {}
        }
    }
    for (marker, sqlite, pg) in TYPES {
        out = out.replace(marker, if postgres { pg } else { sqlite });
    }
    out
}

fn hash(sql: &str) -> String {
    Sha256::digest(sql.as_bytes()).iter().take(8).fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

const LEDGER: &str = "CREATE TABLE IF NOT EXISTS migration (
    name {code} PRIMARY KEY, hash {text} NOT NULL, applied_at {instant} NOT NULL) {strict}";

async fn applied(conn: &mut Conn) -> Result<Vec<(String, String)>> {
    conn.all("SELECT name, hash FROM migration ORDER BY name", vec![]).await
}

/// Applies what is missing, in one transaction, one process at a time. Answers the names applied.
pub async fn migrate(db: &Db, list: &[Migration], now: Timestamp) -> Result<Vec<&'static str>> {
    let mut tx = db.begin().await?;
    let postgres = tx.is_postgres();
    if postgres {
        tx.script("SELECT pg_advisory_xact_lock(hashtext('linli:migrate:' || current_schema()))").await?;
    }
    tx.script(&translate(LEDGER, postgres)).await?;
    let before = applied(&mut tx).await?;
    let mut done = Vec::new();
    for step in list {
        match before.iter().find(|(name, _)| name == step.name) {
            Some((_, old)) if *old != hash(step.sql) => {
                return Err(Error::internal(format!(
                    "migration {} has changed since it was applied; add a new one instead",
                    step.name
                )));
            }
            Some(_) => {}
            None => {
                tx.script(&translate(step.sql, postgres))
                    .await
                    .map_err(|e| Error::internal(format!("{}: {e}", step.name)))?;
                tx.execute(
                    "INSERT INTO migration (name, hash, applied_at) VALUES ($1, $2, $3)",
                    params![step.name, hash(step.sql), now],
                )
                .await?;
                done.push(step.name);
            }
        }
    }
    tx.commit().await?;
    Ok(done)
}

/// The migrations that this program knows and the database lacks.
pub async fn pending(db: &Db, list: &[Migration]) -> Result<Vec<&'static str>> {
    let mut conn = db.read().await?;
    let known: i64 = conn
        .scalar(
            conn.dialect(
                "SELECT count(*) FROM sqlite_master WHERE name = 'migration'",
                "SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = 'migration'",
            ),
            vec![],
        )
        .await?;
    let before = if known == 0 { Vec::new() } else { applied(&mut conn).await? };
    Ok(list.iter().map(|m| m.name).filter(|name| !before.iter().any(|(old, _)| old == name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_two_engines() {
        let sql = "CREATE TABLE t (id {uuid}) {strict};\n-- sqlite\nA;\n-- end\n-- postgres\nB;\n-- end\nC;";
        assert_eq!(translate(sql, false), "CREATE TABLE t (id BLOB) STRICT;\nA;\nC;\n");
        assert_eq!(translate(sql, true), "CREATE TABLE t (id UUID) ;\nB;\nC;\n");
    }
}
