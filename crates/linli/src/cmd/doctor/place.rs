//! The machine: folders, disks, clock.

use std::{fs, path::Path};

use linli_kernel::{Clock, Timestamp};

use super::Findings;
use crate::config::Config;

/// Less room than this and the next import or photo may not fit.
const ROOM: u64 = 500 * 1024 * 1024;
/// No clock can be right that is before this program was written: 2026-11-01.
const WRITTEN: Timestamp = Timestamp::from_millis(1_793_462_400_000);
/// Codes of second factors and sessions bear this much.
pub(super) const SKEW_MS: i64 = 2 * 60 * 1000;

pub(super) fn folders(config: &Config, found: &mut Findings) {
    folder("data folder", &config.data, found);
    for settings in &config.district {
        // A database file may lie on another disk than the photos.
        if let Ok(linli_store::Target::Sqlite(path)) = settings.target()
            && let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty())
            && !parent.starts_with(&config.data)
        {
            folder(&format!("folder of the database of {}", settings.name), parent, found);
        }
    }
}

fn folder(what: &str, path: &Path, found: &mut Findings) {
    let shown = format!("{what} {}", path.display());
    if let Err(error) = writable(path) {
        return match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                found.bad(
                    format!("{shown}: {error}"),
                    "the disk is full: make room, or move the folder to a larger one",
                );
            }
            _ => found.bad(format!("{shown}: {error}"), "create it and give it to the user that runs linli"),
        };
    }
    match rustix::fs::statvfs(path) {
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            if free < ROOM {
                found.bad(
                    format!("{shown}: {} MB are free", free / 1_048_576),
                    "the disk is nearly full: make room, or move the folder to a larger one",
                );
            } else if disk.f_files > 0 && disk.f_favail < 10_000 {
                found
                    .bad(format!("{shown}: {} files more fit", disk.f_favail), "the disk runs out of inodes");
            } else {
                found.good(format!("{shown}, {} GB free", free >> 30));
            }
        }
        Err(error) => found.note(format!("{shown}: its free room is unknown: {error}"), ""),
    }
}

/// Whether a file of some size can be written there.
fn writable(path: &Path) -> std::io::Result<()> {
    fs::create_dir_all(path)?;
    let probe = path.join(".doctor");
    let written = fs::write(&probe, vec![b'x'; 64 * 1024]).and_then(|()| fs::File::open(&probe)?.sync_all());
    let removed = fs::remove_file(&probe);
    written.and(removed)
}

pub(super) fn clock(clock: &Clock, found: &mut Findings) {
    let now = clock.now();
    if now < WRITTEN {
        found.bad(
            format!("the clock says {}, before this program was written", now.rfc3339()),
            "set the clock, and keep it right by NTP: promises and second factors are counted by it",
        );
    } else {
        found.good(format!("clock, {}", now.rfc3339()));
    }
}
