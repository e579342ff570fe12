//! Where in a JSON text a value stands (定位), so that a broken file is answered with its line.
//!
//! A value is named by its path, for instance `buildings → 17 → households`. The walk reads the text once and
//! keeps nothing; it is only used after the parser accepted the text, so it may assume well-formed JSON and
//! simply gives up (`None`) on anything else. Cost: linear in the bytes before the value.

/// One step of a path into a JSON text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A member of an object.
    Key(&'static str),
    /// An element of an array.
    Item(usize),
}

/// The line and column (from 1) at which the value under `path` starts.
pub fn locate(text: &str, path: &[Step]) -> Option<(usize, usize)> {
    let mut walker = Walker { bytes: text.as_bytes(), at: 0 };
    for step in path {
        walker.blank();
        match step {
            Step::Key(key) => walker.enter_key(key)?,
            Step::Item(index) => walker.enter_item(*index)?,
        }
    }
    walker.blank();
    Some(line_column(text, walker.at))
}

/// The line and column (from 1) of a byte offset.
pub fn line_column(text: &str, offset: usize) -> (usize, usize) {
    let before = &text.as_bytes()[..offset.min(text.len())];
    let start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
    let line = before.split(|&byte| byte == b'\n').count();
    (line, offset.min(text.len()) - start + 1)
}

struct Walker<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Walker<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn blank(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        self.blank();
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn enter_key(&mut self, key: &str) -> Option<()> {
        self.take(b'{')?;
        loop {
            self.blank();
            let start = self.at;
            self.string()?;
            let name = &self.bytes[start + 1..self.at - 1];
            self.take(b':')?;
            if name == key.as_bytes() {
                return Some(());
            }
            self.value()?;
            self.take(b',')?;
        }
    }

    fn enter_item(&mut self, index: usize) -> Option<()> {
        self.take(b'[')?;
        for _ in 0..index {
            self.value()?;
            self.take(b',')?;
        }
        Some(())
    }

    fn string(&mut self) -> Option<()> {
        self.take(b'"')?;
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some(());
                }
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
    }

    /// Skips one value; nesting is counted, not recursed into.
    fn value(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            self.blank();
            match self.peek()? {
                b'"' => self.string()?,
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.at += 1;
                }
                b',' | b':' => self.at += 1,
                _ => {
                    while self
                        .peek()
                        .is_some_and(|byte| !byte.is_ascii_whitespace() && !b",:]}[{\"".contains(&byte))
                    {
                        self.at += 1;
                    }
                }
            }
            if depth == 0 {
                return Some(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Step, locate};

    const TEXT: &str = "{\n \"a\": [1, {\"x\": \"}\\\"]\"},\n  [2,3] ],\n \"b\" : -4\n}";

    #[test]
    fn finds_members_and_elements() {
        assert_eq!(locate(TEXT, &[Step::Key("b")]), Some((4, 8)));
        assert_eq!(locate(TEXT, &[Step::Key("a"), Step::Item(2), Step::Item(1)]), Some((3, 6)));
        assert_eq!(locate(TEXT, &[Step::Key("a"), Step::Item(1), Step::Key("x")]), Some((2, 17)));
        assert_eq!(locate(TEXT, &[]), Some((1, 1)));
    }

    #[test]
    fn gives_up_on_what_is_not_there() {
        assert_eq!(locate(TEXT, &[Step::Key("c")]), None);
        assert_eq!(locate(TEXT, &[Step::Key("a"), Step::Item(9)]), None);
        assert_eq!(locate("[1", &[Step::Item(1)]), None);
    }
}
