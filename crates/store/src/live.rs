//! Telling open pages that something changed.
//!
//! An announcement is only a hint (“cases of street 371002001 moved”): a page that hears it asks
//! again for what it shows, so a lost hint costs freshness, never truth. Between two processes on
//! one PostgreSQL the hints travel by NOTIFY, inside the transaction that they tell of.

use std::{collections::BTreeSet, sync::Arc};

use serde::{Deserialize, Serialize};
use sqlx::{PgPool, postgres::PgListener};
use tokio::sync::broadcast;

/// What changed: a kind of thing, and the area it lies in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Topic {
    /// The kind, for example `case`.
    pub kind: String,
    /// The area code whose viewers may hear it.
    pub area: String,
    /// The thing's id, for pages that show just it.
    pub id: String,
}

/// The topics of one transaction.
#[derive(Debug, Default)]
pub(crate) struct Announcements(BTreeSet<Topic>);

impl Announcements {
    pub(crate) fn add(&mut self, topic: Topic) {
        self.0.insert(topic);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// NOTIFY carries less than 8,000 bytes; a bulk change is told as “everything of this kind”.
    pub(crate) fn encode(&self) -> String {
        let full = serde_json::to_string(&self.0).unwrap_or_default();
        if full.len() < 7_000 {
            return full;
        }
        let kinds: BTreeSet<Topic> = self
            .0
            .iter()
            .map(|t| Topic {
                kind: t.kind.clone(),
                area: t.area.chars().take(6).collect(),
                id: String::new(),
            })
            .collect();
        serde_json::to_string(&kinds).unwrap_or_default()
    }
}

/// The district's broadcaster.
#[derive(Debug, Clone)]
pub struct Hub {
    sender: broadcast::Sender<Topic>,
    channel: Arc<str>,
}

impl Hub {
    pub(crate) fn new(channel: &str) -> Self {
        Self { sender: broadcast::channel(1024).0, channel: channel.into() }
    }

    pub(crate) fn channel(&self) -> String {
        self.channel.to_string()
    }

    /// Hears every topic from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Topic> {
        self.sender.subscribe()
    }

    pub(crate) fn publish(&self, news: &Announcements) {
        for topic in &news.0 {
            // No receiver is the normal case: nobody has a page open.
            let _ = self.sender.send(topic.clone());
        }
    }

    /// Forwards what other processes announce, until the pool closes.
    pub(crate) fn listen(&self, pool: PgPool) {
        let hub = self.clone();
        tokio::spawn(async move {
            while !pool.is_closed() {
                if let Err(error) = hub.forward(&pool).await {
                    tracing::warn!(%error, "live updates paused");
                    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                }
            }
        });
    }

    async fn forward(&self, pool: &PgPool) -> Result<(), sqlx::Error> {
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen(&self.channel).await?;
        loop {
            let message = tokio::select! {
                () = pool.close_event() => return Ok(()),
                message = listener.recv() => message?,
            };
            for topic in serde_json::from_str::<BTreeSet<Topic>>(message.payload()).unwrap_or_default() {
                let _ = self.sender.send(topic);
            }
        }
    }
}
