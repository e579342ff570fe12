//! 台账: the facts of every case that boards count and lists choose by, one narrow line each, in memory.
//!
//! Boards ask for many sums over the same rows, and lists for any mixture of conditions: no set of indexes serves
//! all, and counters kept in rows would make writers queue. So each process keeps the facts (some 80 bytes a
//! case) and reads, before it answers, what was committed since: [`follow`]. The database stays the truth; whoever
//! may see what is decided here and, for the rows themselves, once more by the caller. See ADR 7.

mod facts;
mod follow;
mod pick;
mod reach;

use std::sync::{PoisonError, RwLock};

use linli_kernel::{Error, Result};
use linli_store::Conn;
use tokio::sync::Mutex;

pub(crate) use facts::{Fact, Mark};
pub use follow::follow;
pub(crate) use follow::prune;

use facts::Words;
use linli_kernel::{AreaCode, actor::OrgId};

use crate::model::CaseId;

/// The port: shared by all who ask.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Up to which change the table has read; nothing before the first look. Held while it reads on.
    reached: Mutex<Option<i64>>,
    table: RwLock<Table>,
}

/// The facts, in the order of the cases' ids, and the words to which they refer by number.
#[derive(Debug, Default)]
pub(crate) struct Table {
    facts: Vec<Fact>,
    areas: Words<AreaCode>,
    orgs: Words<OrgId>,
    /// Who takes part, as numbers of organisations.
    parties: Words<Vec<u32>>,
    categories: Words<String>,
}

impl Table {
    pub(crate) fn areas(&self) -> &[AreaCode] {
        self.areas.all()
    }

    pub(crate) fn orgs(&self) -> &[OrgId] {
        self.orgs.all()
    }

    pub(crate) fn categories(&self) -> &[String] {
        self.categories.all()
    }

    fn find(&self, id: CaseId) -> Option<&Fact> {
        let at = self.facts.binary_search_by_key(&id, |fact| fact.id).ok()?;
        self.facts.get(at)
    }
}

impl Ledger {
    /// Reads on to what is committed now, in one query, and works on that.
    pub(crate) async fn read<T>(&self, conn: &mut Conn, work: impl FnOnce(&Table) -> T) -> Result<T> {
        if conn.is_within() {
            // What it saw might yet come to nothing, and would stay in the ledger.
            return Err(Error::internal("the ledger is not read within a transaction"));
        }
        self.catch_up(conn).await?;
        Ok(work(&self.table.read().unwrap_or_else(PoisonError::into_inner)))
    }

    /// How many cases it holds.
    pub fn len(&self) -> usize {
        self.table.read().unwrap_or_else(PoisonError::into_inner).facts.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
