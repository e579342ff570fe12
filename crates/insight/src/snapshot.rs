//! The index of repeats on disk (索引快照), whole or not at all.
//!
//! One line says how far it had read and carries a check over itself and the index; the index follows.

use std::{fs, io, io::Write, path::Path};

use linli_kernel::hex;
use linli_text::RepeatIndex;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

const FILE: &str = "repeats.index";

#[derive(Serialize, Deserialize)]
struct Head {
    seen: i64,
    mark: Option<Uuid>,
    check: String,
}

/// What the numbers in an index mean; one that was written when they meant something else is made again.
const MEANING: &[u8] = b"days of China";

/// Binds the line to the index, which carries its own checksum in its last eight bytes.
fn check(seen: i64, mark: Option<Uuid>, index: &[u8]) -> String {
    let tail = &index[index.len().saturating_sub(8)..];
    let digest = Sha256::new()
        .chain_update(MEANING)
        .chain_update(seen.to_le_bytes())
        .chain_update(mark.unwrap_or_default().as_bytes())
        .chain_update(tail)
        .finalize();
    hex(&digest[..8])
}

pub(crate) fn write(folder: &Path, index: &[u8], (seen, mark): (i64, Option<Uuid>)) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let head = Head { seen, mark, check: check(seen, mark, index) };
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer(&mut file, &head)?;
    file.write_all(b"\n")?;
    file.write_all(index)?;
    file.as_file().sync_all()?;
    file.persist(folder.join(FILE)).map_err(|e| e.error)?;
    Ok(())
}

/// The index, how far it had read, and of which run of numbers; nothing where there is none that is whole.
pub(crate) fn read(folder: &Path) -> Option<(RepeatIndex, i64, Option<Uuid>)> {
    let bytes = fs::read(folder.join(FILE)).ok()?;
    let found = parse(&bytes);
    if found.is_none() {
        tracing::warn!(folder = %folder.display(), "the snapshot of the index is damaged; it is made again");
    }
    found
}

fn parse(bytes: &[u8]) -> Option<(RepeatIndex, i64, Option<Uuid>)> {
    let end = bytes.iter().position(|b| *b == b'\n')?;
    let (head, index) = (bytes.get(..end)?, bytes.get(end + 1..)?);
    let head: Head = serde_json::from_slice(head).ok()?;
    if head.check != check(head.seen, head.mark, index) {
        return None;
    }
    Some((RepeatIndex::from_bytes(index).ok()?, head.seen, head.mark))
}

#[cfg(test)]
mod tests {
    use super::*;
    use linli_text::{Rarity, RepeatCase, RepeatOptions};

    #[test]
    fn a_damaged_snapshot_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let mut index = RepeatIndex::new(Rarity::default(), RepeatOptions::default());
        index.insert(1, &RepeatCase { text: "路灯坏了", grid: Some(1), day: 3, ..RepeatCase::default() });
        write(folder.path(), &index.to_bytes(), (7, None)).unwrap();
        let (back, seen, mark) = read(folder.path()).unwrap();
        assert_eq!((back.len(), seen, mark), (1, 7, None));
        let file = folder.path().join(FILE);
        let whole = fs::read(&file).unwrap();
        for at in (0..whole.len()).step_by(whole.len() / 97) {
            let mut torn = whole.clone();
            torn[at] ^= 0x11;
            fs::write(&file, &torn).unwrap();
            assert!(read(folder.path()).is_none(), "byte {at}");
        }
        fs::write(&file, &whole[..whole.len() / 2]).unwrap();
        assert!(read(folder.path()).is_none());
    }
}
