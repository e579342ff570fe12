//! Files named by the SHA-256 of their content, beside the database.
//!
//! A blob is on disk (flushed, under its final name) before the transaction that names it commits,
//! so a row never points at nothing; a blob that no row names is swept by the nightly job.

use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};

use linli_kernel::{Error, Result};
use sha2::{Digest, Sha256};

/// A folder of blobs.
#[derive(Debug, Clone)]
pub struct Blobs(PathBuf);

impl Blobs {
    /// The store under `folder`; created when missing.
    pub fn open(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).map_err(Error::internal)?;
        Ok(Self(folder.to_owned()))
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.0
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        let plain =
            name.len() == 64 && name.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase());
        plain.then(|| self.0.join(&name[..2]).join(name))
    }

    /// Stores the bytes and answers their name.
    pub async fn put(&self, bytes: Vec<u8>) -> Result<String> {
        let blobs = self.clone();
        tokio::task::spawn_blocking(move || blobs.write(&bytes)).await.map_err(Error::internal)?.map_err(
            |e| {
                tracing::error!(error = %e, "cannot store a file");
                Error::Unavailable("error-disk")
            },
        )
    }

    fn write(&self, bytes: &[u8]) -> io::Result<String> {
        let name = Sha256::digest(bytes).iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        let folder = self.0.join(&name[..2]);
        let path = folder.join(&name);
        if path.exists() {
            return Ok(name);
        }
        fs::create_dir_all(&folder)?;
        let mut file = tempfile::NamedTempFile::new_in(&folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(&path).map_err(|e| e.error)?;
        fs::File::open(&folder)?.sync_all()?;
        Ok(name)
    }

    /// The bytes under `name`.
    pub async fn get(&self, name: &str) -> Result<Vec<u8>> {
        let path = self.path(name).ok_or(Error::NotFound)?;
        tokio::fs::read(path).await.map_err(|e| {
            if e.kind() == io::ErrorKind::NotFound { Error::NotFound } else { Error::internal(e) }
        })
    }

    /// Removes the blob; absent is fine.
    pub async fn remove(&self, name: &str) -> Result<()> {
        let path = self.path(name).ok_or(Error::NotFound)?;
        match tokio::fs::remove_file(path).await {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(Error::internal(e)),
            _ => Ok(()),
        }
    }
}
