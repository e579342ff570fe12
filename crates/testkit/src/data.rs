//! The shared public data that tests may read and the product never carries.

use std::path::PathBuf;

/// The path of a shared data file, or nothing (with a notice) where the data are absent.
pub fn shared_data(file: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("LINLI_TEST_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
        PathBuf::from,
    );
    let path = folder.join(file);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED: {} is absent; set LINLI_TEST_DATA", path.display());
    None
}
