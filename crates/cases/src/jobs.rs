//! What happens by the clock alone: overdue promises go one level up (超时升级), reviews come back.

use std::time::Duration;

use linli_grid::{Atlas, AtlasPort};
use linli_kernel::{Result, Timestamp, params};
use linli_store::{
    Op,
    worker::{self, Handler, Handlers, Work},
};

use crate::{
    app::{Aftermath, name_old, tell},
    ledger,
    model::CaseId,
    rules::{Scene, escalation},
    settings::{Rulebook, Rulebooks},
    store::{self, Signature},
};

/// The outbox kind of the sweep.
pub const SWEEP: &str = "case.sweep";
/// The outbox kind of making old cases found by their reporter's name.
pub const NAMES: &str = "case.names";
/// The outbox kind of taking away changes that every ledger has read.
pub const CHANGES: &str = "case.changes";
const EVERY: Duration = Duration::from_secs(20);
const HOUR: Duration = Duration::from_hours(1);
/// Cases of one turn: the write lock is never held long.
const BATCH: i64 = 100;

/// Escalates what is overdue; answers how many cases were looked at. In one transaction with the task's
/// end, so each clock escalates exactly once however often this is started. A case that fails holds up no other: it
/// is looked at again in an hour.
pub async fn sweep(op: &mut Op) -> Result<usize> {
    let skip = op.tx.dialect("", "FOR UPDATE SKIP LOCKED").to_owned();
    let due: Vec<(CaseId,)> = op
        .tx
        .all(
            &format!("SELECT id FROM case_file WHERE sweep_at < $1 ORDER BY sweep_at LIMIT $2 {skip}"),
            params![op.now, BATCH],
        )
        .await?;
    let atlas = op.district.port::<AtlasPort>()?.get();
    let book = op.district.port::<Rulebooks>()?.get(&mut op.tx).await?;
    for (id,) in &due {
        let part = op.tx.part().await?;
        match worker::caught(escalate(op, &atlas, &book, *id)).await {
            Ok(()) => op.tx.keep(part).await?,
            Err(error) => {
                tracing::error!(district = %op.district.name, case = %id, %error, "an overdue case was not escalated");
                op.tx.take_back(part).await?;
                look_again(op, *id, Some(op.now.plus(HOUR))).await?;
            }
        }
    }
    Ok(due.len())
}

async fn escalate(op: &mut Op, atlas: &Atlas, book: &Rulebook, id: CaseId) -> Result<()> {
    let record = store::load(&mut op.tx, id).await?;
    let case = record.case()?;
    let category = case.category.as_deref().and_then(|code| atlas.category(code));
    let scene = Scene {
        now: op.now,
        calendar: &book.calendar,
        rules: &book.rules,
        chain: store::chain(atlas, &case.area)?,
        photo_required: category.is_some_and(|c| c.photo_required),
    };
    let Some(changes) = escalation::sweep(&case, &scene)? else {
        // The index said that it is due and the rules do not agree: look again after it changes.
        return look_again(op, id, None).await;
    };
    let by = Signature { name: "", org: None };
    store::apply(&mut op.tx, &case, record.entries, &changes, &by, op.now).await?;
    tell(op, &Aftermath { number: &record.number, first: record.entries, changes: &changes }).await
}

async fn look_again(op: &mut Op, id: CaseId, at: Option<Timestamp>) -> Result<()> {
    op.tx.execute("UPDATE case_file SET sweep_at = $2 WHERE id = $1", params![id, at]).await?;
    Ok(())
}

fn swept(op: &mut Op) -> Work<'_> {
    Box::pin(async move { sweep(op).await.map(|_| ()) })
}

fn named(op: &mut Op) -> Work<'_> {
    Box::pin(async move { name_old(op).await.map(|_| ()) })
}

fn pruned(op: &mut Op) -> Work<'_> {
    Box::pin(async move { ledger::prune(op).await.map(|_| ()) })
}

pub(crate) fn handlers() -> Handlers {
    Handlers::from([
        (SWEEP, Handler::Every(EVERY, swept)),
        (NAMES, Handler::Every(EVERY, named)),
        (CHANGES, Handler::Every(HOUR, pruned)),
    ])
}
