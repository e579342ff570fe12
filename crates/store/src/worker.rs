//! Carrying out the outbox: one loop per process and district, any number of processes.

mod caught;
mod lanes;

use std::{collections::BTreeMap, future::Future, pin::Pin, sync::Arc, time::Duration};

use linli_kernel::{Error, Result};
use tokio::{sync::watch, task::JoinSet};

pub use self::caught::caught;
use self::lanes::Lanes;
use crate::{
    District, Op, activity, outbox,
    outbox::{After, CAREFUL, MAX_ATTEMPTS, Task},
};

/// A future that a handler returns.
pub type Work<'a, T = ()> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// How one kind of task is carried out.
#[derive(Clone, Copy)]
pub enum Handler {
    /// Writes only to this database: in one transaction with the task's end, so exactly once.
    Inside(for<'a> fn(&'a mut Op, &'a Task) -> Work<'a>),
    /// As [`Handler::Inside`], for all that is due of its kind at once: for what comes with every change, where one
    /// statement for many rows spares the one writer many ways there and back.
    Together(for<'a> fn(&'a mut Op, &'a [Task]) -> Work<'a>),
    /// Talks to the world, or takes long (learning, counting over many cases): at least once; the handler makes
    /// repeats harmless or visible as such. In a lane of its own, so that no other kind waits for it; one at a time
    /// of each kind, in order. Its lease is kept for as long as it runs. What it computes belongs on a blocking thread.
    Outside(fn(Arc<District>, Task) -> Work<'static>),
    /// As [`Handler::Outside`], but what is owed meanwhile does not wait for it either, a batch in each of a few
    /// lanes: for a handler that sees to the order of its receivers itself, so that one who hangs holds up no other.
    Beside(fn(Arc<District>, Task) -> Work<'static>),
    /// Comes again every so often, in one transaction; however often it fails, it is never given up.
    Every(Duration, for<'a> fn(&'a mut Op) -> Work<'a>),
}

/// Kinds and their handlers.
pub type Handlers = BTreeMap<&'static str, Handler>;

/// Tasks that the world refused for good are not tried again.
pub const PERMANENT: &str = "error-permanent";

const LEASE: Duration = Duration::from_mins(1);
const BATCH: i64 = 50;
/// Lanes of one [`Handler::Beside`]: what waits behind them is not leased, so that no lease runs out unworked.
const ABREAST: usize = 8;
const IDLE: Duration = Duration::from_millis(400);
/// What comes every so often and fails is tried again after this long at the latest, or when it would come anyway.
const SOON: Duration = Duration::from_mins(1);
/// What is under way outside when the process stops may take so long.
const GRACE: Duration = Duration::from_secs(5);

/// Puts the periodic tasks in the outbox, also those that were set aside; harmless when they are there.
pub async fn arm(district: &Arc<District>, handlers: &Handlers) -> Result<()> {
    let mut op = district.op("arm").await?;
    for (kind, handler) in handlers {
        if let Handler::Every(..) = handler {
            let once = format!("every:{kind}");
            let now = op.now;
            outbox::revive(&mut op.tx, &once, now).await?;
            op.emit_later(kind, &once, &(), Duration::ZERO).await?;
        }
    }
    op.commit().await
}

/// Works until `stop` turns true; then finishes what it holds, seals the log, and returns. What is outside is
/// waited for a moment only: whoever works next takes it up when its lease has run out.
pub async fn run(district: Arc<District>, handlers: Arc<Handlers>, mut stop: watch::Receiver<bool>) {
    let mut lanes = Lanes::default();
    while !*stop.borrow() {
        let worked = turn_beside(&district, &handlers, &mut lanes).await;
        if let Err(error) = &worked {
            tracing::error!(district = %district.name, %error, "outbox turn failed");
        }
        if !matches!(worked, Ok(n) if n > 0) {
            tokio::select! {
                _ = tokio::time::timeout(IDLE, stop.changed()) => {}
                () = lanes.one_ended() => {}
            }
        }
    }
    let _ = tokio::time::timeout(GRACE, lanes.all_ended()).await;
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

/// One turn: seals the log, leases due tasks and carries all of them out, those outside too. Answers how much
/// there was.
pub async fn turn(district: &Arc<District>, handlers: &Handlers) -> Result<usize> {
    let mut lanes = Lanes::default();
    let worked = turn_beside(district, handlers, &mut lanes).await;
    lanes.all_ended().await;
    worked
}

async fn turn_beside(district: &Arc<District>, handlers: &Handlers, lanes: &mut Lanes) -> Result<usize> {
    let sealed = activity::seal(&district.db).await?;
    let now = district.clock.now();
    let lease = district.ids.uuid(now);
    let tasks = outbox::lease(&district.db, lease, now, LEASE, BATCH, &lanes.busy()).await?;
    let count = tasks.len();
    // Kinds run side by side, each in order.
    let mut kinds: BTreeMap<String, Vec<Task>> = BTreeMap::new();
    for task in tasks {
        let comes_again = matches!(handlers.get(task.kind.as_str()), Some(Handler::Every(..)));
        if task.attempts > MAX_ATTEMPTS && !comes_again {
            // Nobody was left to say that it failed: it took its process with it each time.
            settle(district, &task, Err(Error::internal("it never came to an end")), After::Refusal).await;
            continue;
        }
        kinds.entry(task.kind.clone()).or_default().push(task);
    }
    let mut running = JoinSet::new();
    for (kind, tasks) in kinds {
        let district = district.clone();
        match handlers.get(kind.as_str()).copied() {
            Some(Handler::Outside(work)) => lanes.take(kind, 1, in_order(district, tasks, work)),
            Some(Handler::Beside(work)) => lanes.take(kind, ABREAST, in_order(district, tasks, work)),
            Some(Handler::Inside(work)) => {
                running.spawn(all_or_each(district, tasks, Within::Each(work)));
            }
            Some(Handler::Together(work)) => {
                running.spawn(all_or_each(district, tasks, Within::All(work)));
            }
            Some(Handler::Every(pause, work)) => {
                running.spawn(async move {
                    for task in tasks {
                        let outcome = caught(every(&district, &task, pause, work)).await;
                        settle(&district, &task, outcome, After::Always(pause.max(SOON))).await;
                    }
                });
            }
            None => {
                for task in tasks {
                    let unknown = Error::internal(format!("no handler for {kind}"));
                    settle(&district, &task, Err(unknown), After::Tries).await;
                }
            }
        }
    }
    while let Some(ended) = running.join_next().await {
        lanes::ended(&ended);
    }
    Ok(count + sealed)
}

/// Carries tasks out one after the other; the leases of those that wait are kept, too.
async fn in_order(district: Arc<District>, tasks: Vec<Task>, work: fn(Arc<District>, Task) -> Work<'static>) {
    for (n, task) in tasks.iter().enumerate() {
        let waiting = tasks.get(n + 1..).unwrap_or_default();
        let outcome = kept(&district, task, waiting, caught(Box::pin(outside(&district, task, work)))).await;
        settle(&district, task, outcome, After::Tries).await;
    }
}

/// What failed is tried again later.
async fn settle(district: &District, task: &Task, outcome: Result<()>, after: After) {
    if let Err(error) = outcome {
        tracing::warn!(district = %district.name, kind = %task.kind, task = %task.id, attempt = task.attempts, %error, "task failed");
        if let Err(error) = postpone(district, task, &error, after).await {
            tracing::error!(district = %district.name, %error, "postponing failed; the lease will run out");
        }
    }
}

/// What is done inside a transaction.
#[derive(Clone, Copy)]
enum Within {
    Each(for<'a> fn(&'a mut Op, &'a Task) -> Work<'a>),
    All(for<'a> fn(&'a mut Op, &'a [Task]) -> Work<'a>),
}

/// Tasks of one kind in one transaction, because each commit costs a flush of the disk. Where one
/// fails or panics nothing has happened, and each goes alone, as do those that failed before.
async fn all_or_each(district: Arc<District>, tasks: Vec<Task>, work: Within) {
    let (alone, mut left): (Vec<Task>, Vec<Task>) =
        tasks.into_iter().partition(|task| task.attempts > CAREFUL);
    if left.len() > 1 && caught(inside(&district, &left, work)).await.is_ok() {
        left.clear();
    }
    for task in left.iter().chain(&alone) {
        let outcome = caught(inside(&district, std::slice::from_ref(task), work)).await;
        settle(&district, task, outcome, After::Tries).await;
    }
}

async fn inside(district: &Arc<District>, tasks: &[Task], work: Within) -> Result<()> {
    let mut op = district.op("tasks").await?;
    let now = op.now;
    outbox::finish_all(&mut op.tx, tasks, now).await?;
    match work {
        Within::Each(work) => {
            for task in tasks {
                op.request = format!("task {}", task.id);
                work(&mut op, task).await?;
            }
        }
        Within::All(work) => work(&mut op, tasks).await?,
    }
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

/// Waits for work and keeps the task's lease meanwhile, and of those that wait behind it; gives up when the task's
/// own was lost. Both go on side by side: the work may hold the database that keeping the lease waits for.
async fn kept(
    district: &District,
    task: &Task,
    waiting: &[Task],
    work: impl Future<Output = Result<()>>,
) -> Result<()> {
    let keeping = async {
        loop {
            tokio::time::sleep(LEASE / 3).await;
            let until = district.clock.now().plus(LEASE);
            let mut tx = district.db.begin().await?;
            outbox::keep(&mut tx, task, until).await?;
            for behind in waiting {
                // One that was lost is seen when its turn comes.
                match outbox::keep(&mut tx, behind, until).await {
                    Ok(()) | Err(Error::Conflict(_)) => {}
                    Err(other) => return Err(other),
                }
            }
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

async fn postpone(district: &District, task: &Task, error: &Error, after: After) -> Result<()> {
    let after = match (after, error) {
        (After::Tries, Error::Conflict(PERMANENT)) => After::Refusal,
        (after, _) => after,
    };
    let mut tx = district.db.begin().await?;
    outbox::postpone(&mut tx, task, &error.to_string(), after, district.clock.now()).await?;
    tx.commit().await
}
