//! Statements that a transaction puts off: joined into one round trip before the next that does not wait.
//!
//! A report writes rows of six tables, and what each costs is mostly the way there and back: to the thread that
//! owns SQLite's file, or to the PostgreSQL server. Nobody in the transaction reads the rows, so they go together.

use std::fmt::Write;

use linli_kernel::Value;

/// More values than this are sent at once.
const MOST: usize = 4_000;

/// What waits.
#[derive(Debug, Default)]
pub(crate) struct Deferred {
    statements: Vec<(String, Vec<Value>)>,
    values: usize,
}

impl Deferred {
    pub(crate) fn push(&mut self, sql: &str, args: Vec<Value>) {
        self.values += args.len();
        self.statements.push((sql.to_owned(), args));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.values >= MOST
    }

    /// All of it as one text with one list of values. SQLite takes statements one after the other;
    /// PostgreSQL, which takes only one with values, takes them as parts of it.
    pub(crate) fn take(&mut self, postgres: bool) -> (String, Vec<Value>) {
        let Self { statements, values } = std::mem::take(self);
        let last = statements.len().saturating_sub(1);
        let mut text = String::with_capacity(statements.iter().map(|(sql, _)| sql.len() + 16).sum());
        let mut all = Vec::with_capacity(values);
        for (nth, (sql, args)) in statements.into_iter().enumerate() {
            match (postgres, nth == last) {
                (true, false) => {
                    text.push_str(if nth == 0 { "WITH " } else { ", " });
                    let _ = write!(text, "part{nth} AS (");
                    renumber(&mut text, &sql, all.len());
                    text.push(')');
                }
                (false, false) => {
                    renumber(&mut text, &sql, all.len());
                    text.push(';');
                }
                (_, true) => renumber(&mut text, &sql, all.len()),
            }
            if nth != last {
                text.push(' ');
            }
            all.extend(args);
        }
        (text, all)
    }
}

/// Appends `sql` with `$n` as `$(n + by)`; texts in quotes stay as they are.
fn renumber(text: &mut String, sql: &str, by: usize) {
    if by == 0 {
        return text.push_str(sql);
    }
    let (mut rest, mut quoted) = (sql, false);
    while let Some(at) = rest.find(['$', '\'']) {
        text.push_str(&rest[..at]);
        let mark = &rest[at..=at];
        rest = &rest[at + 1..];
        quoted ^= mark == "'";
        text.push_str(mark);
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if mark == "$"
            && !quoted
            && let Ok(n) = rest[..digits].parse::<usize>()
        {
            text.push_str(&(n + by).to_string());
            rest = &rest[digits..];
        }
    }
    text.push_str(rest);
}

#[cfg(test)]
mod tests {
    use linli_kernel::params;

    use super::*;

    fn two() -> Deferred {
        let mut waits = Deferred::default();
        waits.push("INSERT INTO a (x, y) VALUES ($1, '$1 it''s')", params![1_i64]);
        waits.push("INSERT INTO b (x, y) VALUES ($2, $1), ($12, '')", params![2_i64, 3_i64]);
        waits
    }

    #[test]
    fn one_text_with_one_list_of_values() {
        let (text, values) = two().take(false);
        assert_eq!(
            text,
            "INSERT INTO a (x, y) VALUES ($1, '$1 it''s'); INSERT INTO b (x, y) VALUES ($3, $2), ($13, '')"
        );
        assert_eq!(values.len(), 3);
        let (text, _) = two().take(true);
        assert_eq!(
            text,
            "WITH part0 AS (INSERT INTO a (x, y) VALUES ($1, '$1 it''s')) INSERT INTO b (x, y) VALUES ($3, $2), ($13, '')"
        );
    }

    #[test]
    fn one_alone_stays_as_it_is() {
        let mut waits = Deferred::default();
        waits.push("DELETE FROM a WHERE x = $1", params![1_i64]);
        assert_eq!(waits.take(true).0, "DELETE FROM a WHERE x = $1");
        assert!(waits.is_empty() && !waits.is_full());
    }
}
