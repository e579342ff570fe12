//! One use case: who acts, when, and the transaction that holds all it does.

use std::{sync::Arc, time::Duration};

use linli_kernel::{Actor, Result, Timestamp, text_enum};
use serde::Serialize;
use uuid::Uuid;

use crate::{Db, District, Entry, Topic, Tx, activity, counter, outbox};

text_enum! {
    /// The language of the person asking.
    pub enum Language { Chinese = "zh-CN", English = "en" }
}

/// The context of a use case. Dropped without [`Op::commit`], nothing has happened.
pub struct Op {
    /// The transaction.
    pub tx: Tx,
    /// Who acts.
    pub actor: Actor,
    /// The instant of the whole use case.
    pub now: Timestamp,
    /// The district.
    pub district: Arc<District>,
    /// The request's id, for the log.
    pub request: String,
}

impl Op {
    /// Begins with a fresh transaction on `db` (the district's, perhaps metered).
    pub async fn begin(district: Arc<District>, db: &Db, actor: Actor, request: String) -> Result<Self> {
        let tx = db.begin().await?;
        let now = district.clock.now();
        Ok(Self { tx, actor, now, district, request })
    }

    /// A fresh id at this instant.
    pub fn uuid(&self) -> Uuid {
        self.district.ids.uuid(self.now)
    }

    /// Writes the activity row of this act.
    pub async fn log(&mut self, entry: Entry) -> Result<()> {
        let id = self.uuid();
        let actor_id = match &self.actor {
            Actor::Account { id, .. } => Some(id.0),
            Actor::Client { id, .. } => Some(*id),
            Actor::Public | Actor::System => None,
        };
        let author = activity::Author { name: self.actor.name(), id: actor_id, request: &self.request };
        activity::append(&mut self.tx, id, self.now, author, entry).await
    }

    /// Owes an event or message that the outbox will carry out.
    pub async fn emit(&mut self, kind: &str, payload: &impl Serialize) -> Result<()> {
        let id = self.uuid();
        outbox::enqueue(&mut self.tx, id, kind, None, payload, self.now, self.now).await
    }

    /// Owes work at a later time, at most once under the word `once`.
    pub async fn emit_later(
        &mut self,
        kind: &str,
        once: &str,
        payload: &impl Serialize,
        wait: Duration,
    ) -> Result<()> {
        let id = self.uuid();
        outbox::enqueue(&mut self.tx, id, kind, Some(once), payload, self.now, self.now.plus(wait)).await
    }

    /// Tells open pages after the commit.
    pub fn announce(&mut self, kind: &str, area: &str, id: impl ToString) {
        self.tx.announce(Topic { kind: kind.to_owned(), area: area.to_owned(), id: id.to_string() });
    }

    /// The next number of today under the district's prefix and `series`.
    pub async fn next_number(&mut self, series: &str) -> Result<String> {
        let prefix = format!("{}{series}", self.district.prefix);
        self.number_of(&prefix, self.now).await
    }

    /// The next number under the district's prefix of the day `at`, which may have been years ago.
    pub async fn number_at(&mut self, at: Timestamp) -> Result<String> {
        let prefix = self.district.prefix.clone();
        self.number_of(&prefix, at).await
    }

    async fn number_of(&mut self, prefix: &str, at: Timestamp) -> Result<String> {
        counter::next_number(&self.district.db, &mut self.tx, prefix, at).await
    }

    /// Makes it all so.
    pub async fn commit(self) -> Result<()> {
        self.tx.commit().await
    }
}
