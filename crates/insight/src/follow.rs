//! Keeping this process's memory up to date, beside what it serves: nothing here delays a start or a page.

use std::{sync::Arc, time::Duration};

use linli_kernel::Result;
use linli_store::District;
use tokio::sync::broadcast::error::RecvError;

use crate::{Memory, Models, events::TOPIC};

/// Without any news the order of changes is looked at this often: an announcement is only a hint.
const PATIENCE: Duration = Duration::from_secs(30);
/// News come in bursts; what comes within this time is read at once.
const BURST: Duration = Duration::from_millis(150);

/// Reads what this process has not seen: settings, models, changed cases. Answers how many cases.
pub async fn catch_up(district: &District) -> Result<usize> {
    district.port::<Models>()?.refresh(district).await?;
    district.port::<Memory>()?.catch_up(district).await
}

/// Writes the snapshot before a stop, so that the next start has little to read.
pub async fn stop(district: &District) -> Result<()> {
    district.port::<Memory>()?.keep(true).await
}

/// Follows the district for as long as it is open.
pub fn follow(district: &Arc<District>) {
    let mut news = district.db.hub().subscribe();
    let district = Arc::downgrade(district);
    tokio::spawn(async move {
        loop {
            {
                let Some(district) = district.upgrade() else { return };
                if let Err(error) = catch_up(&district).await {
                    tracing::warn!(district = %district.name, %error, "suggestions and repeats are behind");
                }
            }
            let heard = async {
                loop {
                    match news.recv().await {
                        Ok(topic) if topic.kind != TOPIC && !topic.is_missed() => {}
                        // What was missed may have been ours.
                        Ok(_) | Err(RecvError::Lagged(_)) => return true,
                        Err(RecvError::Closed) => return false,
                    }
                }
            };
            match tokio::time::timeout(PATIENCE, heard).await {
                Ok(false) => return,
                Ok(true) => tokio::time::sleep(BURST).await,
                Err(_) => {}
            }
        }
    });
}
