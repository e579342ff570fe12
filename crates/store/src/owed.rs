//! Activity and outbox rows of a running transaction: kept aside and written together at its end.
//!
//! They are read by nobody before the commit, and a use case has several of each; written one by one
//! they would be half of its statements.

use linli_kernel::{Result, Value};

use crate::Tx;

/// Rows that wait; more than this are written at once, so that an import does not pile them up.
const MOST: usize = 512;

/// How many rows a statement inserts, so that only a few texts have to be prepared.
const SIZES: &[usize] = &[64, 16, 8, 4, 3, 2, 1];

/// A table's insert, without its rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Insert {
    /// `INSERT INTO … (…)`.
    pub(crate) head: &'static str,
    /// Columns of a row.
    pub(crate) width: usize,
    /// What follows the rows.
    pub(crate) tail: &'static str,
}

/// The rows that a transaction still has to write.
#[derive(Debug, Default)]
pub(crate) struct Owed {
    pub(crate) activity: Vec<Vec<Value>>,
    pub(crate) outbox: Vec<Vec<Value>>,
}

impl Owed {
    pub(crate) fn is_full(&self) -> bool {
        self.activity.len() + self.outbox.len() >= MOST
    }
}

/// `($1, $2), ($3, $4)` for two rows of two columns.
pub(crate) fn marks(rows: usize, width: usize) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(rows * width * 5);
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..width {
            let comma = if column == 0 { "" } else { ", " };
            let _ = write!(text, "{comma}${}", row * width + column + 1);
        }
        text.push(')');
    }
    text
}

/// The largest number of rows that one statement takes of `left`.
pub(crate) fn portion(left: usize) -> usize {
    SIZES.iter().copied().find(|size| *size <= left).unwrap_or(left)
}

/// Inserts `rows` in as few statements as possible.
pub(crate) async fn insert(tx: &mut Tx, into: Insert, rows: Vec<Vec<Value>>) -> Result<()> {
    let mut left = rows.len();
    let mut rows = rows.into_iter();
    while left > 0 {
        let size = portion(left);
        let sql = format!("{} VALUES {} {}", into.head, marks(size, into.width), into.tail);
        let args = rows.by_ref().take(size).flatten().collect();
        tx.defer(&sql, args).await?;
        left -= size;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_texts_for_any_number_of_rows() {
        assert_eq!(marks(2, 3), "($1, $2, $3), ($4, $5, $6)");
        let mut left = 510;
        let mut statements = 0;
        while left > 0 {
            left -= portion(left);
            statements += 1;
        }
        assert!(statements <= 14, "{statements}");
        assert_eq!(portion(0), 0);
    }
}
