//! The staged copy of a file: UTF-8 CSV under our own roof, in which an import can go on from any byte.
//!
//! The first cell of each row is its number in the original.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use csv::StringRecord;
use linli_kernel::{Error, Result};
use linli_store::{Blobs, District};
use uuid::Uuid;

use super::sheet::Sheet;

/// The folder of staged files.
pub(super) fn folder(district: &District) -> Result<PathBuf> {
    let folder = district.port::<Blobs>()?.folder().join("import");
    fs::create_dir_all(&folder).map_err(Error::internal)?;
    Ok(folder)
}

/// The staged copy of a batch.
pub(super) fn path(district: &District, batch: Uuid) -> Result<PathBuf> {
    Ok(folder(district)?.join(format!("{}.csv", batch.simple())))
}

/// What staging found.
pub(super) struct Staged {
    pub(super) headings: Vec<String>,
    pub(super) total: i64,
}

fn full(error: impl std::fmt::Display) -> Error {
    tracing::error!(%error, "cannot stage an import file");
    Error::Unavailable("error-disk")
}

/// Copies `source` to `target`, row by row.
pub(super) fn stage(source: &Path, target: &Path) -> Result<Staged> {
    let (headings, mut sheet) = Sheet::open(source)?;
    let mut out = csv::WriterBuilder::new()
        .flexible(true)
        .from_writer(BufWriter::new(File::create(target).map_err(full)?));
    let mut total = 0;
    while let Some(row) = sheet.next_row() {
        let (line, row) = row?;
        out.write_field(line.to_string()).map_err(full)?;
        out.write_record(row.iter().take(headings.len())).map_err(full)?;
        total += 1;
    }
    let file = out.into_inner().map_err(|e| full(e.error()))?.into_inner().map_err(|e| full(e.error()))?;
    file.sync_all().map_err(full)?;
    if total == 0 {
        return Err(Error::field("file", "hotline-file-empty"));
    }
    Ok(Staged { headings, total })
}

/// A row of the staged copy: its number in the original, and its cells.
pub(super) type Numbered = (i64, StringRecord);

/// Reads up to `limit` rows from byte `from`; answers them and the byte after the last.
pub(super) fn read(path: &Path, from: i64, limit: usize) -> Result<(Vec<Numbered>, i64)> {
    let broken = |e: io::Error| Error::internal(format!("staged import {}: {e}", path.display()));
    let start = u64::try_from(from).map_err(Error::internal)?;
    let mut file = File::open(path).map_err(broken)?;
    file.seek(SeekFrom::Start(start)).map_err(broken)?;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(Box::new(file) as Box<dyn Read + Send>);
    let mut rows = Vec::new();
    let mut row = StringRecord::new();
    while rows.len() < limit && reader.read_record(&mut row).map_err(Error::internal)? {
        let line = row.get(0).and_then(|n| n.parse().ok()).unwrap_or_default();
        rows.push((line, row.iter().skip(1).collect()));
    }
    let read = i64::try_from(reader.position().byte()).map_err(Error::internal)?;
    Ok((rows, from + read))
}

/// Removes a staged copy; absent is fine.
pub(super) fn remove(district: &District, batch: Uuid) -> Result<()> {
    match fs::remove_file(path(district, batch)?) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(Error::internal(e)),
        _ => Ok(()),
    }
}
