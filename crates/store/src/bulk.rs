//! Many rows by few statements: imports of half a million people, not one round trip per row.

use linli_kernel::{Result, Value};

use crate::{Row, Tx};

/// Parameters of one statement; both engines take more, but gain nothing from it.
const PARAMS: usize = 12_000;

/// `INSERT …` of several rows, as a statement that is prepared once for each number of rows.
///
/// `head` is `INSERT INTO t (a, b)`, `row` one row with `?` for each value, for example `(?, lower(?))`,
/// `tail` what follows the rows (`ON CONFLICT …`, `RETURNING …`).
#[derive(Debug, Clone, Copy)]
pub struct Insert<'a> {
    /// `INSERT INTO t (a, b)`
    pub head: &'a str,
    /// `(?, ?)`
    pub row: &'a str,
    /// `ON CONFLICT …`, `RETURNING …`, or nothing.
    pub tail: &'a str,
}

impl Insert<'_> {
    /// On SQLite parameters stand without numbers: each number is a name there, which is searched in the list
    /// of all names when it is bound.
    fn text(&self, rows: usize, numbered: bool) -> String {
        let mut text = format!("{} VALUES ", self.head);
        let mut n = 0;
        for i in 0..rows {
            if i > 0 {
                text.push(',');
            }
            for c in self.row.chars() {
                if c == '?' && numbered {
                    n += 1;
                    text.push('$');
                    text.push_str(&n.to_string());
                } else {
                    text.push(c);
                }
            }
        }
        text.push(' ');
        text.push_str(self.tail);
        text
    }

    /// Cuts the rows into statements: text and values of each.
    fn statements(&self, rows: Vec<Vec<Value>>, numbered: bool) -> Vec<(String, Vec<Value>)> {
        let width = self.row.matches('?').count().max(1);
        let size = (PARAMS / width).max(1);
        let mut statements = Vec::new();
        let mut text = (0, String::new());
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            let part: Vec<Vec<Value>> = rows.by_ref().take(size).collect();
            if text.0 != part.len() {
                text = (part.len(), self.text(part.len(), numbered));
            }
            statements.push((text.1.clone(), part.into_iter().flatten().collect()));
        }
        statements
    }
}

impl Tx {
    /// Inserts all rows; answers how many were written.
    pub async fn insert(&mut self, insert: Insert<'_>, rows: Vec<Vec<Value>>) -> Result<u64> {
        let mut written = 0;
        for (text, values) in insert.statements(rows, self.is_postgres()) {
            written += self.execute(&text, values).await?;
        }
        Ok(written)
    }

    /// As [`Tx::insert`] with a `RETURNING` in its tail; the order of the answer is not promised.
    pub async fn insert_returning<T: Row>(
        &mut self,
        insert: Insert<'_>,
        rows: Vec<Vec<Value>>,
    ) -> Result<Vec<T>> {
        let mut answer = Vec::new();
        for (text, values) in insert.statements(rows, self.is_postgres()) {
            answer.extend(self.all(&text, values).await?);
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_numbered_through_and_cut_by_their_width() {
        let insert = Insert { head: "INSERT INTO t (a, b)", row: "(?, lower(?))", tail: "RETURNING a" };
        assert_eq!(
            insert.text(2, true),
            "INSERT INTO t (a, b) VALUES ($1, lower($2)),($3, lower($4)) RETURNING a"
        );
        assert_eq!(
            insert.text(2, false),
            "INSERT INTO t (a, b) VALUES (?, lower(?)),(?, lower(?)) RETURNING a"
        );
        let rows = vec![vec![Value::Int(Some(1)), Value::Int(Some(2))]; PARAMS / 2 + 3];
        let sizes: Vec<usize> =
            insert.statements(rows, true).iter().map(|(_, values)| values.len()).collect();
        assert_eq!(sizes, [PARAMS, 6]);
        assert!(insert.statements(vec![], true).is_empty());
    }
}
