//! Excel workbooks: the first sheet, read cell by cell.

use std::io::{self, Cursor, Read};

use calamine::{DataRef, ExcelDateTime, Reader as _, Xlsx, open_workbook_from_rs};
use linli_kernel::{Error, Result};
use rust_xlsxwriter::{Format, FormatAlign, Workbook, Worksheet, XlsxError};
use zip::ZipArchive;

use super::{COLUMNS, Sheet};

/// What a workbook may unpack to.
const UNPACKED: u64 = 1024 * 1024 * 1024;
/// What its table of texts may unpack to: it is read whole, each text with some fifty bytes around it.
const TEXTS: u64 = 192 * 1024 * 1024;
const TEXTS_PART: &str = "xl/sharedStrings.xml";
/// What Excel itself can hold.
const EXCEL_ROWS: usize = 1_048_575;
/// The longest text of an Excel cell.
const EXCEL_CELL: usize = 32_000;

pub(super) fn read(bytes: &[u8], limit: usize) -> Result<Sheet> {
    let unreadable = || Error::field("file", "error-sheet-unreadable");
    if !unpacks_within(bytes, UNPACKED).ok_or_else(unreadable)? {
        return Err(Error::field("file", "error-sheet-too-large"));
    }
    let mut book: Xlsx<_> =
        open_workbook_from_rs(Cursor::new(bytes)).map_err(|_: calamine::XlsxError| unreadable())?;
    let first = book.sheet_names().first().cloned().ok_or_else(unreadable)?;
    let mut cells = book.worksheet_cells_reader(&first).map_err(|_| unreadable())?;
    let mut sheet = Sheet::default();
    let (mut row, mut texts): (u32, Vec<String>) = (0, Vec::new());
    while let Some(cell) = cells.next_cell().map_err(|_| unreadable())? {
        let (at_row, at_column) = cell.get_position();
        if at_row != row {
            sheet.take(u64::from(row) + 1, std::mem::take(&mut texts), limit)?;
            row = at_row;
        }
        let text = text_of(cell.get_value());
        if text.is_empty() {
            continue;
        }
        let column = at_column as usize;
        // A cell far out would make every row that wide.
        if column >= COLUMNS {
            return Err(Error::field("file", "error-sheet-too-many-columns"));
        }
        if texts.len() <= column {
            texts.resize(column + 1, String::new());
        }
        texts[column] = text;
    }
    sheet.take(u64::from(row) + 1, texts, limit)?;
    Ok(sheet)
}

/// Unpacks every part into nothing: what the parts claim about their size need not be true.
fn unpacks_within(bytes: &[u8], limit: u64) -> Option<bool> {
    let mut zip = ZipArchive::new(Cursor::new(bytes)).ok()?;
    let mut sum = 0;
    for n in 0..zip.len() {
        let part = zip.by_index(n).ok()?;
        let texts = part.name().is_ok_and(|name| name.eq_ignore_ascii_case(TEXTS_PART));
        let size = io::copy(&mut part.take(limit + 1 - sum), &mut io::sink()).ok()?;
        sum += size;
        if sum > limit || (texts && size > TEXTS) {
            return Some(false);
        }
    }
    Some(true)
}

fn text_of(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Int(n) => n.to_string(),
        DataRef::Float(x) => number(*x),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            text.trim().to_owned()
        }
        DataRef::SharedString(text) => text.trim().to_owned(),
        DataRef::Bool(true) => "是".to_owned(),
        DataRef::Bool(false) => "否".to_owned(),
        DataRef::DateTime(at) => instant(at),
        DataRef::Error(_) | DataRef::Empty => String::new(),
    }
}

/// Codes and phones that Excel took for numbers come without `.0`.
fn number(x: f64) -> String {
    if x.fract() == 0.0 && x.abs() < 1e15 { format!("{x:.0}") } else { x.to_string() }
}

/// `2026-11-23`, `2026-11-23 08:30:00` or `08:30:00`.
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
        format!("{date} {time}")
    }
}

/// Writes a workbook of one sheet. Every cell is text: nothing that looks like a formula becomes one.
pub fn write<H: AsRef<str>, R: AsRef<[C]>, C: AsRef<str>>(headers: &[H], rows: &[R]) -> Result<Vec<u8>> {
    if rows.len() > EXCEL_ROWS {
        return Err(Error::field("file", "error-sheet-too-many-rows"));
    }
    build(headers, rows).map_err(Error::internal)
}

fn build<H: AsRef<str>, R: AsRef<[C]>, C: AsRef<str>>(
    headers: &[H],
    rows: &[R],
) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet_with_low_memory()?;
    head(sheet, headers)?;
    for (row, cells) in (1_u32..).zip(rows) {
        put(sheet, row, cells.as_ref())?;
    }
    book.save_to_buffer()
}

/// The first row. The columns hold texts also where somebody types into them: a long number stays as it is typed.
fn head<H: AsRef<str>>(sheet: &mut Worksheet, headers: &[H]) -> Result<(), XlsxError> {
    let head = Format::new().set_bold().set_align(FormatAlign::Center);
    let text = Format::new().set_num_format("@");
    sheet.set_freeze_panes(1, 0)?;
    for (column, words) in (0_u16..).zip(headers) {
        sheet.set_column_width(column, 18)?;
        sheet.set_column_format(column, &text)?;
        sheet.write_string_with_format(0, column, words.as_ref(), &head)?;
    }
    Ok(())
}

fn put<C: AsRef<str>>(sheet: &mut Worksheet, row: u32, cells: &[C]) -> Result<(), XlsxError> {
    for (column, text) in (0_u16..).zip(cells) {
        let text = text.as_ref();
        if text.is_empty() {
            continue;
        }
        // Bytes are never fewer than letters, so only long texts are counted and cut.
        let cut = (text.len() > EXCEL_CELL).then(|| text.chars().take(EXCEL_CELL).collect::<String>());
        sheet.write_string(row, column, cut.as_deref().unwrap_or(text))?;
    }
    Ok(())
}

/// A sheet to be filled in: its columns, and on a second sheet what belongs into each of them; the first row of
/// `rows` names the columns there.
pub fn blank<H: AsRef<str>>(headers: &[H], guide: &str, rows: &[Vec<String>]) -> Result<Vec<u8>> {
    build_blank(headers, guide, rows).map_err(Error::internal)
}

fn build_blank<H: AsRef<str>>(
    headers: &[H],
    guide: &str,
    rows: &[Vec<String>],
) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    head(book.add_worksheet(), headers)?;
    let sheet = book.add_worksheet();
    sheet.set_name(guide)?;
    if let Some((names, rest)) = rows.split_first() {
        head(sheet, names)?;
        for (row, cells) in (1_u32..).zip(rest) {
            put(sheet, row, cells)?;
        }
        sheet.autofit();
    }
    book.save_to_buffer()
}

/// A workbook of one sheet that is written row by row: memory does not grow with what is written.
pub struct Writer {
    book: Workbook,
    rows: usize,
}

impl Writer {
    /// Begins with the names of the columns.
    pub fn new<H: AsRef<str>>(headers: &[H]) -> Result<Self> {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet_with_constant_memory().map_err(Error::internal)?;
        head(sheet, headers).map_err(Error::internal)?;
        Ok(Self { book, rows: 0 })
    }

    /// Writes the next row, every cell as text.
    pub fn row<C: AsRef<str>>(&mut self, cells: &[C]) -> Result<()> {
        if self.rows == EXCEL_ROWS {
            return Err(Error::field("file", "error-sheet-too-many-rows"));
        }
        self.rows += 1;
        let row = u32::try_from(self.rows).map_err(Error::internal)?;
        let sheet = self.book.worksheet_from_index(0).map_err(Error::internal)?;
        put(sheet, row, cells).map_err(Error::internal)
    }

    /// The file.
    pub fn finish(mut self) -> Result<Vec<u8>> {
        self.book.save_to_buffer().map_err(Error::internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rust_xlsxwriter::ExcelDateTime as Date;

    #[test]
    fn numbers_and_dates_come_as_people_read_them() {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        let date = Format::new().set_num_format("yyyy-mm-dd hh:mm:ss");
        sheet.write_row(0, 0, ["编码", "电话", "时间", "日期", "比例"]).unwrap();
        sheet.write_number(2, 0, 371_002_001_001_005.0).unwrap();
        sheet.write_number(2, 1, 13_900_000_001.0).unwrap();
        sheet
            .write_with_format(2, 2, Date::from_ymd(2026, 11, 23).unwrap().and_hms(8, 30, 5).unwrap(), &date)
            .unwrap();
        sheet.write_with_format(2, 3, Date::from_ymd(2026, 11, 23).unwrap(), &date).unwrap();
        sheet.write_number(2, 4, 0.25).unwrap();
        let read = read(&book.save_to_buffer().unwrap(), 10).unwrap();
        assert_eq!(
            read.rows,
            [["371002001001005", "13900000001", "2026-11-23 08:30:05", "2026-11-23", "0.25"]]
        );
        assert_eq!(read.numbers, [3]);
    }

    #[test]
    fn a_book_that_unpacks_to_too_much_is_refused() {
        let bytes = write(&["a"], &vec![vec!["x".repeat(1000)]; 1000]).unwrap();
        assert_eq!(unpacks_within(&bytes, 10_000), Some(false));
        assert_eq!(unpacks_within(&bytes, 100_000_000), Some(true));
        assert_eq!(unpacks_within(b"PK", 10), None);
    }

    #[test]
    fn what_is_written_row_by_row_is_read_back() {
        let mut book = Writer::new(&["行", "身份证号"]).unwrap();
        for n in 0..3_000 {
            book.row(&[n.to_string(), "11010519491231002X".to_owned()]).unwrap();
        }
        let sheet = read(&book.finish().unwrap(), 5_000).unwrap();
        assert_eq!(sheet.headers, ["行", "身份证号"]);
        assert_eq!(
            (sheet.rows.len(), sheet.rows[2_999].join(" ")),
            (3_000, "2999 11010519491231002X".to_owned())
        );
    }

    #[test]
    fn a_blank_sheet_is_read_by_its_first_page() {
        let guide = [["列", "怎么填"], ["姓名 *", "必填"]].map(|row| row.map(str::to_owned).to_vec());
        let sheet = read(&blank(&["姓名 *", "电话"], "填写说明", &guide).unwrap(), 10).unwrap();
        assert_eq!((sheet.headers, sheet.rows.len()), (vec!["姓名 *".to_owned(), "电话".to_owned()], 0));
    }

    #[test]
    fn a_cell_far_out_costs_nothing() {
        let mut book = Workbook::new();
        book.add_worksheet().write(0, 16_000, "x").unwrap();
        assert!(read(&book.save_to_buffer().unwrap(), 10).is_err());
    }
}
