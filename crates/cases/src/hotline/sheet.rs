//! Reading an export as the hotline's system or a spreadsheet saves it: CSV in UTF-8 or GB18030, with
//! comma, semicolon or tab, or the first sheet of an xlsx file.
//!
//! A CSV file is streamed, so that memory does not grow with it; an xlsx file has to be unpacked and is
//! therefore refused beyond a smaller size.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    path::Path,
};

use calamine::{Data, DataType, Reader as _, Xlsx};
use csv::StringRecord;
use encoding_rs::{CoderResult, Decoder, GB18030};
use linli_kernel::{Error, Result};

/// The largest file.
pub const FILE_LIMIT: u64 = 120 * 1024 * 1024;
/// The largest xlsx file, which unpacks to several times its size.
const XLSX_LIMIT: u64 = 30 * 1024 * 1024;
/// The most columns that mean anything.
const COLUMNS: usize = 200;

enum Rows {
    /// Streamed.
    Csv(Box<csv::Reader<Box<dyn Read + Send>>>),
    /// Unpacked.
    Xlsx(std::vec::IntoIter<StringRecord>),
}

/// The rows of one file.
pub struct Sheet {
    rows: Rows,
    /// The number of the row that was read last; the headings are row 1.
    line: i64,
}

impl Sheet {
    /// Opens a file by its content, whatever its name says. Answers the headings and the rows.
    pub fn open(path: &Path) -> Result<(Vec<String>, Self)> {
        let mut file = File::open(path).map_err(|_| Error::field("file", "hotline-file-absent"))?;
        let size = file.metadata().map_err(Error::internal)?.len();
        if size > FILE_LIMIT {
            return Err(Error::TooLarge("hotline-file-too-large"));
        }
        let mut head = [0_u8; 4];
        let read = fill(&mut file, &mut head).map_err(Error::internal)?;
        file.seek(SeekFrom::Start(0)).map_err(Error::internal)?;
        if head.starts_with(b"PK\x03\x04") {
            if size > XLSX_LIMIT {
                return Err(Error::TooLarge("hotline-xlsx-too-large"));
            }
            return xlsx(file);
        }
        // The old binary format of spreadsheets.
        if read == 4 && head == [0xd0, 0xcf, 0x11, 0xe0] {
            return Err(Error::field("file", "hotline-file-xls"));
        }
        csv(file)
    }

    /// The next row that is not empty, with its number as a spreadsheet shows it.
    pub fn next_row(&mut self) -> Option<Result<(i64, StringRecord)>> {
        loop {
            let row = match &mut self.rows {
                Rows::Csv(reader) => {
                    let mut row = StringRecord::new();
                    match reader.read_record(&mut row) {
                        Ok(true) => row,
                        Ok(false) => return None,
                        Err(error) => return Some(Err(broken(&error))),
                    }
                }
                Rows::Xlsx(rows) => rows.next()?,
            };
            self.line += 1;
            if row.iter().any(|cell| !cell.trim().is_empty()) {
                return Some(Ok((self.line, row)));
            }
        }
    }
}

fn broken(error: &csv::Error) -> Error {
    match error.kind() {
        csv::ErrorKind::Io(e) if e.kind() == io::ErrorKind::InvalidData => {
            Error::field("file", "hotline-file-encoding")
        }
        _ => Error::field("file", "hotline-file-unreadable"),
    }
}

fn headings(row: &StringRecord) -> Result<Vec<String>> {
    let mut all: Vec<String> =
        row.iter().map(|h| h.trim_matches(['\u{feff}', ' ', '\u{3000}', '\t']).to_owned()).collect();
    while all.last().is_some_and(String::is_empty) {
        all.pop();
    }
    if all.is_empty() {
        return Err(Error::field("file", "hotline-file-empty"));
    }
    if all.len() > COLUMNS {
        return Err(Error::field("file", "hotline-file-unreadable"));
    }
    Ok(all)
}

fn csv(mut file: File) -> Result<(Vec<String>, Sheet)> {
    let unreadable = |e: io::Error| {
        if e.kind() == io::ErrorKind::InvalidData {
            Error::field("file", "hotline-file-encoding")
        } else {
            Error::internal(e)
        }
    };
    let encoding = encoding(&mut file).map_err(unreadable)?;
    file.seek(SeekFrom::Start(0)).map_err(Error::internal)?;
    let text: Box<dyn Read + Send> = match encoding {
        Encoding::Utf8 => Box::new(BufReader::with_capacity(1 << 16, file)),
        Encoding::Gb18030 => {
            Box::new(Transcode::new(BufReader::with_capacity(1 << 16, file), GB18030.new_decoder()))
        }
    };
    let mut first = vec![0; 64 * 1024];
    let (n, text) = peek(text, &mut first).map_err(unreadable)?;
    let delimiter = delimiter(&first[..n]);
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text);
    let mut row = StringRecord::new();
    if !reader.read_record(&mut row).map_err(|e| broken(&e))? {
        return Err(Error::field("file", "hotline-file-empty"));
    }
    Ok((headings(&row)?, Sheet { rows: Rows::Csv(Box::new(reader)), line: 1 }))
}

fn peek(mut text: Box<dyn Read + Send>, first: &mut [u8]) -> io::Result<(usize, Box<dyn Read + Send>)> {
    let n = fill(&mut text, first)?;
    let mut start = first[..n].to_vec();
    if start.starts_with(b"\xef\xbb\xbf") {
        start.drain(..3);
    }
    Ok((n, Box::new(io::Cursor::new(start).chain(text))))
}

fn fill(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut n = 0;
    while n < buffer.len() {
        match source.read(&mut buffer[n..])? {
            0 => break,
            more => n += more,
        }
    }
    Ok(n)
}

/// The sign that parts the headings: the one of which the first line has most.
fn delimiter(start: &[u8]) -> u8 {
    let line = start.split(|b| *b == b'\n').next().unwrap_or_default();
    let count = |sign: u8| line.split(|b| *b == sign).count();
    b",\t;".iter().copied().max_by_key(|sign| (count(*sign), *sign == b',')).unwrap_or(b',')
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Gb18030,
}

/// UTF-8 if the whole file is valid UTF-8; else GB18030, of which the transcoder finds what is not.
fn encoding(file: &mut File) -> io::Result<Encoding> {
    let mut buffer = vec![0; 1 << 16];
    let mut kept = 0;
    loop {
        let n = file.read(&mut buffer[kept..])?;
        let filled = kept + n;
        match std::str::from_utf8(&buffer[..filled]) {
            Ok(_) => kept = 0,
            // A character that the end of the buffer cuts.
            Err(e) if e.error_len().is_none() && n > 0 => {
                buffer.copy_within(e.valid_up_to()..filled, 0);
                kept = filled - e.valid_up_to();
            }
            Err(_) => return Ok(Encoding::Gb18030),
        }
        if buffer[..filled].contains(&0) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if n == 0 {
            return Ok(Encoding::Utf8);
        }
    }
}

/// GB18030 in, UTF-8 out; a byte that is neither is an error, not a question mark.
struct Transcode<R> {
    source: R,
    decoder: Decoder,
    raw: Vec<u8>,
    out: Vec<u8>,
    at: usize,
    ended: bool,
}

impl<R: Read> Transcode<R> {
    fn new(source: R, decoder: Decoder) -> Self {
        Self { source, decoder, raw: vec![0; 1 << 15], out: Vec::new(), at: 0, ended: false }
    }

    fn refill(&mut self) -> io::Result<()> {
        let n = self.source.read(&mut self.raw)?;
        self.ended = n == 0;
        // Two bytes of GB18030 become three of UTF-8 at most, and a rest may be pending.
        self.out.resize(n * 3 + 16, 0);
        self.at = 0;
        let (result, read, written, bad) =
            self.decoder.decode_to_utf8(&self.raw[..n], &mut self.out, self.ended);
        self.out.truncate(written);
        if bad || result == CoderResult::OutputFull || read != n || self.out.contains(&0) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(())
    }
}

impl<R: Read> Read for Transcode<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.out.len() && !self.ended {
            self.refill()?;
        }
        let n = buffer.len().min(self.out.len() - self.at);
        buffer[..n].copy_from_slice(&self.out[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}

fn xlsx(file: File) -> Result<(Vec<String>, Sheet)> {
    let unreadable = |_| Error::field("file", "hotline-file-unreadable");
    let mut book: Xlsx<_> = Xlsx::new(BufReader::new(file)).map_err(unreadable)?;
    let range = book
        .worksheet_range_at(0)
        .ok_or_else(|| Error::field("file", "hotline-file-empty"))?
        .map_err(unreadable)?;
    let mut rows = range.rows().map(|row| row.iter().map(cell).collect::<StringRecord>());
    let skipped = range.start().map_or(0, |(row, _)| i64::from(row));
    let mut line = skipped;
    let first = rows.by_ref().inspect(|_| line += 1).find(|row| row.iter().any(|c| !c.trim().is_empty()));
    let names = headings(&first.ok_or_else(|| Error::field("file", "hotline-file-empty"))?)?;
    Ok((names, Sheet { rows: Rows::Xlsx(rows.collect::<Vec<_>>().into_iter()), line }))
}

fn cell(data: &Data) -> String {
    match data {
        Data::DateTime(_) | Data::DateTimeIso(_) => data
            .as_datetime()
            .map_or_else(|| data.to_string(), |at| at.format("%Y-%m-%d %H:%M:%S").to_string()),
        // A long number shown as one, not as 1.2e17.
        Data::Float(n) if n.fract() == 0.0 && n.abs() < 9e15 => format!("{n:.0}"),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn read(bytes: &[u8]) -> Result<(Vec<String>, Vec<Vec<String>>)> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        let (names, mut sheet) = Sheet::open(file.path())?;
        let mut rows = Vec::new();
        while let Some(row) = sheet.next_row() {
            rows.push(row?.1.iter().map(str::to_owned).collect());
        }
        Ok((names, rows))
    }

    const TEXT: &str = "编号,内容\r\n1,\"路灯，\n不亮\"\r\n,\r\n2,水管爆裂\r\n";

    #[test]
    fn one_table_in_every_dress() {
        let plain = read(TEXT.as_bytes()).unwrap();
        assert_eq!(plain.0, ["编号", "内容"]);
        assert_eq!(plain.1, [["1", "路灯，\n不亮"], ["2", "水管爆裂"]]);
        assert_eq!(read(format!("\u{feff}{TEXT}").as_bytes()).unwrap(), plain);
        assert_eq!(read(&GB18030.encode(TEXT).0).unwrap(), plain);
        assert_eq!(read(TEXT.replace(',', "\t").as_bytes()).unwrap(), plain);
        let mut book = rust_xlsxwriter::Workbook::new();
        let sheet = book.add_worksheet();
        for (r, row) in [["编号", "内容"], ["1", "路灯，\n不亮"], ["2", "水管爆裂"]].iter().enumerate()
        {
            for (c, text) in row.iter().enumerate() {
                sheet.write(u32::try_from(r).unwrap(), u16::try_from(c).unwrap(), *text).unwrap();
            }
        }
        assert_eq!(read(&book.save_to_buffer().unwrap()).unwrap(), plain);
    }

    #[test]
    fn long_files_are_decoded_over_the_joints() {
        let many = (0..40_000).map(|n| format!("{n},镕镕镕{n}")).collect::<Vec<_>>().join("\n");
        let text = format!("编号,内容\n{many}");
        let utf8 = read(text.as_bytes()).unwrap();
        assert_eq!(utf8.1.len(), 40_000);
        assert_eq!(read(&GB18030.encode(&text).0).unwrap(), utf8);
    }

    #[test]
    fn what_cannot_be_read_says_so() {
        let fault = |bytes: &[u8]| match read(bytes) {
            Err(Error::Invalid(fields)) => fields[0].key.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(fault(b""), "hotline-file-empty");
        assert_eq!(fault(b"\n\n"), "hotline-file-empty");
        assert_eq!(fault(b"PK\x03\x04rubbish"), "hotline-file-unreadable");
        assert_eq!(fault(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "hotline-file-xls");
        assert_eq!(fault(b"a,b\n\xff\xff,\x80\n"), "hotline-file-encoding");
        assert_eq!(fault(b"\x7fELF\0\0\0\0"), "hotline-file-encoding");
    }
}
