//! What the store forgets by itself: tasks that were done, and answers kept for repeats.

use std::time::Duration;

use linli_kernel::Result;

use crate::{
    Op, idempotency, outbox,
    worker::{Handler, Handlers, Work},
};

/// The outbox kind of the sweep.
pub const SWEEP: &str = "store.sweep";
/// Long enough to look up what was sent, and for a phone that was without signal to repeat itself.
const KEPT: Duration = Duration::from_hours(24 * 14);

/// The jobs by name.
pub fn handlers() -> Handlers {
    Handlers::from([(
        SWEEP,
        Handler::Every(Duration::from_mins(10), |op| -> Work<'_> { Box::pin(sweep(op)) }),
    )])
}

/// Forgets a batch of what is older than a fortnight.
pub async fn sweep(op: &mut Op) -> Result<()> {
    let before = op.now.minus(KEPT);
    let tasks = outbox::sweep(&mut op.tx, before).await?;
    let answers = idempotency::forget(&mut op.tx, before).await?;
    if tasks + answers > 0 {
        tracing::info!(district = %op.district.name, tasks, answers, "forgot what is done");
    }
    Ok(())
}
