//! Conditions that are joined by AND and bound in order, for lists with filters.

use linli_kernel::{AreaCode, Cursor, Value};

/// A growing WHERE clause: text with `$n`, and its values.
#[derive(Debug, Default, Clone)]
pub struct Where {
    parts: Vec<String>,
    args: Vec<Value>,
}

impl Where {
    /// No condition yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a condition whose `?`s are bound to `values` in order.
    pub fn and(&mut self, condition: &str, values: Vec<Value>) -> &mut Self {
        let mut text = String::with_capacity(condition.len() + 8);
        let mut n = self.args.len();
        for c in condition.chars() {
            if c == '?' {
                n += 1;
                text.push('$');
                text.push_str(&n.to_string());
            } else {
                text.push(c);
            }
        }
        debug_assert_eq!(
            n,
            self.args.len() + values.len(),
            "as many values as question marks in {condition}"
        );
        self.parts.push(format!("({text})"));
        self.args.extend(values);
        self
    }

    /// Adds a condition if there is a value for it.
    pub fn and_some<T: Into<Value>>(&mut self, condition: &str, value: Option<T>) -> &mut Self {
        if let Some(value) = value {
            self.and(condition, vec![value.into()]);
        }
        self
    }

    /// Rows whose `column` lies in one of the areas; no areas, no rows.
    pub fn within(&mut self, column: &str, areas: &[AreaCode]) -> &mut Self {
        if areas.is_empty() {
            return self.and("1 = 0", vec![]);
        }
        let mut values = Vec::new();
        let ranges: Vec<String> = areas
            .iter()
            .map(|area| {
                let (low, high) = area.range();
                values.extend([low.into(), high.into()]);
                format!("{column} >= ? AND {column} < ?")
            })
            .collect();
        self.and(&ranges.join(" OR "), values)
    }

    /// Rows whose `column` is one of the words; no words, no condition.
    pub fn any<T: Into<Value> + Clone>(&mut self, column: &str, words: &[T]) -> &mut Self {
        if words.is_empty() {
            return self;
        }
        let marks = vec!["?"; words.len()].join(", ");
        self.and(&format!("{column} IN ({marks})"), words.iter().cloned().map(Into::into).collect())
    }

    /// Rows whose `column` is none of the words.
    pub fn none_of<T: Into<Value> + Clone>(&mut self, column: &str, words: &[T]) -> &mut Self {
        if words.is_empty() {
            return self;
        }
        let marks = vec!["?"; words.len()].join(", ");
        self.and(&format!("{column} NOT IN ({marks})"), words.iter().cloned().map(Into::into).collect())
    }

    /// Rows after the cursor in the order `key DESC, id DESC`.
    pub fn before(&mut self, key: &str, id: &str, cursor: Option<Cursor>) -> &mut Self {
        if let Some(c) = cursor {
            self.and(&format!("({key}, {id}) < (?, ?)"), vec![c.key.into(), c.id.into()]);
        }
        self
    }

    /// Rows after the cursor in the order `key, id`.
    pub fn after(&mut self, key: &str, id: &str, cursor: Option<Cursor>) -> &mut Self {
        if let Some(c) = cursor {
            self.and(&format!("({key}, {id}) > (?, ?)"), vec![c.key.into(), c.id.into()]);
        }
        self
    }

    /// Binds one more value outside the conditions (LIMIT) and answers its mark.
    pub fn bind(&mut self, value: impl Into<Value>) -> String {
        self.args.push(value.into());
        format!("${}", self.args.len())
    }

    /// ` WHERE …`, or nothing.
    pub fn text(&self) -> String {
        if self.parts.is_empty() { String::new() } else { format!(" WHERE {}", self.parts.join(" AND ")) }
    }

    /// The values in order.
    pub fn args(self) -> Vec<Value> {
        self.args
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_numbered_in_order() {
        let mut w = Where::new();
        w.and("a = ?", vec!["x".into()])
            .within("area", &["371002".parse().unwrap()])
            .any("state", &["p", "q"])
            .and_some("b = ?", None::<i64>);
        let limit = w.bind(51_i64);
        assert_eq!(w.text(), " WHERE (a = $1) AND (area >= $2 AND area < $3) AND (state IN ($4, $5))");
        assert_eq!(limit, "$6");
        assert_eq!(w.args().len(), 6);
    }
}
