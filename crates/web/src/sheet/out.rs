//! Tables as CSV for office programs.

use std::borrow::Cow;

use linli_kernel::{Error, Result};

/// What a spreadsheet program may take for the beginning of a formula, or for a step into the next cell.
const RUNS: &[char] = &['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// A cell that no spreadsheet program runs.
pub fn harmless(cell: &str) -> Cow<'_, str> {
    if cell.starts_with(RUNS) { format!("'{cell}").into() } else { cell.into() }
}

/// A table as CSV: UTF-8 with the mark by which a Chinese Excel knows it, and no cell that runs.
///
/// # Errors
/// Rows of different lengths.
pub fn csv<H, R, C>(headers: &[H], rows: impl IntoIterator<Item = R>) -> Result<Vec<u8>>
where
    H: AsRef<str>,
    R: IntoIterator<Item = C>,
    C: AsRef<str>,
{
    let mut out = csv::Writer::from_writer("\u{feff}".as_bytes().to_vec());
    if !headers.is_empty() {
        out.write_record(headers.iter().map(AsRef::as_ref)).map_err(Error::internal)?;
    }
    for row in rows {
        for cell in row {
            out.write_field(harmless(cell.as_ref()).as_ref()).map_err(Error::internal)?;
        }
        out.write_record(None::<&[u8]>).map_err(Error::internal)?;
    }
    out.into_inner().map_err(|e| Error::internal(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for cell in ["=1+1", "+86", "-2", "@x", "\t=1", "\r=1", "\n=1", "＝1+1"] {
            assert_eq!(harmless(cell), format!("'{cell}"), "{cell:?}");
        }
        for cell in ["", "3号楼", "a=1", "100-2", "'=1"] {
            assert_eq!(harmless(cell), cell);
        }
        let rows = [["=1+1", "“x”,y"], ["\r", ""]];
        let text = String::from_utf8(csv(&["a", "b"], rows).unwrap()).unwrap();
        assert_eq!(text, "\u{feff}a,b\n'=1+1,\"“x”,y\"\n\"'\r\",\n");
        assert_eq!(csv::<&str, _, _>(&[], [["x"]]).unwrap(), "\u{feff}x\n".as_bytes());
    }
}
