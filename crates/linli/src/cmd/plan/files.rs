//! Reading and writing the planner's files, with errors that name the file, the line and the fault.

use std::io::Write;
use std::path::Path;

use linli_planner::format::{FormatError, Instance, text};
use serde::Serialize;

/// The bytes of a file, or why they cannot be had.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Reads a file with a parser of the planner.
pub(super) fn load<T>(path: &Path, parse: impl FnOnce(&str) -> Result<T, FormatError>) -> Result<T, String> {
    let bytes = read(path)?;
    text(&bytes).and_then(parse).map_err(|error| format!("{}: {error}", path.display()))
}

/// Reads an instance.
pub(super) fn instance(path: &Path) -> Result<Instance, String> {
    load(path, Instance::parse)
}

/// Writes JSON to a file: first beside it, then into place, so that a half-written file is never seen.
pub(super) fn save<T: Serialize>(path: &Path, value: &T) -> Result<(), String> {
    let tell = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    let part = Path::new(&name);
    let text = serde_json::to_vec(value).map_err(|error| format!("{}: {error}", path.display()))?;
    std::fs::write(part, text).map_err(tell)?;
    std::fs::rename(part, path).map_err(tell)
}

/// Prints JSON on one line.
pub(super) fn print<T: Serialize>(value: &T) -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, value)?;
    writeln!(out)?;
    Ok(())
}
