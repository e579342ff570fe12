//! What takes as long as it takes (对外作业): under way beside the loop, in so many lanes for each kind.

use std::{
    collections::BTreeMap,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::task::{JoinError, JoinSet};

/// How many lanes each kind may still take.
type Free = Arc<Mutex<BTreeMap<String, usize>>>;

/// Frees a lane, also where its work was given up or panicked.
struct Taken(Free, String);

impl Drop for Taken {
    fn drop(&mut self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(self.1.clone()).or_default() += 1;
    }
}

/// Says so where work went away without an outcome, which no work of ours does: its lease runs out.
pub(super) fn ended(how: &Result<(), JoinError>) {
    if let Err(error) = how {
        tracing::error!(%error, "work went away without an outcome");
    }
}

/// Work under way beside the loop; given up when this is dropped.
#[derive(Default)]
pub(super) struct Lanes {
    running: JoinSet<()>,
    free: Free,
}

impl Lanes {
    /// Begins work of a kind that may take `most` lanes at once.
    pub(super) fn take(
        &mut self,
        kind: String,
        most: usize,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        while let Some(how) = self.running.try_join_next() {
            ended(&how);
        }
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let left = free.entry(kind.clone()).or_insert(most);
        *left = left.saturating_sub(1);
        drop(free);
        let taken = Taken(self.free.clone(), kind);
        self.running.spawn(async move {
            let _taken = taken;
            work.await;
        });
    }

    /// Kinds whose lanes are all taken: nothing more of them is begun.
    pub(super) fn busy(&self) -> Vec<String> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        free.iter().filter(|(_, left)| **left == 0).map(|(kind, _)| kind.clone()).collect()
    }

    /// Waits until some work has ended; for ever where there is none.
    pub(super) async fn one_ended(&mut self) {
        match self.running.join_next().await {
            Some(how) => ended(&how),
            None => std::future::pending().await,
        }
    }

    /// Waits until all work has ended.
    pub(super) async fn all_ended(&mut self) {
        while let Some(how) = self.running.join_next().await {
            ended(&how);
        }
    }
}
