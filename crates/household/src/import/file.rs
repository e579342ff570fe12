//! Files in (CSV in UTF-8 or GB18030, xlsx) and the sheet of wrong rows out.

use std::io::{Cursor, Read};

use linli_kernel::{Error, Result};
use linli_web::{
    Locale,
    sheet::{self, CsvRows},
};

use super::{Fault, Line};

/// The most rows of a workbook: all that Excel itself can hold.
const ROWS: usize = 1_048_575;

/// The rows of a file, one at a time.
pub type Lines = Box<dyn Iterator<Item = Result<Line>> + Send>;

/// Opens a file by its content, whatever its name says. A CSV file is read as it streams.
pub fn open(mut file: impl Read + Send + 'static, name: &str) -> Result<(Vec<String>, Lines)> {
    let mut head = Vec::with_capacity(4);
    file.by_ref().take(4).read_to_end(&mut head).map_err(Error::internal)?;
    let book = head.starts_with(b"PK\x03\x04") || head.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]);
    let mut whole = Cursor::new(head).chain(file);
    if book {
        let mut bytes = Vec::new();
        whole.read_to_end(&mut bytes).map_err(Error::internal)?;
        let sheet = sheet::read_limited(&bytes, name, ROWS)?;
        let rows = sheet.numbers.into_iter().zip(sheet.rows).map(Ok);
        return Ok((sheet.headers, Box::new(rows)));
    }
    let rows = CsvRows::open(whole)?;
    let headers = rows.headers.clone();
    let filled =
        |row: &Result<Line>| row.as_ref().map_or(true, |(_, cells)| cells.iter().any(|c| !c.is_empty()));
    Ok((headers, Box::new(rows.filter(filled))))
}

/// What is wrong with a row, in one cell.
pub fn what(fault: &Fault, locale: &Locale) -> String {
    fault.faults.iter().map(|f| locale.field_error(f)).collect::<Vec<_>>().join("；")
}

/// The wrong rows as the same sheet, with columns before them that say where and what is wrong. Written row by row.
pub struct FaultSheet {
    book: sheet::Writer,
    /// The columns that are given back: not those of an earlier sheet of faults.
    kept: Vec<usize>,
}

impl FaultSheet {
    /// Begins with the headings of the file.
    pub fn new(headings: &[String], locale: &Locale) -> Result<Self> {
        let own = [locale.t("household-sheet-line"), locale.t("household-sheet-wrong")];
        let kept: Vec<usize> = (0..headings.len()).filter(|n| !own.contains(&headings[*n])).collect();
        let heads: Vec<&String> = own.iter().chain(kept.iter().map(|n| &headings[*n])).collect();
        Ok(Self { book: sheet::Writer::new(&heads)?, kept })
    }

    /// Gives a row back.
    pub fn row(&mut self, fault: &Fault, locale: &Locale) -> Result<()> {
        let mut cells = vec![fault.line.to_string(), what(fault, locale)];
        cells.extend(self.kept.iter().map(|n| fault.cells.get(*n).cloned().unwrap_or_default()));
        self.book.row(&cells)
    }

    /// The file.
    pub fn finish(self) -> Result<Vec<u8>> {
        self.book.finish()
    }
}

/// The wrong rows of an import that is over.
pub fn fault_sheet(headings: &[String], faults: &[Fault], locale: &Locale) -> Result<Vec<u8>> {
    let mut sheet = FaultSheet::new(headings, locale)?;
    for fault in faults {
        sheet.row(fault, locale)?;
    }
    sheet.finish()
}
