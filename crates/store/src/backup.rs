//! Copying a whole district while it is being served, and bringing it back.
//!
//! SQLite copies itself into one compact file (`VACUUM INTO`: a consistent snapshot). PostgreSQL is
//! dumped by its own `pg_dump`, which must be on the PATH and not older than the server.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use linli_kernel::{Error, Result, params};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::process::Command;

use crate::{Db, Target};

/// The file name of the copy inside a backup folder.
pub const fn file_name(target: &Target) -> &'static str {
    match target {
        Target::Sqlite(_) => "district.db",
        Target::Postgres { .. } => "district.dump",
    }
}

/// Copies the database into `folder`.
pub async fn backup(target: &Target, folder: &Path) -> Result<PathBuf> {
    let file = folder.join(file_name(target));
    match target {
        Target::Sqlite(path) => {
            let options = SqliteConnectOptions::new().filename(path).create_if_missing(false);
            let mut conn: SqliteConnection = options.connect().await.map_err(|e| said(path, &e))?;
            let quoted = file.display().to_string().replace('\'', "''");
            let sql = format!("VACUUM INTO '{quoted}'");
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await.map_err(|e| said(&file, &e))?;
            conn.close().await.map_err(Error::internal)?;
            std::fs::File::open(&file).and_then(|f| f.sync_all()).map_err(Error::internal)?;
        }
        Target::Postgres { url, schema } => {
            let out = file.display().to_string();
            run(
                "pg_dump",
                &["--format=custom", "--no-owner", "--schema", schema, "--file", &out, "--dbname", url],
            )
            .await?;
        }
    }
    Ok(file)
}

/// Brings a copy back. The target must be empty: nothing is ever overwritten.
pub async fn restore(target: &Target, folder: &Path) -> Result<()> {
    let file = folder.join(file_name(target));
    if !file.exists() {
        return Err(Error::internal(format!(
            "{} is not there; is the folder a backup of this engine?",
            file.display()
        )));
    }
    match target {
        Target::Sqlite(path) => {
            if path.exists() {
                return Err(Error::internal(format!("{} exists; move it away first", path.display())));
            }
            if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
                std::fs::create_dir_all(parent).map_err(Error::internal)?;
            }
            // Under another name first, so that a half-copied file is never taken for the district.
            let half = path.with_extension("restoring");
            std::fs::copy(&file, &half).map_err(Error::internal)?;
            std::fs::File::open(&half).and_then(|f| f.sync_all()).map_err(Error::internal)?;
            std::fs::rename(&half, path).map_err(Error::internal)?;
        }
        Target::Postgres { url, schema } => {
            let db = Db::open(target).await?;
            let tables: i64 = db
                .read()
                .await?
                .scalar(
                    "SELECT count(*) FROM information_schema.tables WHERE table_schema = $1",
                    params![schema.as_str()],
                )
                .await?;
            if tables > 0 {
                db.close().await;
                return Err(Error::internal(format!(
                    "the schema {schema} is not empty; drop it or restore into another database"
                )));
            }
            let mut tx = db.begin().await?;
            // Made by opening; the dump brings its own. The name was checked when the target was parsed.
            tx.execute(&format!("DROP SCHEMA {schema}"), vec![]).await?;
            tx.commit().await?;
            db.close().await;
            let input = file.display().to_string();
            run(
                "pg_restore",
                &["--no-owner", "--single-transaction", "--exit-on-error", "--dbname", url, &input],
            )
            .await?;
        }
    }
    Ok(())
}

fn said(path: &Path, error: &sqlx::Error) -> Error {
    Error::internal(format!("{}: {error}", path.display()))
}

async fn run(program: &str, args: &[&str]) -> Result<()> {
    let done = Command::new(program).args(args).stdin(Stdio::null()).output().await;
    let output =
        done.map_err(|e| Error::internal(format!("{program}: {e}; install the PostgreSQL client programs")))?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::internal(format!("{program} failed: {}", String::from_utf8_lossy(&output.stderr).trim())))
}
