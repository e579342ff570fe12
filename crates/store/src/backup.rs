//! Copying a whole district's database while it is being served, and bringing it back.
//!
//! SQLite copies itself into one compact file (`VACUUM INTO`: a consistent snapshot). PostgreSQL is
//! dumped by its own `pg_dump`, which must be on the PATH and not older than the server.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Stdio,
};

use linli_kernel::{Error, Result, hex, params};
use sha2::{Digest, Sha256};
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

/// SHA-256 of a file, to see later that it still is what was written.
pub fn checksum(path: &Path) -> Result<String> {
    let read = || -> io::Result<String> {
        let mut hash = Sha256::new();
        io::copy(&mut fs::File::open(path)?, &mut HashWriter(&mut hash))?;
        Ok(hex(hash.finalize()))
    };
    read().map_err(|e| at(path, e))
}

struct HashWriter<'h>(&'h mut Sha256);

impl io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether there is a database at `target`; opening one would make it.
pub async fn exists(target: &Target) -> Result<bool> {
    match target {
        Target::Sqlite(path) => Ok(path.exists()),
        Target::Postgres { schema, .. } => {
            let db = Db::open(target).await?;
            let found = tables(&db, schema).await;
            db.close().await;
            Ok(found? > 0)
        }
    }
}

async fn tables(db: &Db, schema: &str) -> Result<i64> {
    let sql = "SELECT count(*) FROM information_schema.tables WHERE table_schema = $1";
    db.read().await?.scalar(sql, params![schema]).await
}

/// Copies the database into `folder`.
pub async fn backup(target: &Target, folder: &Path) -> Result<PathBuf> {
    let file = folder.join(file_name(target));
    match target {
        Target::Sqlite(path) => {
            let options = SqliteConnectOptions::new().filename(path).create_if_missing(false);
            let mut conn: SqliteConnection = options.connect().await.map_err(|e| at(path, e))?;
            let quoted = file.display().to_string().replace('\'', "''");
            let sql = format!("VACUUM INTO '{quoted}'");
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await.map_err(|e| at(&file, e))?;
            conn.close().await.map_err(Error::internal)?;
            fs::File::open(&file).and_then(|f| f.sync_all()).map_err(|e| at(&file, e))?;
        }
        Target::Postgres { url, schema } => {
            let out = file.display().to_string();
            run("pg_dump", url, &["--format=custom", "--no-owner", "--schema", schema, "--file", &out])
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
        Target::Sqlite(path) => restore_sqlite(path, &file).await,
        Target::Postgres { url, schema } => restore_postgres(target, url, schema, &file).await,
    }
}

async fn restore_sqlite(path: &Path, file: &Path) -> Result<()> {
    // A log of another database beside the new file would be taken for its own.
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        let taken = PathBuf::from(name);
        if taken.exists() {
            return Err(Error::internal(format!("{} exists; move it away first", taken.display())));
        }
    }
    if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        fs::create_dir_all(parent).map_err(|e| at(parent, e))?;
    }
    // Under another name first, so that a half-copied file is never taken for the district.
    let half = path.with_extension("restoring");
    let copied = copy_checked(file, &half).await;
    if let Err(error) = copied {
        let _ = fs::remove_file(&half);
        return Err(error);
    }
    fs::rename(&half, path).map_err(|e| at(path, e))
}

async fn copy_checked(file: &Path, half: &Path) -> Result<()> {
    fs::copy(file, half).map_err(|e| at(half, e))?;
    fs::File::open(half).and_then(|f| f.sync_all()).map_err(|e| at(half, e))?;
    let options = SqliteConnectOptions::new().filename(half).create_if_missing(false);
    let mut conn: SqliteConnection = options.connect().await.map_err(|e| at(file, e))?;
    let verdict: (String,) =
        sqlx::query_as("PRAGMA quick_check(1)").fetch_one(&mut conn).await.map_err(|e| at(file, e))?;
    conn.close().await.map_err(Error::internal)?;
    if verdict.0 == "ok" {
        Ok(())
    } else {
        Err(Error::internal(format!("{}: {}", file.display(), verdict.0)))
    }
}

async fn restore_postgres(target: &Target, url: &str, schema: &str, file: &Path) -> Result<()> {
    let db = Db::open(target).await?;
    let empty = empty_schema(&db, schema).await;
    db.close().await;
    empty?;
    let input = file.display().to_string();
    run("pg_restore", url, &["--no-owner", "--single-transaction", "--exit-on-error", &input]).await
}

/// Makes room: the dump brings its own schema, and opening the database has just made one.
async fn empty_schema(db: &Db, schema: &str) -> Result<()> {
    if tables(db, schema).await? > 0 {
        return Err(Error::internal(format!(
            "the schema {schema} is not empty; drop it or restore into another database"
        )));
    }
    // `public` belongs to the server and is not in the dump.
    if schema == "public" {
        return Ok(());
    }
    let mut tx = db.begin().await?;
    // The name was checked when the target was parsed.
    tx.execute(&format!("DROP SCHEMA {schema}"), vec![]).await?;
    tx.commit().await
}

fn at(path: &Path, error: impl std::fmt::Display) -> Error {
    Error::internal(format!("{}: {error}", path.display()))
}

/// The URL without its password, and the password: the command line of a process is for all to see.
fn apart(url: &str) -> (String, Option<String>) {
    let Some((scheme, rest)) = url.split_once("://") else { return (url.to_owned(), None) };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let Some((login, _)) = authority.rsplit_once('@') else { return (url.to_owned(), None) };
    let Some((user, password)) = login.split_once(':') else { return (url.to_owned(), None) };
    (format!("{scheme}://{user}{}", &rest[login.len()..]), Some(plain(password)))
}

/// Percent signs of a URL undone.
fn plain(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let pair = tail.get(..2).and_then(|p| std::str::from_utf8(p).ok());
        let byte = pair.filter(|_| *first == b'%').and_then(|p| u8::from_str_radix(p, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

async fn run(program: &str, url: &str, args: &[&str]) -> Result<()> {
    let (url, password) = apart(url);
    let mut command = Command::new(program);
    command.args(["--dbname", &url]).args(args).stdin(Stdio::null()).kill_on_drop(true);
    if let Some(password) = password {
        command.env("PGPASSWORD", password);
    }
    let output = command
        .output()
        .await
        .map_err(|e| Error::internal(format!("{program}: {e}; install the PostgreSQL client programs")))?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::internal(format!("{program} failed: {}", String::from_utf8_lossy(&output.stderr).trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_stays_out_of_the_command_line() {
        let (url, password) = apart("postgres://linli:p%40ss:w@db.example:5432/linli?sslmode=require");
        assert_eq!(url, "postgres://linli@db.example:5432/linli?sslmode=require");
        assert_eq!(password.as_deref(), Some("p@ss:w"));
        for same in ["postgres://linli@db/linli", "postgres://db/linli?x=a:b@c"] {
            assert_eq!(apart(same), (same.to_owned(), None));
        }
        assert_eq!(plain("100%"), "100%");
    }
}
