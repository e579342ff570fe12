//! The index of repeats as bytes, so that it survives a restart (快照).
//!
//! Only what cannot be made again is written: the blocks are rebuilt on reading.
//! Invariant: an index read back answers the same. Cost: about 150 bytes a case; a million cases are
//! written in a quarter of a second and read in two.

use std::collections::BTreeMap;

use super::{BUCKETS, KEPT, Rarity, RepeatIndex, RepeatOptions, Slot};
use crate::codec::{DecodeError, Reader, Writer};

const MAGIC: [u8; 8] = *b"linlirp\x01";
const VERSION: u32 = 1;
/// A case takes so many at most.
const MOST_BYTES: usize = 32 + 3 * KEPT;

impl RepeatIndex {
    /// The index as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut w = Writer::new(MAGIC, VERSION);
        w.u32(self.options.window.cast_unsigned());
        w.f32(self.options.half_life);
        w.len(self.options.most);
        w.u32(self.rarity.total);
        w.list(&self.rarity.documents, |w, &n| w.u32(n));
        // Bytes that are not written cost nothing; growing would hold them twice.
        w.reserve(self.by_id.len() * MOST_BYTES);
        let live: BTreeMap<u64, u32> = self.by_id.iter().map(|(&id, &at)| (id, at)).collect();
        w.len(live.len());
        let option = |w: &mut Writer, value: Option<u32>| {
            w.u8(u8::from(value.is_some()));
            w.u32(value.unwrap_or(0));
        };
        for at in live.into_values() {
            let slot = &self.slots[at as usize];
            w.u64(slot.id);
            w.u32(slot.day.cast_unsigned());
            option(&mut w, slot.place);
            option(&mut w, slot.grid);
            option(&mut w, slot.cell.map(|c| c.0.cast_unsigned()));
            w.u32(slot.cell.map_or(0, |c| c.1.cast_unsigned()));
            w.u8(slot.count);
            for i in 0..slot.count as usize {
                let [a, b] = slot.buckets[i].to_le_bytes();
                w.u8(a);
                w.u8(b);
                w.u8(slot.weights[i]);
            }
        }
        w.finish()
    }

    /// Reads what [`Self::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes, MAGIC, VERSION)?;
        let options = RepeatOptions { window: r.u32()?.cast_signed(), half_life: r.f32()?, most: r.len()? };
        let total = r.u32()?;
        let documents = r.list(Reader::u32)?;
        if documents.len() != BUCKETS {
            return Err(DecodeError::Damaged);
        }
        let mut index = Self::new(Rarity { documents, total }, options);
        let option = |r: &mut Reader<'_>| -> Result<Option<u32>, DecodeError> {
            let there = r.u8()? == 1;
            let value = r.u32()?;
            Ok(there.then_some(value))
        };
        let count = r.len()?;
        // A damaged number asks for no more than could be there.
        index.reserve(count.min(bytes.len() / 32));
        for _ in 0..count {
            let (id, day) = (r.u64()?, r.u32()?.cast_signed());
            let (place, grid, x, y) = (option(&mut r)?, option(&mut r)?, option(&mut r)?, r.u32()?);
            let count = r.u8()?;
            if count as usize > KEPT {
                return Err(DecodeError::Damaged);
            }
            let (mut buckets, mut weights) = ([0; KEPT], [0; KEPT]);
            for i in 0..count as usize {
                buckets[i] = u16::from_le_bytes([r.u8()?, r.u8()?]);
                weights[i] = r.u8()?;
            }
            let cell = x.map(|x| (x.cast_signed(), y.cast_signed()));
            index.place(Slot { id, day, place, grid, cell, count, buckets, weights });
        }
        r.end()?;
        Ok(index)
    }
}
