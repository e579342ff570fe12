//! A part of a transaction that may come to nothing alone (保存点): where one of many fails, the others stand.

use linli_kernel::Result;

use crate::{Tx, deferred::Deferred, live::Announcements, owed::Owed};

/// A part that has begun: [`Tx::keep`] or [`Tx::take_back`] ends it, and one part ends before the next begins.
#[must_use = "a part that nobody ends is neither kept nor taken back"]
pub struct Part {
    /// What was announced before it.
    news: Announcements,
}

impl Tx {
    /// Begins a part; what was written before stands whatever becomes of it.
    pub async fn part(&mut self) -> Result<Part> {
        self.settle().await?;
        self.conn.script("SAVEPOINT part").await?;
        Ok(Part { news: std::mem::take(&mut self.news) })
    }

    /// Ends a part that went well: it shares the fate of the transaction.
    pub async fn keep(&mut self, part: Part) -> Result<()> {
        self.settle().await?;
        self.conn.script("RELEASE SAVEPOINT part").await?;
        let mut news = part.news;
        news.append(std::mem::take(&mut self.news));
        self.news = news;
        Ok(())
    }

    /// Undoes a part, with what it owed and announced, also after a statement that failed.
    pub async fn take_back(&mut self, part: Part) -> Result<()> {
        self.owed = Owed::default();
        self.conn.deferred = Deferred::default();
        self.news = part.news;
        self.conn.script("ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part").await
    }
}
