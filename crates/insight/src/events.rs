//! What is owed after a change, and what comes back by the clock: the order of changes is kept, cases that
//! were there before are taken in, models are trained again when there is enough new to learn.

use std::{sync::Arc, time::Duration};

use linli_kernel::{Error, Result, time::china_day};
use linli_store::{
    District, Op,
    outbox::Task,
    settings,
    worker::{Handler, Handlers, Work},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{feed::CaseFeed, hot, tide, train};

/// The outbox kind under which this slice hears that a case has changed; the payload has its id.
pub const CASE_CHANGED: &str = "insight.case";
/// The outbox kind of a look at whether something is missing or worth learning.
pub const TEND: &str = "insight.tend";
/// The outbox kind of taking in cases that were there before.
pub const CATCH: &str = "insight.catch";
/// The outbox kind of training.
pub const TRAIN: &str = "insight.train";
/// The outbox kind of finding hot issues.
pub const HOT: &str = "insight.hot";
/// What open pages and other processes hear after any of it.
pub const TOPIC: &str = "insight";

const TEND_EVERY: Duration = Duration::from_mins(1);
/// Cases of one transaction when old ones are taken in.
const BATCH: i64 = 500;
/// Hot issues are found again at most this often.
const HOT_EVERY: Duration = Duration::from_mins(1);
/// Milliseconds of a day: a model is trained by itself at most once in one.

#[derive(Deserialize)]
struct Changed {
    case: Uuid,
}

/// How far the walk over old cases is.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Walk {
    after: Option<Uuid>,
    done: bool,
}

const WALK: &str = "insight_walk";

fn feed(district: &District) -> Result<CaseFeed> {
    Ok(*district.port::<CaseFeed>()?)
}

/// Notes changes; in one transaction with the tasks' end, so once. Of a case that changed several times only its
/// state now counts.
async fn changed(op: &mut Op, tasks: &[Task]) -> Result<()> {
    let mut cases = Vec::with_capacity(tasks.len());
    for task in tasks {
        let Changed { case } = serde_json::from_str(&task.payload).map_err(Error::internal)?;
        cases.push(case);
    }
    cases.sort_unstable();
    cases.dedup();
    let told = feed(&op.district)?.told(&mut op.tx, &cases).await?;
    tide::note(op, &told).await?;
    for case in &told {
        op.announce(TOPIC, case.area.as_str(), case.id);
    }
    owe_hot(op).await
}

/// Finds hot issues soon, but not for each case anew.
async fn owe_hot(op: &mut Op) -> Result<()> {
    let every = i64::try_from(HOT_EVERY.as_millis()).unwrap_or(i64::MAX);
    let turn = op.now.millis() / every;
    op.emit_later(HOT, &format!("{HOT}:{turn}"), &(), HOT_EVERY).await
}

/// Looks whether cases are missing (a demo, an import past the outbox) and whether there is enough new to learn.
pub(crate) async fn tend(op: &mut Op) -> Result<()> {
    let feed = feed(&op.district)?;
    let known: i64 = op.tx.scalar("SELECT count(*) FROM insight_case", vec![]).await?;
    let there = (feed.count)(&mut op.tx).await?;
    let walk: Walk = settings::get(&mut op.tx, WALK).await?.unwrap_or_default();
    // What is on its way through the outbox is no gap: a walk begins at a real distance, or the first time.
    let gap = there - known;
    if (walk.done && gap > BATCH) || (!walk.done && gap > 0) {
        settings::put(
            &mut op.tx,
            WALK,
            &Walk { after: walk.after.filter(|_| !walk.done), done: false },
            op.now,
        )
        .await?;
        let after = walk.after.map(|id| id.to_string()).unwrap_or_default();
        op.emit_later(CATCH, &format!("{CATCH}:{there}:{after}"), &(), Duration::ZERO).await?;
        return Ok(());
    }
    if train::is_worth_it(op, feed).await? {
        let day = china_day(op.now);
        op.emit_later(TRAIN, &format!("{TRAIN}:{day}"), &train::Wanted::default(), Duration::ZERO).await?;
    }
    Ok(())
}

/// Takes in the next cases that were there before; answers whether there are more.
pub(crate) async fn catch(op: &mut Op) -> Result<bool> {
    let feed = feed(&op.district)?;
    let walk: Walk = settings::get(&mut op.tx, WALK).await?.unwrap_or_default();
    let ids = (feed.ids_after)(&mut op.tx, walk.after, BATCH).await?;
    let Some(&last) = ids.last() else {
        settings::put(&mut op.tx, WALK, &Walk { after: None, done: true }, op.now).await?;
        owe_hot(op).await?;
        let area = op.district.area.clone();
        op.announce(TOPIC, area.as_str(), "all");
        return Ok(false);
    };
    let mut told = feed.told(&mut op.tx, &ids).await?;
    told.sort_by_key(|case| case.id);
    tide::note(op, &told).await?;
    settings::put(&mut op.tx, WALK, &Walk { after: Some(last), done: false }, op.now).await?;
    Ok(true)
}

async fn caught(op: &mut Op, task: &Task) -> Result<()> {
    if catch(op).await? {
        op.emit(CATCH, &()).await?;
    } else {
        // The first model of a district need not wait for the next look.
        tend(op).await?;
    }
    let _ = task;
    Ok(())
}

/// Owes a walk over all cases, with a first model and hot issues at its end: after a demo or an import past the
/// outbox. The caller commits.
pub async fn owe_all(op: &mut Op) -> Result<()> {
    settings::put(&mut op.tx, WALK, &Walk::default(), op.now).await?;
    op.emit(CATCH, &()).await
}

/// Takes in all cases that were there before, trains and finds hot issues at once: after a demo or an import.
pub async fn catch_all(district: &Arc<District>) -> Result<()> {
    loop {
        let mut op = district.op("insight catch").await?;
        let more = catch(&mut op).await?;
        op.commit().await?;
        if !more {
            break;
        }
    }
    train::run(district, train::Wanted::default()).await?;
    hot::find(district).await
}

fn on_changed<'a>(op: &'a mut Op, tasks: &'a [Task]) -> Work<'a> {
    Box::pin(changed(op, tasks))
}

fn on_caught<'a>(op: &'a mut Op, task: &'a Task) -> Work<'a> {
    Box::pin(caught(op, task))
}

fn on_tend(op: &mut Op) -> Work<'_> {
    Box::pin(tend(op))
}

fn on_train(district: Arc<District>, task: Task) -> Work<'static> {
    Box::pin(async move {
        let wanted = serde_json::from_str(&task.payload).map_err(Error::internal)?;
        train::run(&district, wanted).await
    })
}

fn on_hot(district: Arc<District>, _: Task) -> Work<'static> {
    Box::pin(async move { hot::find(&district).await })
}

pub(crate) fn handlers() -> Handlers {
    let mut handlers = Handlers::new();
    handlers.insert(CASE_CHANGED, Handler::Together(on_changed));
    handlers.insert(CATCH, Handler::Inside(on_caught));
    handlers.insert(TEND, Handler::Every(TEND_EVERY, on_tend));
    handlers.insert(TRAIN, Handler::Outside(on_train));
    handlers.insert(HOT, Handler::Outside(on_hot));
    handlers
}
