//! What takes as long as it takes (对外作业): under way beside the loop, one lane for each kind.

use std::{
    collections::BTreeSet,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::task::JoinSet;

/// Kinds whose lane is taken.
type Busy = Arc<Mutex<BTreeSet<String>>>;

/// Frees a lane, also where its work was given up or panicked.
struct Taken(Busy, String);

impl Drop for Taken {
    fn drop(&mut self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}

/// Work under way beside the loop; given up when this is dropped.
#[derive(Default)]
pub(super) struct Lanes {
    running: JoinSet<()>,
    busy: Busy,
}

impl Lanes {
    /// Begins work; while it goes on, `kind` counts as busy.
    pub(super) fn take(&mut self, kind: Option<String>, work: impl Future<Output = ()> + Send + 'static) {
        while self.running.try_join_next().is_some() {}
        let taken = kind.map(|kind| {
            self.busy.lock().unwrap_or_else(PoisonError::into_inner).insert(kind.clone());
            Taken(self.busy.clone(), kind)
        });
        self.running.spawn(async move {
            let _taken = taken;
            work.await;
        });
    }

    /// Kinds whose lane is taken: nothing more of them is begun.
    pub(super) fn busy(&self) -> Vec<String> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Waits until some work has ended; for ever where there is none.
    pub(super) async fn one_ended(&mut self) {
        if self.running.join_next().await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    /// Waits until all work has ended.
    pub(super) async fn all_ended(&mut self) {
        while self.running.join_next().await.is_some() {}
    }
}
