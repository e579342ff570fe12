//! What a search asks for, in an engine's own language.

use linli_kernel::text::Term;

use crate::Conn;

impl Conn {
    /// The terms as the text of a `MATCH` (SQLite) or a `to_tsquery('simple', …)` (PostgreSQL); a row must
    /// have all of them. Terms hold letters, digits and Han only.
    pub fn words_query(&self, terms: &[Term]) -> String {
        query(terms, !self.is_postgres())
    }
}

fn query(terms: &[Term], sqlite: bool) -> String {
    let parts: Vec<String> = terms
        .iter()
        .map(|term| match (term, sqlite) {
            (Term::Phrase(words), true) => format!("\"{}\"", words.join(" ")),
            (Term::Prefix(word), true) => format!("\"{word}\" *"),
            (Term::Phrase(words), false) => {
                let quoted: Vec<String> = words.iter().map(|w| format!("'{w}'")).collect();
                format!("({})", quoted.join(" <-> "))
            }
            (Term::Prefix(word), false) => format!("'{word}':*"),
        })
        .collect();
    parts.join(if sqlite { " AND " } else { " & " })
}

#[cfg(test)]
mod tests {
    use super::*;
    use linli_kernel::text;

    #[test]
    fn what_is_typed_cannot_speak_to_the_engine() {
        let terms = text::query_terms("污水管 3号' | \"x");
        assert_eq!(query(&terms, true), "\"污水 水管\" AND \"3\" * AND \"号\" * AND \"x\" *");
        assert_eq!(query(&terms, false), "('污水' <-> '水管') & '3':* & '号':* & 'x':*");
    }
}
