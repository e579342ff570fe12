//! Carrying out the outbox: one loop per process and district, any number of processes.

use std::{collections::BTreeMap, future::Future, pin::Pin, sync::Arc, time::Duration};

use linli_kernel::{Error, Result};
use tokio::sync::watch;

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

/// Works until `stop` turns true; then finishes what it holds, seals the log, and returns.
pub async fn run(district: Arc<District>, handlers: Arc<Handlers>, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        let worked = turn(&district, &handlers).await;
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

/// One turn: seals the log, leases due tasks and carries them out. Answers how much there was.
pub async fn turn(district: &Arc<District>, handlers: &Handlers) -> Result<usize> {
    let sealed = activity::seal(&district.db).await?;
    let now = district.clock.now();
    let tasks = outbox::lease(&district.db, district.ids.uuid(now), now, LEASE, BATCH).await?;
    let count = tasks.len();
    // A slow receiver delays only its own kind: kinds run side by side, each in order.
    let mut kinds: BTreeMap<String, Vec<Task>> = BTreeMap::new();
    for task in tasks {
        kinds.entry(task.kind.clone()).or_default().push(task);
    }
    let mut running = tokio::task::JoinSet::new();
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
        Some(Handler::Outside(work)) => outside(district, &task, work).await,
        Some(Handler::Every(pause, work)) => every(district, &task, pause, work).await,
        None => Err(Error::internal(format!("no handler for {}", task.kind))),
    };
    if let Err(error) = outcome {
        tracing::warn!(district = %district.name, kind = %task.kind, task = %task.id, attempt = task.attempts, %error, "task failed");
        if let Err(error) = postpone(district, &task, &error).await {
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
