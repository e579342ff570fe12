//! Files named by the SHA-256 of their content, beside the database.
//!
//! A blob is on disk (flushed, under its final name) before the transaction that names it commits,
//! so a row never points at nothing. A blob that no row came to name (the form had a mistake elsewhere)
//! stays: it is small, and a wrong guess about who still names it could not be undone.

use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};

use linli_kernel::{Error, Result};
use sha2::{Digest, Sha256};

fn name_of(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

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
        let name = name_of(bytes);
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

    /// Every name that is stored.
    pub fn names(&self) -> Result<Vec<String>> {
        let mut names = Vec::new();
        let folders = fs::read_dir(&self.0).map_err(Error::internal)?;
        for folder in folders.flatten().filter(|entry| entry.path().is_dir()) {
            let files = fs::read_dir(folder.path()).map_err(Error::internal)?;
            // Half-written files have other names.
            names.extend(files.flatten().filter_map(|file| {
                let name = file.file_name().into_string().ok()?;
                self.path(&name).map(|_| name)
            }));
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Copies what `other` has and we lack, checking that each still is what its name says. Answers how
    /// many `other` has.
    pub fn take_from(&self, other: &Self) -> Result<usize> {
        let names = other.names()?;
        for name in &names {
            let (Some(from), Some(to)) = (other.path(name), self.path(name)) else { continue };
            let said = |e: io::Error| Error::internal(format!("{}: {e}", from.display()));
            let bytes = fs::read(&from).map_err(said)?;
            if name_of(&bytes) != *name {
                return Err(Error::internal(format!(
                    "{} is damaged: its content is not what its name says",
                    from.display()
                )));
            }
            if !to.exists() {
                self.write(&bytes).map_err(said)?;
            }
        }
        Ok(names.len())
    }
}
