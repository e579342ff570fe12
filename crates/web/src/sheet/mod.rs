//! Tables that people bring (Excel and CSV): read within limits, every cell as text, and written back.

mod book;
mod out;
mod text;

use linli_kernel::{Error, Result, text::normalise};

pub use book::{Writer, blank, write};
pub use out::{csv, harmless};
pub use text::CsvRows;

/// The largest file.
pub const BYTES: usize = 100 * 1024 * 1024;
/// The most rows that are held in memory at once; longer files go through [`CsvRows`].
pub const ROWS: usize = 200_000;
/// The most columns.
pub const COLUMNS: usize = 256;

/// A table: its column names and its rows, blank rows left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sheet {
    /// The first row.
    pub headers: Vec<String>,
    /// The rows below, each as long as the headers or longer.
    pub rows: Vec<Vec<String>>,
    /// The row's number as the person's program shows it, for each of `rows`.
    pub numbers: Vec<u64>,
}

impl Sheet {
    /// The place of the column that has one of these names, however it is spaced or marked as needed.
    pub fn column(&self, names: &[&str]) -> Option<usize> {
        column(&self.headers, names)
    }

    /// Every row with its number.
    pub fn numbered(&self) -> impl Iterator<Item = (u64, &[String])> {
        self.numbers.iter().copied().zip(self.rows.iter().map(Vec::as_slice))
    }

    /// Takes a row over; the first becomes the headers, unless it is a lone title.
    fn take(&mut self, number: u64, mut cells: Vec<String>, limit: usize) -> Result<()> {
        while cells.last().is_some_and(String::is_empty) {
            cells.pop();
        }
        if cells.len() > COLUMNS {
            return Err(Error::field("file", "error-sheet-too-many-columns"));
        }
        if cells.is_empty() {
            return Ok(());
        }
        if self.headers.is_empty() || (self.headers.len() == 1 && self.rows.is_empty() && cells.len() > 2) {
            self.headers = cells;
            return Ok(());
        }
        if self.rows.len() == limit {
            return Err(Error::field("file", "error-sheet-too-many-rows"));
        }
        if cells.len() < self.headers.len() {
            cells.resize(self.headers.len(), String::new());
        }
        self.rows.push(cells);
        self.numbers.push(number);
        Ok(())
    }
}

/// Finds a column by name: `网格编码 *`, `网格编码（必填）` and `网格编码` are the same.
pub fn column(headers: &[String], names: &[&str]) -> Option<usize> {
    let bare = |text: &str| -> String {
        let text = normalise(text);
        let text = text.split(['(', '（']).next().unwrap_or_default();
        text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '*' | '＊' | ':' | '：')).collect()
    };
    let wanted: Vec<String> = names.iter().map(|name| bare(name)).collect();
    headers.iter().position(|header| wanted.contains(&bare(header)))
}

/// Reads a whole table. The content says what it is; the name only helps the sentence of an error.
pub fn read(bytes: &[u8], filename: &str) -> Result<Sheet> {
    read_limited(bytes, filename, ROWS)
}

/// As [`read`] with another limit of rows.
pub fn read_limited(bytes: &[u8], filename: &str, rows: usize) -> Result<Sheet> {
    if bytes.len() > BYTES {
        return Err(Error::field("file", "error-sheet-too-large"));
    }
    let sheet = if bytes.starts_with(b"PK\x03\x04") {
        book::read(bytes, rows)?
    } else if bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        return Err(Error::field("file", "error-sheet-old"));
    } else if bytes.contains(&0) || has_ending(filename, &["xlsx", "xls", "pdf", "doc", "docx"]) {
        return Err(Error::field("file", "error-sheet-unreadable"));
    } else {
        text::read(bytes, rows)?
    };
    if sheet.headers.is_empty() {
        return Err(Error::field("file", "error-sheet-empty"));
    }
    Ok(sheet)
}

fn has_ending(filename: &str, endings: &[&str]) -> bool {
    filename.rsplit_once('.').is_some_and(|(_, end)| endings.iter().any(|e| end.eq_ignore_ascii_case(e)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(result: Result<Sheet>) -> String {
        match result {
            Err(Error::Invalid(fields)) => fields[0].key.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn columns_are_found_however_they_are_marked() {
        let headers: Vec<String> =
            ["序号", "网格编码 *", "Worker", "电话（必填）"].iter().map(|s| (*s).to_owned()).collect();
        assert_eq!(column(&headers, &["编码", "网格编码"]), Some(1));
        assert_eq!(column(&headers, &["worker"]), Some(2));
        assert_eq!(column(&headers, &["电话"]), Some(3));
        assert_eq!(column(&headers, &["地址"]), None);
    }

    #[test]
    fn a_lone_title_above_the_columns_is_skipped() {
        let sheet = read("环翠区网格一览表\n\n编码,名称,电话\n1,甲,2\n".as_bytes(), "a.csv").unwrap();
        assert_eq!(sheet.headers, ["编码", "名称", "电话"]);
        assert_eq!(
            sheet.numbered().collect::<Vec<_>>(),
            [(4, ["1", "甲", "2"].map(String::from).as_slice())]
        );
    }

    #[test]
    fn what_is_no_table_is_said_so() {
        assert_eq!(key(read(b"", "a.csv")), "error-sheet-empty");
        assert_eq!(key(read(b"PK\x03\x04rubbish", "a.xlsx")), "error-sheet-unreadable");
        assert_eq!(key(read(&[0xd0, 0xcf, 0x11, 0xe0, 1, 2], "a.xls")), "error-sheet-old");
        assert_eq!(key(read(b"a,b\0c", "a.csv")), "error-sheet-unreadable");
        assert_eq!(key(read(&[b'a', 0xff, 0xff, b'\n'], "a.csv")), "error-sheet-encoding");
        assert_eq!(key(read_limited(b"a\n1\n2\n3\n", "a.csv", 2)), "error-sheet-too-many-rows");
        let wide = "a,".repeat(300) + "a\n";
        assert_eq!(key(read(wide.as_bytes(), "a.csv")), "error-sheet-too-many-columns");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            rows in proptest::collection::vec(proptest::collection::vec("[一-龥a-z0-9=+@,\"' ]{0,6}[一-龥a-z0-9]", 3), 1..20)
        ) {
            let bytes = write(&["一", "二", "三"], &rows).unwrap();
            let sheet = read(&bytes, "a.xlsx").unwrap();
            prop_assert_eq!(&sheet.headers, &["一", "二", "三"]);
            let trimmed: Vec<Vec<String>> =
                rows.iter().map(|r| r.iter().map(|c| c.trim().to_owned()).collect()).collect();
            prop_assert_eq!(&sheet.rows, &trimmed);
        }

        #[test]
        fn nothing_that_is_sent_breaks_it(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = read(&bytes, "a.csv");
            let mut zip = b"PK\x03\x04".to_vec();
            zip.extend(bytes);
            prop_assert!(read(&zip, "a.xlsx").is_err());
        }
    }
}
