//! The sheets of an XLSForm as text: from a workbook, from one CSV in pyxform's manner, or from a set of CSVs.
//!
//! Cells come as pyxform sees them: numbers without `.0`, truth as `TRUE`/`FALSE`, plain spaces.

use std::io::{self, Cursor, Read};

use calamine::{Data, DataRef, ExcelDateTime, Reader as _, Xlsx, open_workbook_from_rs};
use zip::ZipArchive;

use crate::{Code, Problem};

/// The largest file.
pub const BYTES: usize = 5 * 1024 * 1024;
/// What a workbook may unpack to.
const UNPACKED: u64 = 64 * 1024 * 1024;
/// The most rows of a sheet.
pub(crate) const ROWS: usize = 20_000;
/// The most columns of a sheet.
pub(crate) const COLUMNS: usize = 200;

/// One sheet: its header and its rows, each row with its number in Excel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// The first row.
    pub header: Vec<String>,
    /// The others; empty ones are left out.
    pub rows: Vec<(u32, Vec<String>)>,
}

/// The sheets that matter; a sheet that the file lacks is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Workbook {
    /// The questions.
    pub survey: Option<Table>,
    /// The lists of choices.
    pub choices: Option<Table>,
    /// Title, id, version, language.
    pub settings: Option<Table>,
    /// The names of all sheets, for hints about misspelt ones.
    pub names: Vec<String>,
}

impl Workbook {
    /// Reads a workbook (`.xlsx`), or one CSV whose first column names the sheets.
    pub fn read(bytes: &[u8]) -> Result<Self, Problem> {
        if bytes.len() > BYTES {
            return Err(Problem::sheet(Code::TooLarge, ""));
        }
        if bytes.starts_with(b"PK\x03\x04") {
            excel(bytes)
        } else {
            let text = std::str::from_utf8(bytes).map_err(|_| unreadable())?;
            if text.contains('\0') {
                return Err(unreadable());
            }
            one_csv(text)
        }
    }

    /// Reads a set of CSV files, one per sheet.
    pub fn from_csv_set(
        survey: &str,
        choices: Option<&str>,
        settings: Option<&str>,
    ) -> Result<Self, Problem> {
        let mut book = Self::default();
        let sheets = [("survey", Some(survey)), ("choices", choices), ("settings", settings)];
        for (name, text) in sheets.into_iter().filter_map(|(name, text)| Some((name, text?))) {
            let mut table = Table::default();
            for (number, record) in (1_u32..).zip(records(text)) {
                table.take(number, record?, name)?;
            }
            book.put(name, table);
        }
        Ok(book)
    }

    fn put(&mut self, name: &str, table: Table) {
        self.names.push(name.to_owned());
        match name.to_lowercase().as_str() {
            "survey" => self.survey = Some(table),
            "choices" => self.choices = Some(table),
            "settings" => self.settings = Some(table),
            _ => {}
        }
    }
}

impl Table {
    fn take(&mut self, number: u32, cells: Vec<String>, sheet: &str) -> Result<(), Problem> {
        let mut cells: Vec<String> = cells.iter().map(|c| clean(c)).collect();
        while cells.last().is_some_and(String::is_empty) {
            cells.pop();
        }
        if cells.len() > COLUMNS || self.rows.len() >= ROWS {
            return Err(Problem::sheet(Code::TooLarge, sheet));
        }
        if self.header.is_empty() && self.rows.is_empty() {
            self.header = cells.iter().map(|c| collapse(c)).collect();
        } else if !cells.is_empty() {
            self.rows.push((number, cells));
        }
        Ok(())
    }
}

fn unreadable() -> Problem {
    Problem::sheet(Code::Unreadable, "")
}

/// Plain spaces, nothing around.
fn clean(cell: &str) -> String {
    cell.trim().replace('\u{a0}', " ")
}

/// Typographic quotes become plain, as pyxform does everywhere. Not so in what people read: “” are Chinese quotes.
pub(crate) fn plain_quotes(cell: &str) -> String {
    cell.replace(['\u{2018}', '\u{2019}'], "'").replace(['\u{201c}', '\u{201d}'], "\"")
}

/// Runs of spaces become one, as pyxform does in headers and in the survey.
pub(crate) fn collapse(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.trim().chars() {
        if !(c == ' ' && out.ends_with(' ')) {
            out.push(c);
        }
    }
    out
}

fn excel(bytes: &[u8]) -> Result<Workbook, Problem> {
    match unpacks_within(bytes) {
        None => return Err(unreadable()),
        Some(false) => return Err(Problem::sheet(Code::TooLarge, "")),
        Some(true) => {}
    }
    let mut file: Xlsx<_> =
        open_workbook_from_rs(Cursor::new(bytes)).map_err(|_: calamine::XlsxError| unreadable())?;
    let mut book = Workbook::default();
    let names = file.sheet_names();
    let known = |name: &str| matches!(name.to_lowercase().as_str(), "survey" | "choices" | "settings");
    for name in &names {
        // A workbook of one sheet is its survey, whatever it is called.
        let alone = names.len() == 1;
        if !known(name) && !alone {
            book.names.push(name.clone());
            continue;
        }
        let table = excel_sheet(&mut file, name)?;
        book.put(if alone && !known(name) { "survey" } else { name }, table);
    }
    Ok(book)
}

fn excel_sheet(file: &mut Xlsx<Cursor<&[u8]>>, name: &str) -> Result<Table, Problem> {
    let mut cells = file.worksheet_cells_reader(name).map_err(|_| unreadable())?;
    let mut table = Table::default();
    let (mut row, mut texts): (u32, Vec<String>) = (0, Vec::new());
    while let Some(cell) = cells.next_cell().map_err(|_| unreadable())? {
        let (at_row, at_column) = cell.get_position();
        if at_row != row {
            table.take(row + 1, std::mem::take(&mut texts), name)?;
            row = at_row;
        }
        let text = text_of(cell.get_value());
        if text.is_empty() {
            continue;
        }
        let column = at_column as usize;
        if column >= COLUMNS {
            return Err(Problem::sheet(Code::TooLarge, name));
        }
        if texts.len() <= column {
            texts.resize(column + 1, String::new());
        }
        texts[column] = text;
    }
    table.take(row + 1, texts, name)?;
    Ok(table)
}

/// Unpacks every part into nothing: what the parts claim about their size need not be true.
fn unpacks_within(bytes: &[u8]) -> Option<bool> {
    let mut zip = ZipArchive::new(Cursor::new(bytes)).ok()?;
    let mut sum = 0;
    for n in 0..zip.len() {
        let part = zip.by_index(n).ok()?;
        sum += io::copy(&mut part.take(UNPACKED + 1 - sum), &mut io::sink()).ok()?;
        if sum > UNPACKED {
            return Some(false);
        }
    }
    Some(true)
}

fn text_of(value: &DataRef<'_>) -> String {
    match Data::from(value.clone()) {
        Data::Int(n) => n.to_string(),
        Data::Float(x) => crate::value::number_text(x),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text,
        Data::Bool(true) => "TRUE".to_owned(),
        Data::Bool(false) => "FALSE".to_owned(),
        Data::DateTime(at) => instant(&at),
        _ => String::new(),
    }
}

/// `2026-11-23`, `2026-11-23T08:30:00` or `08:30:00`: as answers are written.
fn instant(at: &ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, milli) = at.to_ymd_hms_milli();
    let second = second + u8::from(milli >= 500 && second < 59);
    let time = format!("{hour:02}:{minute:02}:{second:02}");
    let date = format!("{year:04}-{month:02}-{day:02}");
    if at.as_f64() < 1.0 {
        time
    } else if time == "00:00:00" {
        date
    } else {
        format!("{date}T{time}")
    }
}

fn records(text: &str) -> impl Iterator<Item = Result<Vec<String>, Problem>> + '_ {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes())
        .into_records()
        .map(|record| Ok(record.map_err(|_| unreadable())?.iter().map(str::to_owned).collect()))
}

/// pyxform's single CSV: a first column names the sheet, the header follows, then the rows.
fn one_csv(text: &str) -> Result<Workbook, Problem> {
    let mut sheets: Vec<(String, u32, Table)> = Vec::new();
    for record in records(text) {
        let mut record = record?;
        if record.is_empty() {
            continue;
        }
        let first = record.remove(0).trim().to_owned();
        if !first.is_empty() {
            sheets.push((first, 0, Table::default()));
        }
        let Some((name, number, table)) = sheets.last_mut() else { continue };
        if record.iter().any(|c| !c.trim().is_empty()) {
            *number += 1;
            table.take(*number, record, name)?;
        }
    }
    let mut book = Workbook::default();
    for (name, _, table) in sheets {
        book.put(&name, table);
    }
    if book.survey.is_none() && book.choices.is_none() { Err(unreadable()) } else { Ok(book) }
}

/// `A`, `B` … `Z`, `AA`: a column's letter as Excel shows it.
pub(crate) fn letter(index: usize) -> String {
    let mut letters = Vec::new();
    let mut left = index + 1;
    while left > 0 {
        left -= 1;
        letters.push(char::from(b'A' + u8::try_from(left % 26).unwrap_or(0)));
        left /= 26;
    }
    letters.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_excels() {
        assert_eq!([0, 25, 26, 51, 52, 701, 702].map(letter), ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]);
    }

    #[test]
    fn one_csv_holds_several_sheets() {
        let book =
            Workbook::read("survey,,\n,type,name\n,text,“a”\n,,\nchoices,,\n,list_name,name\n".as_bytes());
        let book = book.unwrap();
        let survey = book.survey.unwrap();
        assert_eq!(survey.header, ["type", "name"]);
        assert_eq!(survey.rows, [(2, vec!["text".to_owned(), "“a”".to_owned()])]);
        assert_eq!(plain_quotes(&survey.rows[0].1[1]), "\"a\"");
        assert!(book.choices.is_some());
    }

    #[test]
    fn what_is_no_table_is_refused() {
        for bytes in [&b"\xff\xfe"[..], b"PK\x03\x04rubbish", b"a\0b", b"hello"] {
            assert_eq!(Workbook::read(bytes).unwrap_err().code, Code::Unreadable, "{bytes:?}");
        }
        assert_eq!(Workbook::read(&vec![b'a'; BYTES + 1]).unwrap_err().code, Code::TooLarge);
    }
}
