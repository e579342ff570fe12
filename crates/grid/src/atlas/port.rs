//! Where a district keeps its present atlas, and how it follows changes.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use linli_kernel::Result;
use linli_store::{Conn, District};
use tokio::sync::broadcast::error::RecvError;

use super::Atlas;
use crate::store;

/// The wait before base data that could not be read are read again; it doubles each time.
const AGAIN: Duration = Duration::from_millis(500);
/// The longest such wait.
const PATIENCE: Duration = Duration::from_secs(30);

/// The kind of the announcement that base data have changed.
pub const TOPIC: &str = "atlas";

/// Where the district keeps its present atlas; a port of the district.
#[derive(Debug, Default)]
pub struct AtlasPort(RwLock<Arc<Atlas>>);

impl AtlasPort {
    /// Holds this atlas (tests); the server starts with an empty one and calls [`AtlasPort::reload`].
    pub fn new(atlas: Atlas) -> Self {
        Self(RwLock::new(Arc::new(atlas)))
    }

    /// The present one. Keep it for one request at most.
    pub fn get(&self) -> Arc<Atlas> {
        // A poisoned lock only means that another thread panicked while it held a whole value.
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the tables again.
    pub async fn reload(&self, conn: &mut Conn) -> Result<()> {
        let fresh = Arc::new(store::load(conn).await?);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }
}

/// Reloads the atlas whenever some process says that base data have changed, as long as the district
/// is open.
pub fn follow(district: &Arc<District>) {
    let mut news = district.db.hub().subscribe();
    let district = Arc::downgrade(district);
    tokio::spawn(async move {
        loop {
            match news.recv().await {
                Ok(topic) if topic.kind != TOPIC && !topic.is_missed() => continue,
                // What was missed may have been ours.
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
            // Until it is done: an old map of who is where would go unnoticed.
            let mut wait = AGAIN;
            loop {
                let Some(district) = district.upgrade() else { return };
                let Err(error) = refresh(&district).await else { break };
                tracing::error!(district = %district.name, %error, "the base data could not be read again");
                drop(district);
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(PATIENCE);
            }
        }
    });
}

/// Reads the district's base data again.
pub async fn refresh(district: &District) -> Result<()> {
    let mut conn = district.db.read().await?;
    district.port::<AtlasPort>()?.reload(&mut conn).await
}
