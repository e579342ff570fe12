//! The master key (主密钥): a file outside the database, readable by the service alone.
//!
//! One line of 64 hexadecimal digits per key. The first line wraps; later lines only open what was
//! wrapped before the first was put in front of them.

use std::{
    fs,
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use linli_kernel::Ids;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::cipher::Key;

/// Why the file gives no key.
#[derive(Debug, thiserror::Error)]
pub enum MasterFault {
    /// There is no such file.
    #[error(
        "the master key {0} is missing; restore it from its own backup: without it sealed fields stay shut"
    )]
    Missing(PathBuf),
    /// Others may read it.
    #[error("the master key {path} may be read by others (mode {mode:o}); run: chmod 600 {path}")]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is not what [`Master::create`] writes.
    #[error("the master key {path}, line {line}: 64 hexadecimal digits are wanted")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// The system refused.
    #[error("the master key {path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
}

/// The keys of the file.
pub struct Master {
    keys: Vec<Key>,
    /// Where they were read.
    path: PathBuf,
}

impl std::fmt::Debug for Master {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Master({} keys)", self.keys.len())
    }
}

impl Master {
    /// Reads the file, refusing one that others may read.
    pub fn read(path: &Path) -> Result<Self, MasterFault> {
        let io = |error: std::io::Error| match error.kind() {
            ErrorKind::NotFound => MasterFault::Missing(path.to_owned()),
            _ => MasterFault::Io { path: path.to_owned(), error },
        };
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(path).map_err(io)?.permissions().mode() & 0o777;
            if mode & 0o077 != 0 {
                return Err(MasterFault::Open { path: path.to_owned(), mode });
            }
        }
        let text = Zeroizing::new(fs::read_to_string(path).map_err(io)?);
        let mut keys = Vec::new();
        for (n, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let key = parse(line.trim());
            keys.push(key.ok_or(MasterFault::Malformed { path: path.to_owned(), line: n + 1 })?);
        }
        if keys.is_empty() {
            return Err(MasterFault::Malformed { path: path.to_owned(), line: 1 });
        }
        Ok(Self { keys, path: path.to_owned() })
    }

    /// Writes a new key to a file that is not there yet, for its owner only, and reads it back.
    pub fn create(path: &Path, ids: &Ids) -> Result<Self, MasterFault> {
        let io = |error| MasterFault::Io { path: path.to_owned(), error };
        if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(io)?;
        }
        let key: Key = Zeroizing::new(ids.bytes());
        let mut line = Zeroizing::new(linli_kernel::hex(&key[..]));
        line.push('\n');
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(io)?;
        file.write_all(line.as_bytes()).and_then(|()| file.sync_all()).map_err(io)?;
        Self::read(path)
    }

    /// Reads the file, or creates it where there is none: for development and demonstrations only.
    pub fn read_or_create(path: &Path, ids: &Ids) -> Result<Self, MasterFault> {
        match Self::read(path) {
            Err(MasterFault::Missing(_)) => match Self::create(path, ids) {
                // Another process was faster.
                Err(MasterFault::Io { error, .. }) if error.kind() == ErrorKind::AlreadyExists => {
                    Self::read(path)
                }
                made => made,
            },
            read => read,
        }
    }

    /// The marks of the keys: what the database names them by, telling nothing of them.
    pub fn marks(&self) -> Vec<String> {
        self.keys.iter().map(mark).collect()
    }

    /// The key that wraps, with its mark.
    pub(super) fn current(&self) -> (Key, String) {
        let key = self.keys[0].clone();
        let mark = mark(&key);
        (key, mark)
    }

    /// The key with this mark.
    pub(super) fn find(&self, wanted: &str) -> Option<Key> {
        self.keys.iter().find(|key| mark(key) == wanted).cloned()
    }

    /// What stands in the file now; nothing where it is as it was.
    pub(super) fn again(&self) -> Result<Option<Self>, MasterFault> {
        let now = Self::read(&self.path)?;
        Ok((now.marks() != self.marks()).then_some(now))
    }
}

/// Tells keys apart without telling anything of them.
fn mark(key: &Key) -> String {
    let mut hash = Sha256::new();
    hash.update(b"linli master key");
    hash.update(&key[..]);
    linli_kernel::hex(&hash.finalize()[..6])
}

fn parse(line: &str) -> Option<Key> {
    let mut key = Zeroizing::new([0_u8; 32]);
    if line.len() != 64 || !line.is_ascii() {
        return None;
    }
    for (n, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(line.get(2 * n..2 * n + 2)?, 16).ok()?;
    }
    Some(key)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_file_is_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/master.key");
        assert!(matches!(Master::read(&path), Err(MasterFault::Missing(_))));
        let made = Master::read_or_create(&path, &Ids::seeded(1)).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(Master::read_or_create(&path, &Ids::seeded(2)).unwrap().current().1, made.current().1);

        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(Master::read(&path), Err(MasterFault::Open { mode: 0o640, .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let good = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{good}123\n")).unwrap();
        assert!(matches!(Master::read(&path), Err(MasterFault::Malformed { line: 2, .. })));
        fs::write(&path, "").unwrap();
        assert!(matches!(Master::read(&path), Err(MasterFault::Malformed { line: 1, .. })));
    }
}
