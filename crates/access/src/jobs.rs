//! What this slice does by itself: forgetting old sessions, taking in keys that another process made.

use std::time::Duration;

use linli_kernel::Result;
use linli_store::{
    Op,
    worker::{Handler, Handlers, Work},
};

use crate::{Access, sessions};

/// The jobs by name.
pub(crate) fn handlers() -> Handlers {
    let day = Duration::from_hours(24);
    Handlers::from([
        ("access.sweep", Handler::Every(day, |op| -> Work<'_> { Box::pin(sweep(op)) })),
        ("access.keys", Handler::Every(Duration::from_mins(5), |op| -> Work<'_> { Box::pin(reload(op)) })),
    ])
}

async fn sweep(op: &mut Op) -> Result<()> {
    let gone = sessions::sweep(&mut op.tx, op.now).await?;
    if gone > 0 {
        tracing::info!(district = %op.district.name, rows = gone, "forgot old sessions");
    }
    Ok(())
}

async fn reload(op: &mut Op) -> Result<()> {
    op.district.port::<Access>()?.keyring.reload(&mut op.tx).await
}
