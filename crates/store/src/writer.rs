//! SQLite's one writer, shared by group commit.
//!
//! A durable commit costs a disk flush, and SQLite has one writer. So a transaction here is a savepoint
//! inside an outer one, begun with its first statement: to commit, it releases its savepoint and queues again behind the writers that
//! already wait; these join the same outer transaction, and whoever comes to the front first commits for
//! all. An answer is only given after the flush that holds its rows. With one client nothing waits.

use std::{borrow::Cow, collections::VecDeque, sync::Arc};

use linli_kernel::{Error, Result};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Executor, SqliteConnection,
    sqlite::{SqliteArguments, SqliteConnectOptions},
};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::db::unavailable;

/// How many failed groups to remember; members ask within moments.
const MEMORY: usize = 64;

/// The writing connection and the group that is open on it.
#[derive(Debug)]
pub(crate) struct State {
    conn: Option<SqliteConnection>,
    /// The number of the open or next group.
    group: u64,
    open: bool,
    failed: VecDeque<u64>,
}

/// The writer of a district's file.
#[derive(Debug, Clone)]
pub(crate) struct Writer(Arc<Mutex<State>>);

fn closed() -> sqlx::Error {
    sqlx::Error::PoolClosed
}

impl State {
    async fn run(&mut self, sql: &'static str) -> Result<(), sqlx::Error> {
        self.conn.as_mut().ok_or_else(closed)?.execute(sql).await.map(|_| ())
    }

    /// Gives the open group up: every member hears that its transaction did not happen.
    async fn fail(&mut self) {
        let _ = self.run("ROLLBACK").await;
        self.failed.push_back(self.group);
        while self.failed.len() > MEMORY {
            self.failed.pop_front();
        }
        self.open = false;
        self.group += 1;
    }

    async fn flush(&mut self) -> Result<(), sqlx::Error> {
        match self.run("COMMIT").await {
            Ok(()) => {
                self.open = false;
                self.group += 1;
                metrics::counter!("sqlite_commits_total").increment(1);
                Ok(())
            }
            Err(error) => {
                self.fail().await;
                Err(error)
            }
        }
    }
}

impl Writer {
    pub(crate) async fn open(options: &SqliteConnectOptions) -> Result<Self, sqlx::Error> {
        let conn = Some(options.connect().await?);
        Ok(Self(Arc::new(Mutex::new(State { conn, group: 0, open: false, failed: VecDeque::new() }))))
    }

    /// A transaction that has not begun: it waits for its turn with its first statement.
    pub(crate) fn later(&self) -> Turn {
        Turn { writer: self.clone(), held: None }
    }

    /// Waits for the turn. Its savepoint goes with its first statement, since each way to the thread that owns the
    /// file costs more than most statements do.
    async fn take_turn(self) -> Result<Held, sqlx::Error> {
        let state = self.0.clone().lock_owned().await;
        let open = state.open;
        let mut held = Held { state: Some(state), begun: false, writer: self };
        if open {
            return Ok(held);
        }
        // In a task of its own: a caller who goes away half-way must not leave us in doubt whether a transaction is
        // open. Nobody takes the turn then, and dropping it ends the group.
        let begun = tokio::spawn(async move {
            let state = held.state.as_mut().ok_or_else(closed)?;
            state.run("BEGIN IMMEDIATE").await?;
            state.open = true;
            Ok(held)
        });
        begun.await.map_err(|e| sqlx::Error::Protocol(e.to_string()))?
    }

    /// Ends what is open and closes the connection.
    pub(crate) async fn close(&self) {
        let mut state = self.0.lock().await;
        if state.open {
            let _ = state.flush().await;
        }
        if let Some(conn) = state.conn.take() {
            let _ = conn.close().await;
        }
    }

    /// Queues behind those who wait, then commits group `group` unless somebody already has.
    async fn settle(self, group: u64) -> Result<(), sqlx::Error> {
        let mut state = self.0.lock().await;
        if state.group == group && state.open {
            return state.flush().await;
        }
        if state.failed.contains(&group) {
            Err(sqlx::Error::Protocol("the group commit failed".into()))
        } else {
            Ok(())
        }
    }
}

/// A member's transaction, which takes its turn on the writing connection when it needs it: what it can do before
/// costs nobody else's time.
pub(crate) struct Turn {
    writer: Writer,
    held: Option<Held>,
}

impl Turn {
    /// Whether a statement has been run.
    pub(crate) fn has_begun(&self) -> bool {
        self.held.is_some()
    }

    /// The writing connection and the text to run on it; the first time it waits for its turn.
    pub(crate) async fn ready<'t, 's>(
        &'t mut self,
        sql: &'s str,
    ) -> Result<(&'t mut SqliteConnection, Cow<'s, str>)> {
        if self.held.is_none() {
            self.held = Some(self.writer.clone().take_turn().await.map_err(unavailable)?);
        }
        let held = self.held.as_mut().ok_or(Error::Unavailable("error-busy"))?;
        let sql = held.with_savepoint(sql);
        let conn = held.state.as_mut().and_then(|state| state.conn.as_mut());
        Ok((conn.ok_or(Error::Unavailable("error-busy"))?, sql))
    }

    /// Runs `last`, ends the transaction and waits until the group is on the disk; `kept` is let go after that.
    pub(crate) async fn commit(
        mut self,
        last: Statement,
        kept: impl Send + 'static,
    ) -> Result<(), sqlx::Error> {
        if self.held.is_none() && last.0.is_empty() {
            return Ok(());
        }
        // In a task of its own: a caller who goes away must not leave the group open.
        let ended = tokio::spawn(async move {
            let held = match self.held.take() {
                Some(held) => held,
                None => self.writer.clone().take_turn().await?,
            };
            let done = held.commit(last).await;
            drop(kept);
            done
        });
        ended.await.map_err(|e| sqlx::Error::Protocol(e.to_string()))?
    }
}

/// A statement with its values.
pub(crate) type Statement = (String, SqliteArguments);

/// The turn itself.
struct Held {
    state: Option<OwnedMutexGuard<State>>,
    /// Whether the savepoint has been asked for.
    begun: bool,
    writer: Writer,
}

impl Held {
    fn with_savepoint<'s>(&mut self, sql: &'s str) -> Cow<'s, str> {
        if std::mem::replace(&mut self.begun, true) {
            return Cow::Borrowed(sql);
        }
        Cow::Owned(format!("SAVEPOINT member; {sql}"))
    }

    async fn commit(mut self, (mut sql, values): Statement) -> Result<(), sqlx::Error> {
        // One way there and back for the last rows and the end of the savepoint.
        sql.push_str(if sql.is_empty() { "RELEASE member" } else { "; RELEASE member" });
        let sql = self.with_savepoint(&sql).into_owned();
        let state = self.state.as_mut().ok_or_else(closed)?;
        let group = state.group;
        let conn = state.conn.as_mut().ok_or_else(closed)?;
        // An error leaves through `Drop`, which undoes this member alone if that can be done.
        sqlx::query_with(AssertSqlSafe(sql), values).execute(conn).await?;
        self.state = None;
        metrics::counter!("sqlite_transactions_total").increment(1);
        self.writer.clone().settle(group).await
    }
}

impl Drop for Held {
    /// Without a commit nothing of this turn remains; the rest of its group does.
    fn drop(&mut self) {
        let Some(mut state) = self.state.take() else { return };
        let (writer, begun) = (self.writer.clone(), self.begun);
        tokio::spawn(async move {
            let group = state.group;
            if !begun {
                drop(state);
                let _ = writer.settle(group).await;
                return;
            }
            let undone = match state.run("ROLLBACK TO member").await {
                Ok(()) => state.run("RELEASE member").await,
                Err(error) => Err(error),
            };
            if undone.is_err() {
                // SQLite itself has rolled everything back (disk full): nobody of this group is safe.
                state.fail().await;
                return;
            }
            drop(state);
            let _ = writer.settle(group).await;
        });
    }
}
