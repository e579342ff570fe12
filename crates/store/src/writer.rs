//! SQLite's one writer, shared by group commit.
//!
//! A durable commit costs a disk flush, and SQLite has one writer. So a transaction here is a savepoint
//! inside an outer one: to commit, it releases its savepoint and queues again behind the writers that
//! already wait; these join the same outer transaction, and whoever comes to the front first commits for
//! all. An answer is only given after the flush that holds its rows. With one client nothing waits.

use std::{collections::VecDeque, sync::Arc};

use linli_kernel::{Error, Result};
use sqlx::{ConnectOptions, Connection, Executor, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::sync::{Mutex, OwnedMutexGuard};

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

    /// Waits for its turn and begins.
    pub(crate) async fn begin(&self) -> Result<Turn, sqlx::Error> {
        // In a task of its own: a caller who goes away half-way must not leave us in doubt whether a
        // transaction is open. Nobody takes the turn then, and dropping it undoes it.
        tokio::spawn(self.clone().take_turn()).await.map_err(|e| sqlx::Error::Protocol(e.to_string()))?
    }

    async fn take_turn(self) -> Result<Turn, sqlx::Error> {
        let mut state = self.0.clone().lock_owned().await;
        if !state.open {
            state.run("BEGIN IMMEDIATE").await?;
            state.open = true;
        }
        if let Err(error) = state.run("SAVEPOINT member").await {
            state.fail().await;
            return Err(error);
        }
        Ok(Turn { state: Some(state), writer: self })
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

/// A member's turn on the writing connection.
pub(crate) struct Turn {
    state: Option<OwnedMutexGuard<State>>,
    writer: Writer,
}

impl Turn {
    pub(crate) fn conn(&mut self) -> Result<&mut SqliteConnection> {
        self.state.as_mut().and_then(|s| s.conn.as_mut()).ok_or(Error::Unavailable("error-busy"))
    }

    pub(crate) async fn commit(mut self) -> Result<(), sqlx::Error> {
        let mut state = self.state.take().ok_or_else(closed)?;
        let group = state.group;
        if let Err(error) = state.run("RELEASE member").await {
            // SQLite itself has rolled everything back (disk full): nobody of this group is safe.
            state.fail().await;
            return Err(error);
        }
        drop(state);
        metrics::counter!("sqlite_transactions_total").increment(1);
        // In a task of its own: a caller who goes away must not leave the group open.
        let settled = tokio::spawn(self.writer.clone().settle(group));
        settled.await.map_err(|e| sqlx::Error::Protocol(e.to_string()))?
    }
}

impl Drop for Turn {
    /// Without a commit nothing of this turn remains; the rest of its group does.
    fn drop(&mut self) {
        let Some(mut state) = self.state.take() else { return };
        let writer = self.writer.clone();
        tokio::spawn(async move {
            let group = state.group;
            let undone = match state.run("ROLLBACK TO member").await {
                Ok(()) => state.run("RELEASE member").await,
                Err(error) => Err(error),
            };
            if undone.is_err() {
                state.fail().await;
                return;
            }
            drop(state);
            let _ = writer.settle(group).await;
        });
    }
}
