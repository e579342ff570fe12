//! What this slice does by itself: forgetting old sessions.

use std::time::Duration;

use linli_kernel::Result;
use linli_store::{
    Op,
    worker::{Handler, Handlers, Work},
};

use crate::sessions;

/// The jobs by name.
pub(crate) fn handlers() -> Handlers {
    let day = Duration::from_hours(24);
    Handlers::from([("access.sweep", Handler::Every(day, |op| -> Work<'_> { Box::pin(sweep(op)) }))])
}

async fn sweep(op: &mut Op) -> Result<()> {
    let gone = sessions::sweep(&mut op.tx, op.now).await?;
    if gone > 0 {
        tracing::info!(district = %op.district.name, rows = gone, "forgot old sessions");
    }
    Ok(())
}
