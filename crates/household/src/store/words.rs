//! The word tables, written in the transaction of the row.

use linli_kernel::{Result, params};
use linli_store::{Tx, bulk::Insert};

/// Which word table.
#[derive(Debug, Clone, Copy)]
pub(super) enum Words {
    Residents,
    Dwellings,
    Entities,
}

impl Words {
    const fn table(self) -> &'static str {
        match self {
            Self::Residents => "resident_words",
            Self::Dwellings => "dwelling_words",
            Self::Entities => "entity_words",
        }
    }

    /// Writes the words of new rows.
    pub(super) async fn add(self, tx: &mut Tx, rows: Vec<(i64, String)>) -> Result<()> {
        let head = format!("INSERT INTO {} (rowid, words)", self.table());
        let row = tx.dialect("(?, ?)", "(?, to_tsvector('simple', ?))").to_owned();
        let rows = rows.into_iter().map(|(n, words)| params![n, words]).collect();
        tx.insert(Insert { head: &head, row: &row, tail: "" }, rows).await?;
        Ok(())
    }

    /// Writes a row's words anew.
    pub(super) async fn replace(self, tx: &mut Tx, n: i64, words: String) -> Result<()> {
        self.remove(tx, n).await?;
        self.add(tx, vec![(n, words)]).await
    }

    /// Forgets a row's words.
    pub(super) async fn remove(self, tx: &mut Tx, n: i64) -> Result<()> {
        tx.execute(&format!("DELETE FROM {} WHERE rowid = $1", self.table()), params![n]).await?;
        Ok(())
    }
}
