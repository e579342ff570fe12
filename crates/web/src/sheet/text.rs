//! CSV in UTF-8 or GB18030, read as it streams.

use std::io::{self, Read};

use csv::{ReaderBuilder, StringRecordsIntoIter};
use encoding_rs::{Decoder, DecoderResult, Encoding, GB18030, UTF_8};
use linli_kernel::{Error, Result};

use super::Sheet;

/// How much of the beginning decides about encoding and separator.
const HEAD: usize = 64 * 1024;

/// The rows of a CSV file of any length, one at a time.
pub struct CsvRows<R: Read> {
    /// The first row.
    pub headers: Vec<String>,
    records: StringRecordsIntoIter<Utf8<R>>,
}

impl<R: Read> CsvRows<R> {
    /// Looks at the beginning and reads the headers.
    pub fn open(reader: R) -> Result<Self> {
        let mut rows = Self { headers: Vec::new(), records: records(reader)? };
        let Some(first) = rows.next() else { return Err(Error::field("file", "error-sheet-empty")) };
        rows.headers = first?.1;
        Ok(rows)
    }
}

impl<R: Read> Iterator for CsvRows<R> {
    /// The line's number and its cells; a broken encoding ends the rows with an error.
    type Item = Result<(u64, Vec<String>)>;

    fn next(&mut self) -> Option<Self::Item> {
        let Ok(record) = self.records.next()? else {
            return Some(Err(Error::field("file", "error-sheet-encoding")));
        };
        let number = record.position().map_or(0, csv::Position::line);
        let mut cells: Vec<String> = record.iter().map(|cell| cell.trim().to_owned()).collect();
        if cells.len() < self.headers.len() {
            cells.resize(self.headers.len(), String::new());
        }
        Some(Ok((number, cells)))
    }
}

pub(super) fn read(bytes: &[u8], limit: usize) -> Result<Sheet> {
    let mut sheet = Sheet::default();
    for row in (CsvRows { headers: Vec::new(), records: records(bytes)? }) {
        let (number, cells) = row?;
        sheet.take(number, cells, limit)?;
    }
    Ok(sheet)
}

fn records<R: Read>(mut reader: R) -> Result<StringRecordsIntoIter<Utf8<R>>> {
    let mut head = Vec::with_capacity(HEAD);
    reader.by_ref().take(HEAD as u64).read_to_end(&mut head).map_err(Error::internal)?;
    let encoding = encoding_of(&head);
    let (text, _, _) = encoding.decode(&head);
    let delimiter = delimiter_of(&text);
    let utf8 = Utf8 {
        head: io::Cursor::new(head),
        rest: reader,
        // The BOM, where there is one, goes with the decoder.
        decoder: encoding.new_decoder_with_bom_removal(),
        pending: Vec::new(),
        given: 0,
        ended: false,
    };
    let reader =
        ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(utf8);
    Ok(reader.into_records())
}

/// UTF-8 unless the beginning is none; a character cut at the end of the head does not count.
fn encoding_of(head: &[u8]) -> &'static Encoding {
    match std::str::from_utf8(head) {
        Ok(_) => UTF_8,
        Err(error) if error.error_len().is_none() && head.len() == HEAD => UTF_8,
        Err(_) => GB18030,
    }
}

/// What stands most often in the first line.
fn delimiter_of(text: &str) -> u8 {
    let line = text.lines().find(|l| !l.trim().is_empty()).unwrap_or_default();
    let count = |c: char| line.matches(c).count();
    [(b',', ','), (b'\t', '\t'), (b';', ';')]
        .into_iter()
        .max_by_key(|(b, c)| (count(*c), *b == b','))
        .map_or(b',', |d| d.0)
}

/// Any encoding as UTF-8; a byte that is no character is an error, never a question mark.
struct Utf8<R> {
    head: io::Cursor<Vec<u8>>,
    rest: R,
    decoder: Decoder,
    pending: Vec<u8>,
    given: usize,
    ended: bool,
}

impl<R: Read> Utf8<R> {
    fn refill(&mut self) -> io::Result<()> {
        let mut raw = [0; 16 * 1024];
        let mut count = self.head.read(&mut raw)?;
        if count == 0 {
            count = self.rest.read(&mut raw)?;
        }
        self.ended = count == 0;
        let mut input = &raw[..count];
        self.pending.clear();
        self.given = 0;
        loop {
            let needed =
                self.decoder.max_utf8_buffer_length_without_replacement(input.len()).unwrap_or(64 * 1024);
            let at = self.pending.len();
            self.pending.resize(at + needed, 0);
            let (result, read, written) =
                self.decoder.decode_to_utf8_without_replacement(input, &mut self.pending[at..], self.ended);
            self.pending.truncate(at + written);
            input = &input[read..];
            match result {
                DecoderResult::InputEmpty => return Ok(()),
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => return Err(io::Error::from(io::ErrorKind::InvalidData)),
            }
        }
    }
}

impl<R: Read> Read for Utf8<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.given == self.pending.len() {
            if self.ended {
                return Ok(0);
            }
            self.refill()?;
        }
        let count = out.len().min(self.pending.len() - self.given);
        out[..count].copy_from_slice(&self.pending[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(bytes: &[u8]) -> Vec<Vec<String>> {
        read(bytes, 1_000_000).unwrap().rows
    }

    #[test]
    fn both_encodings_and_all_separators() {
        let text = "编码;名称;备注\n1;塔山社区;\"a;b\n第二行\"\n";
        let (gb, _, lost) = GB18030.encode(text);
        assert!(!lost);
        let expected = [["1", "塔山社区", "a;b\n第二行"]];
        assert_eq!(cells(text.as_bytes()), expected);
        assert_eq!(cells(&gb), expected);
        assert_eq!(
            cells(format!("\u{feff}{}", text.replace(';', "\t").replace("a\tb", "a;b")).as_bytes()),
            expected
        );
    }

    #[test]
    fn a_long_file_is_decoded_across_its_chunks() {
        let mut text = "编号,内容\n".to_owned();
        text.extend((0..20_000).map(|n| format!("{n},第{n}条诉求内容𠮷\n")));
        for bytes in [text.as_bytes().to_vec(), GB18030.encode(&text).0.into_owned()] {
            let rows = CsvRows::open(bytes.as_slice()).unwrap();
            assert_eq!(rows.headers, ["编号", "内容"]);
            let mut count = 0_u64;
            for row in rows {
                let (number, cells) = row.unwrap();
                assert_eq!(number, count + 2);
                assert_eq!(cells[1], format!("第{count}条诉求内容𠮷"));
                count += 1;
            }
            assert_eq!(count, 20_000);
        }
    }
}
