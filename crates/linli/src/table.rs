//! Tables that people hand in: CSV in UTF-8 (with or without mark) or GB18030, with a header row.

use std::fmt;
use std::path::{Path, PathBuf};

/// What is wrong with a table, with the place to look at.
#[derive(Debug)]
pub(crate) enum TableError {
    /// The file cannot be read.
    Io(PathBuf, std::io::Error),
    /// Neither UTF-8 nor GB18030.
    Encoding(PathBuf),
    /// A row that is not CSV.
    Csv(PathBuf, csv::Error),
    /// The named column is not in the header.
    NoColumn { file: PathBuf, wanted: String, known: Vec<String> },
    /// A field that cannot be read as what it should be.
    Field { file: PathBuf, line: u64, column: String, problem: String },
    /// No rows at all.
    Empty(PathBuf),
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(file, e) => write!(f, "{}: {e}", file.display()),
            Self::Encoding(file) => {
                write!(
                    f,
                    "{}: neither UTF-8 nor GB18030; save the table as CSV in one of the two",
                    file.display()
                )
            }
            Self::Csv(file, e) => write!(f, "{}: {e}", file.display()),
            Self::NoColumn { file, wanted, known } => {
                write!(f, "{}: no column «{wanted}»; the header has: {}", file.display(), known.join(", "))
            }
            Self::Field { file, line, column, problem } => {
                write!(f, "{}: line {line}, column «{column}»: {problem}", file.display())
            }
            Self::Empty(file) => write!(f, "{}: no rows below the header", file.display()),
        }
    }
}

impl std::error::Error for TableError {}

/// A table in memory.
pub(crate) struct Table {
    file: PathBuf,
    header: Vec<String>,
    rows: Vec<(u64, csv::StringRecord)>,
}

/// The line on which a record really begins: the reader's place is before the empty lines that it skips.
fn line_of(text: &str, at: &csv::Position) -> u64 {
    let from = usize::try_from(at.byte()).unwrap_or(usize::MAX);
    let skipped = text.as_bytes().iter().skip(from).take_while(|b| matches!(b, b'\n' | b'\r'));
    at.line() + skipped.filter(|b| **b == b'\n').count() as u64
}

fn decode(bytes: &[u8]) -> Option<String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Some(text.to_owned());
    }
    let (text, _, broken) = encoding_rs::GB18030.decode(bytes);
    (!broken).then(|| text.into_owned())
}

impl Table {
    /// Reads a file.
    pub(crate) fn open(file: &Path) -> Result<Self, TableError> {
        let bytes = std::fs::read(file).map_err(|e| TableError::Io(file.to_owned(), e))?;
        let text = decode(&bytes).ok_or_else(|| TableError::Encoding(file.to_owned()))?;
        Self::parse(file, &text)
    }

    fn parse(file: &Path, text: &str) -> Result<Self, TableError> {
        let wrong = |e| TableError::Csv(file.to_owned(), e);
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        let header = reader.headers().map_err(wrong)?.iter().map(|h| h.trim().to_owned()).collect();
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(wrong)?;
            rows.push((record.position().map_or(0, |at| line_of(text, at)), record));
        }
        if rows.is_empty() {
            return Err(TableError::Empty(file.to_owned()));
        }
        Ok(Self { file: file.to_owned(), header, rows })
    }

    /// The number of a column named in the header.
    pub(crate) fn column(&self, wanted: &str) -> Result<usize, TableError> {
        self.header.iter().position(|h| h == wanted).ok_or_else(|| TableError::NoColumn {
            file: self.file.clone(),
            wanted: wanted.to_owned(),
            known: self.header.clone(),
        })
    }

    /// The first of several possible columns that is there.
    pub(crate) fn any_column(&self, wanted: &[&str]) -> Option<usize> {
        wanted.iter().find_map(|w| self.header.iter().position(|h| h.eq_ignore_ascii_case(w)))
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// One field, trimmed; a row that is too short has empty fields.
    pub(crate) fn field(&self, row: usize, column: usize) -> &str {
        self.rows[row].1.get(column).unwrap_or("").trim()
    }

    /// An error about one field.
    pub(crate) fn field_error(&self, row: usize, column: usize, problem: impl Into<String>) -> TableError {
        TableError::Field {
            file: self.file.clone(),
            line: self.rows[row].0,
            column: self.header.get(column).cloned().unwrap_or_default(),
            problem: problem.into(),
        }
    }

    /// Texts with their labels. A row without text is passed over; a text without a label is an
    /// error, because a forgotten label would silently teach nothing.
    pub(crate) fn labelled(&self, text: &str, label: &str) -> Result<Vec<(String, String)>, TableError> {
        let (text, label) = (self.column(text)?, self.column(label)?);
        let mut out = Vec::with_capacity(self.len());
        for row in 0..self.len() {
            let (words, name) = (self.field(row, text), self.field(row, label));
            if words.is_empty() {
                continue;
            }
            if name.is_empty() {
                return Err(self.field_error(row, label, "the text has no label"));
            }
            out.push((words.to_owned(), name.to_owned()));
        }
        if out.is_empty() {
            return Err(TableError::Empty(self.file.clone()));
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
        let f = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(f.path(), bytes).unwrap();
        f
    }

    #[test]
    fn utf8_with_mark_and_gb18030_read_the_same() {
        let text = "内容,类别\n\"路灯，坏了\",市政\n";
        let (gb, _, _) = encoding_rs::GB18030.encode(text);
        for bytes in [text.as_bytes().to_vec(), [b"\xef\xbb\xbf", text.as_bytes()].concat(), gb.into_owned()]
        {
            let f = file(&bytes);
            let rows = Table::open(f.path()).unwrap().labelled("内容", "类别").unwrap();
            assert_eq!(rows, [("路灯，坏了".to_owned(), "市政".to_owned())]);
        }
    }

    #[test]
    fn errors_name_the_place() {
        let f = file("text,category\n路灯,市政\n\n井盖,\n".as_bytes());
        let table = Table::open(f.path()).unwrap();
        let error = table.labelled("text", "category").unwrap_err().to_string();
        assert!(error.contains("line 4") && error.contains("category"), "{error}");
        let error = table.labelled("内容", "category").unwrap_err().to_string();
        assert!(error.contains("内容") && error.contains("text, category"), "{error}");
        assert!(matches!(Table::open(file(b"a,b\n").path()), Err(TableError::Empty(_))));
        assert!(matches!(Table::open(file(b"a,b\n\xff\xff\xff,1\n").path()), Err(TableError::Encoding(_))));
    }

    #[test]
    fn rows_without_text_and_short_rows_are_passed_over() {
        let f = file("text,category\n  ,市政\n路灯,市政\n\"\"\n".as_bytes());
        assert_eq!(Table::open(f.path()).unwrap().labelled("text", "category").unwrap().len(), 1);
    }
}
