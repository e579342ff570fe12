//! Carrying out the outbox: one loop per process and district, any number of processes.

use std::{collections::BTreeMap, future::Future, pin::Pin, sync::Arc, time::Duration};

use linli_kernel::{Error, Result};
use tokio::{
    sync::{Mutex, watch},
    task::JoinSet,
};

use crate::{District, Op, activity, outbox, outbox::Task};

/// A future that a handler returns.
pub type Work<'a, T = ()> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// How one kind of task is carried out.
#[derive(Clone, Copy)]
pub enum Handler {
    /// Writes only to this database: in one transaction with the task's end, so exactly once.
    Inside(for<'a> fn(&'a mut Op, &'a Task) -> Work<'a>),
    /// Talks to the world: at least once; the handler makes repeats harmless or visible as such.
    Outside(fn(Arc<District>, Task) -> Work<'static>),
    /// As [`Handler::Outside`], but takes long (learning, counting over many cases): in a lane of its own, so that
    /// no other kind waits for it. One at a time of each kind; its lease is kept for as long as it runs. What it
    /// computes belongs on a blocking thread.
    Long(fn(Arc<District>, Task) -> Work<'static>),
    /// Comes again every so often, in one transaction.
    Every(Duration, for<'a> fn(&'a mut Op) -> Work<'a>),
}

/// Kinds and their handlers.
pub type Handlers = BTreeMap<&'static str, Handler>;

/// Tasks that the world refused for good are not tried again.
pub const PERMANENT: &str = "error-permanent";

const LEASE: Duration = Duration::from_mins(1);
const BATCH: i64 = 50;
const IDLE: Duration = Duration::from_millis(400);

/// Puts the periodic tasks in the outbox; harmless when they are there.
pub async fn arm(district: &Arc<District>, handlers: &Handlers) -> Result<()> {
    let mut op = district.op("arm").await?;
    for (kind, handler) in handlers {
        if let Handler::Every(..) = handler {
            op.emit_later(kind, &format!("every:{kind}"), &(), Duration::ZERO).await?;
        }
    }
    op.commit().await
}

/// Long tasks under way beside the others (长作业), one at a time of each kind.
#[derive(Default)]
struct Lane {
    running: JoinSet<()>,
    kinds: BTreeMap<String, Arc<Mutex<()>>>,
}

impl Lane {
    fn take(&mut self, district: &Arc<District>, task: Task, work: fn(Arc<District>, Task) -> Work<'static>) {
        while self.running.try_join_next().is_some() {}
        let own = self.kinds.entry(task.kind.clone()).or_default().clone();
        let district = district.clone();
        self.running.spawn(async move {
            let done = kept(&district, &task, async {
                let _alone = own.lock().await;
                outside(&district, &task, work).await
            });
            settle(&district, &task, done.await).await;
        });
    }
}

/// Works until `stop` turns true; then finishes what it holds, seals the log, and returns. A long task is not
/// waited for: it is left where it is, and whoever works next begins it again when its lease has run out.
pub async fn run(district: Arc<District>, handlers: Arc<Handlers>, mut stop: watch::Receiver<bool>) {
    let mut lane = Lane::default();
    while !*stop.borrow() {
        let worked = turn_beside(&district, &handlers, &mut lane).await;
        if let Err(error) = &worked {
            tracing::error!(district = %district.name, %error, "outbox turn failed");
        }
        if !matches!(worked, Ok(n) if n > 0) {
            let _ = tokio::time::timeout(IDLE, stop.changed()).await;
        }
    }
    if let Err(error) = seal_all(&district).await {
        tracing::error!(district = %district.name, %error, "sealing at stop failed");
    }
}

async fn seal_all(district: &District) -> Result<usize> {
    let mut sealed = 0;
    loop {
        match activity::seal(&district.db).await? {
            0 => return Ok(sealed),
            n => sealed += n,
        }
    }
}

/// One turn: seals the log, leases due tasks and carries all of them out, long ones too. Answers how much there
/// was.
pub async fn turn(district: &Arc<District>, handlers: &Handlers) -> Result<usize> {
    let mut lane = Lane::default();
    let worked = turn_beside(district, handlers, &mut lane).await;
    while lane.running.join_next().await.is_some() {}
    worked
}

async fn turn_beside(district: &Arc<District>, handlers: &Handlers, lane: &mut Lane) -> Result<usize> {
    let sealed = activity::seal(&district.db).await?;
    let now = district.clock.now();
    let tasks = outbox::lease(&district.db, district.ids.uuid(now), now, LEASE, BATCH).await?;
    let count = tasks.len();
    // A slow receiver delays only its own kind: kinds run side by side, each in order.
    let mut kinds: BTreeMap<String, Vec<Task>> = BTreeMap::new();
    for task in tasks {
        if let Some(Handler::Long(work)) = handlers.get(task.kind.as_str()) {
            lane.take(district, task, *work);
        } else {
            kinds.entry(task.kind.clone()).or_default().push(task);
        }
    }
    let mut running = JoinSet::new();
    for (kind, tasks) in kinds {
        let (district, handler) = (district.clone(), handlers.get(kind.as_str()).copied());
        running.spawn(async move {
            if let Some(Handler::Inside(work)) = handler
                && tasks.len() > 1
                && together(&district, &tasks, work).await.is_ok()
            {
                return;
            }
            for task in tasks {
                one(&district, handler, task).await;
            }
        });
    }
    while running.join_next().await.is_some() {}
    Ok(count + sealed)
}

async fn one(district: &Arc<District>, handler: Option<Handler>, task: Task) {
    let outcome = match handler {
        Some(Handler::Inside(work)) => inside(district, &task, work).await,
        Some(Handler::Outside(work) | Handler::Long(work)) => outside(district, &task, work).await,
        Some(Handler::Every(pause, work)) => every(district, &task, pause, work).await,
        None => Err(Error::internal(format!("no handler for {}", task.kind))),
    };
    settle(district, &task, outcome).await;
}

/// What failed is tried again later.
async fn settle(district: &District, task: &Task, outcome: Result<()>) {
    if let Err(error) = outcome {
        tracing::warn!(district = %district.name, kind = %task.kind, task = %task.id, attempt = task.attempts, %error, "task failed");
        if let Err(error) = postpone(district, task, &error).await {
            tracing::error!(district = %district.name, %error, "postponing failed; the lease will run out");
        }
    }
}

/// Tasks of one kind in one transaction, because each commit costs a flush of the disk. Where one
/// fails nothing has happened, and each goes alone.
async fn together(
    district: &Arc<District>,
    tasks: &[Task],
    work: for<'a> fn(&'a mut Op, &'a Task) -> Work<'a>,
) -> Result<()> {
    let mut op = district.op("tasks").await?;
    let now = op.now;
    outbox::finish_all(&mut op.tx, tasks, now).await?;
    for task in tasks {
        op.request = format!("task {}", task.id);
        work(&mut op, task).await?;
    }
    op.commit().await
}

async fn inside(
    district: &Arc<District>,
    task: &Task,
    work: for<'a> fn(&'a mut Op, &'a Task) -> Work<'a>,
) -> Result<()> {
    let mut op = district.op(&format!("task {}", task.id)).await?;
    let now = op.now;
    outbox::finish(&mut op.tx, task, now).await?;
    work(&mut op, task).await?;
    op.commit().await
}

async fn outside(
    district: &Arc<District>,
    task: &Task,
    work: fn(Arc<District>, Task) -> Work<'static>,
) -> Result<()> {
    work(district.clone(), task.clone()).await?;
    let mut tx = district.db.begin().await?;
    outbox::finish(&mut tx, task, district.clock.now()).await?;
    tx.commit().await
}

/// Waits for work and keeps the task's lease meanwhile; gives up when the lease was lost. Both go on side by side:
/// the work may hold the database that keeping the lease waits for.
async fn kept(district: &District, task: &Task, work: impl Future<Output = Result<()>>) -> Result<()> {
    let keeping = async {
        loop {
            tokio::time::sleep(LEASE / 3).await;
            let mut tx = district.db.begin().await?;
            outbox::keep(&mut tx, task, district.clock.now().plus(LEASE)).await?;
            tx.commit().await?;
        }
    };
    tokio::select! {
        done = work => done,
        lost = keeping => lost,
    }
}

async fn every(
    district: &Arc<District>,
    task: &Task,
    pause: Duration,
    work: for<'a> fn(&'a mut Op) -> Work<'a>,
) -> Result<()> {
    let mut op = district.op(&format!("task {}", task.id)).await?;
    work(&mut op).await?;
    let next = op.now.plus(pause);
    outbox::again(&mut op.tx, task, next).await?;
    op.commit().await
}

async fn postpone(district: &District, task: &Task, error: &Error) -> Result<()> {
    let permanent = matches!(error, Error::Conflict(PERMANENT));
    let mut tx = district.db.begin().await?;
    outbox::postpone(&mut tx, task, &error.to_string(), permanent, district.clock.now()).await?;
    tx.commit().await
}
