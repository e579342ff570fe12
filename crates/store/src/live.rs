//! Telling open pages that something changed.
//!
//! An announcement is only a hint (“cases of street 371002001 moved”): a page that hears it asks
//! again for what it shows, so a lost hint costs freshness, never truth. Between two processes on
//! one PostgreSQL the hints travel by NOTIFY, a moment after the commit and many at once: inside the
//! transactions they would make every commit wait for the one before (NOTIFY holds a lock of the whole
//! server until its transaction is on disk).

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use sqlx::{PgPool, postgres::PgListener};
use tokio::sync::{broadcast, mpsc};

/// Hints of this long travel together.
const GATHER: Duration = Duration::from_millis(20);
/// Topics of one NOTIFY, which carries less than 8,000 bytes.
const LETTER: usize = 50;
/// More topics than this are told as “everything of this kind”.
const MANY: usize = 200;

/// The longest wait before the connection that hears, or a letter that could not be sent, is tried again.
const PATIENCE: Duration = Duration::from_secs(30);

/// The kind of [`Topic::missed`].
const MISSED: &str = "missed";

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

impl Topic {
    /// Says that some topics may not have been heard, nobody knows which: whoever listens looks again, as after
    /// [`RecvError::Lagged`](tokio::sync::broadcast::error::RecvError::Lagged).
    pub fn missed() -> Self {
        Self { kind: MISSED.to_owned(), area: String::new(), id: String::new() }
    }

    /// Whether this is [`Topic::missed`].
    pub fn is_missed(&self) -> bool {
        self.kind == MISSED
    }
}

/// The topics of one transaction.
#[derive(Debug, Default)]
pub(crate) struct Announcements(BTreeSet<Topic>);

impl Announcements {
    pub(crate) fn add(&mut self, topic: Topic) {
        self.0.insert(topic);
    }

    pub(crate) fn append(&mut self, mut more: Self) {
        self.0.append(&mut more.0);
    }

    /// The letters in which they travel.
    fn letters(&self) -> Vec<String> {
        let coarse: BTreeSet<Topic> = if self.0.len() > MANY {
            let district = |t: &Topic| t.area.chars().take(6).collect();
            self.0
                .iter()
                .map(|t| Topic { kind: t.kind.clone(), area: district(t), id: String::new() })
                .collect()
        } else {
            BTreeSet::new()
        };
        let topics: Vec<&Topic> =
            if coarse.is_empty() { self.0.iter().collect() } else { coarse.iter().collect() };
        topics.chunks(LETTER).filter_map(|part| serde_json::to_string(part).ok()).collect()
    }
}

/// The district's broadcaster.
#[derive(Debug, Clone)]
pub struct Hub {
    sender: broadcast::Sender<Topic>,
    channel: Arc<str>,
    /// On PostgreSQL: to the task that tells all processes, this one too.
    post: Option<mpsc::UnboundedSender<Announcements>>,
}

impl Hub {
    pub(crate) fn new(channel: &str) -> Self {
        Self { sender: broadcast::channel(1024).0, channel: channel.into(), post: None }
    }

    /// A hub that reaches every process on this database.
    pub(crate) fn across(channel: &str, pool: &PgPool) -> Self {
        let (post, letters) = mpsc::unbounded_channel();
        let hub = Self { post: Some(post), ..Self::new(channel) };
        hub.listen(pool.clone());
        tokio::spawn(tell(hub.channel.clone(), pool.clone(), letters));
        hub
    }

    /// Hears every topic from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Topic> {
        self.sender.subscribe()
    }

    pub(crate) fn publish(&self, news: Announcements) {
        if news.0.is_empty() {
            return;
        }
        if let Some(post) = &self.post {
            // The task ends with the pool, and so do those who would hear it.
            let _ = post.send(news);
            return;
        }
        for topic in news.0 {
            // No receiver is the normal case: nobody has a page open.
            let _ = self.sender.send(topic);
        }
    }

    /// Forwards what other processes announce, until the pool closes.
    fn listen(&self, pool: PgPool) {
        let hub = self.clone();
        tokio::spawn(async move {
            let mut wait = Duration::from_secs(1);
            while !pool.is_closed() {
                let mut heard = false;
                if let Err(error) = hub.forward(&pool, &mut heard).await {
                    tracing::warn!(%error, "live updates paused");
                    wait = if heard { Duration::from_secs(1) } else { (wait * 2).min(PATIENCE) };
                    tokio::time::sleep(wait).await;
                }
            }
        });
    }

    async fn forward(&self, pool: &PgPool, heard: &mut bool) -> Result<(), sqlx::Error> {
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen(&self.channel).await?;
        *heard = true;
        // What was announced before nobody heard here.
        let _ = self.sender.send(Topic::missed());
        loop {
            let message = tokio::select! {
                () = pool.close_event() => return Ok(()),
                message = listener.try_recv() => message?,
            };
            let Some(message) = message else {
                tracing::warn!("live updates were cut off; the connection stands again");
                let _ = self.sender.send(Topic::missed());
                continue;
            };
            for topic in serde_json::from_str::<BTreeSet<Topic>>(message.payload()).unwrap_or_default() {
                let _ = self.sender.send(topic);
            }
        }
    }
}

/// Tells all processes what was announced here, until the pool closes.
async fn tell(channel: Arc<str>, pool: PgPool, mut post: mpsc::UnboundedReceiver<Announcements>) {
    loop {
        let mut news = tokio::select! {
            () = pool.close_event() => return,
            news = post.recv() => match news {
                Some(news) => news,
                None => return,
            },
        };
        tokio::time::sleep(GATHER).await;
        while let Ok(more) = post.try_recv() {
            news.append(more);
        }
        for letter in news.letters() {
            if let Err(error) = send(&channel, &pool, &letter).await {
                tracing::warn!(%error, "live updates were not told");
                tokio::select! {
                    () = pool.close_event() => return,
                    () = tell_that_some_were_not(&channel, &pool) => {}
                }
                break;
            }
        }
    }
}

async fn send(channel: &str, pool: &PgPool, letter: &str) -> Result<(), sqlx::Error> {
    // Nothing durable hangs on it, so nobody waits for the disk.
    sqlx::query("SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, $2)")
        .bind(channel)
        .bind(letter)
        .execute(pool)
        .await
        .map(|_| ())
}

/// What could not be told is not kept: once the server answers again, all are told to look again.
async fn tell_that_some_were_not(channel: &str, pool: &PgPool) {
    let Ok(letter) = serde_json::to_string(&[Topic::missed()]) else { return };
    let mut wait = Duration::from_secs(1);
    loop {
        tokio::time::sleep(wait).await;
        match send(channel, pool, &letter).await {
            Ok(()) => return,
            Err(error) => tracing::warn!(%error, "live updates are still not told"),
        }
        wait = (wait * 2).min(PATIENCE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn news(count: usize) -> Announcements {
        let topic =
            |n: usize| Topic { kind: "case".into(), area: "371002001".into(), id: format!("{n:036}") };
        Announcements((0..count).map(topic).collect())
    }

    #[test]
    fn letters_fit_and_a_flood_is_told_coarsely() {
        let letters = news(120).letters();
        assert_eq!(letters.len(), 3);
        assert!(letters.iter().all(|letter| letter.len() < 8_000));
        let all: usize = letters.iter().map(|l| serde_json::from_str::<Vec<Topic>>(l).unwrap().len()).sum();
        assert_eq!(all, 120);
        let flood = news(5_000).letters();
        let topics: Vec<Topic> = serde_json::from_str(&flood[0]).unwrap();
        assert_eq!(
            (flood.len(), topics.len(), topics[0].area.as_str(), topics[0].id.as_str()),
            (1, 1, "371002", "")
        );
    }
}
