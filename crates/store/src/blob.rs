//! Files named by the SHA-256 of their content, beside the database.
//!
//! A blob is on disk (flushed, under its final name) before the transaction that names it commits,
//! so a row never points at nothing. A blob that no row came to name (the form had a mistake elsewhere) is taken away
//! some time later: set aside first, looked for once more, and put back if somebody named or stored it meanwhile.

use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use linli_kernel::{Error, Result, Timestamp, hex};
use sha2::{Digest, Sha256};

fn name_of(bytes: &[u8]) -> String {
    hex(Sha256::digest(bytes))
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
        // Also where it is there already: whoever stores it now may count on it for as long as with a new one.
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

    /// Makes a blob as young as if it had been stored now, for a form that comes back with it.
    ///
    /// # Errors
    /// `NotFound` when it is not there any more.
    pub async fn renew(&self, name: &str) -> Result<()> {
        let bytes = self.get(name).await?;
        self.put(bytes).await.map(|_| ())
    }

    /// The names of blobs that were stored before an instant.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn older_than(&self, before: Timestamp) -> Result<Vec<String>> {
        let mut names = self.names()?;
        // One that has gone meanwhile is nobody's concern.
        names.retain(|name| {
            self.path(name).and_then(|path| stored_at(&path).ok()).is_some_and(|at| at < before)
        });
        Ok(names)
    }

    /// Sets a blob aside that nobody seems to name, so that it can still be put back. `false` where it is not there, or
    /// was stored again since that instant.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn set_aside(&self, name: &str, before: Timestamp) -> Result<bool> {
        let path = self.path(name).ok_or(Error::NotFound)?;
        match fs::rename(&path, path.with_extension(ASIDE)) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
            other => other.map_err(Error::internal)?,
        }
        // Only now it is certain which file this is.
        if stored_at(&path.with_extension(ASIDE)).map_err(Error::internal)? < before {
            return Ok(true);
        }
        self.put_back(name)?;
        Ok(false)
    }

    /// Puts back what was set aside.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn put_back(&self, name: &str) -> Result<()> {
        let path = self.path(name).ok_or(Error::NotFound)?;
        // The same content, if it was stored again.
        fs::rename(path.with_extension(ASIDE), &path).map_err(Error::internal)
    }

    /// Removes what was set aside.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn drop_aside(&self, name: &str) -> Result<()> {
        let path = self.path(name).ok_or(Error::NotFound)?;
        fs::remove_file(path.with_extension(ASIDE)).map_err(Error::internal)
    }

    /// The names of what was set aside: a process that was killed left it so.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn aside(&self) -> Result<Vec<String>> {
        self.listed(|file| file.strip_suffix(ASIDE)?.strip_suffix('.').map(str::to_owned))
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
        self.listed(|file| Some(file.to_owned()))
    }

    /// The names that `of` reads from the files that are there.
    fn listed(&self, of: impl Fn(&str) -> Option<String>) -> Result<Vec<String>> {
        let mut names = Vec::new();
        let folders = fs::read_dir(&self.0).map_err(Error::internal)?;
        for folder in folders.flatten().filter(|entry| entry.path().is_dir()) {
            let files = fs::read_dir(folder.path()).map_err(Error::internal)?;
            // Half-written files have other names.
            names.extend(files.flatten().filter_map(|file| {
                let name = of(file.file_name().to_str()?)?;
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
        let mut gone = 0;
        for name in &names {
            let (Some(from), Some(to)) = (other.path(name), self.path(name)) else { continue };
            let said = |e: io::Error| Error::internal(format!("{}: {e}", from.display()));
            let bytes = match fs::read(&from) {
                // Removed since it was listed: no row names it.
                Err(e) if e.kind() == io::ErrorKind::NotFound => {
                    gone += 1;
                    continue;
                }
                read => read.map_err(said)?,
            };
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
        Ok(names.len() - gone)
    }
}

/// What is set aside ends so.
const ASIDE: &str = "aside";

fn stored_at(path: &Path) -> io::Result<Timestamp> {
    let since = fs::metadata(path)?.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn dated(blobs: &Blobs, name: &str, at: Timestamp) {
        let file = fs::File::options().append(true).open(blobs.path(name).unwrap()).unwrap();
        let since = Duration::from_millis(u64::try_from(at.millis()).unwrap());
        file.set_modified(UNIX_EPOCH + since).unwrap();
    }

    #[tokio::test]
    async fn what_is_stored_again_is_young_again() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path()).unwrap();
        let name = blobs.put(b"one".to_vec()).await.unwrap();
        let old = Timestamp::from_millis(1_000);
        let later = Timestamp::from_millis(2_000);
        for again in 0..2 {
            dated(&blobs, &name, old);
            assert_eq!(blobs.older_than(later).unwrap(), std::slice::from_ref(&name));
            if again == 0 {
                blobs.put(b"one".to_vec()).await.unwrap();
            } else {
                blobs.renew(&name).await.unwrap();
            }
            assert!(blobs.older_than(later).unwrap().is_empty());
            assert!(!blobs.set_aside(&name, later).unwrap(), "it is young");
            assert_eq!(blobs.get(&name).await.unwrap(), b"one", "and still there");
        }
    }

    #[tokio::test]
    async fn what_is_set_aside_can_be_put_back() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path()).unwrap();
        let name = blobs.put(b"one".to_vec()).await.unwrap();
        dated(&blobs, &name, Timestamp::from_millis(1_000));
        assert!(blobs.set_aside(&name, NOW).unwrap());
        assert!(blobs.get(&name).await.is_err() && blobs.names().unwrap().is_empty());
        assert_eq!(blobs.aside().unwrap(), std::slice::from_ref(&name));
        blobs.put_back(&name).unwrap();
        assert_eq!(blobs.get(&name).await.unwrap(), b"one");
        assert!(blobs.set_aside(&name, NOW).unwrap());
        blobs.drop_aside(&name).unwrap();
        assert!(blobs.aside().unwrap().is_empty() && !blobs.set_aside(&name, NOW).unwrap());
    }
}
