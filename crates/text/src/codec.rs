//! Models and indexes as bytes: a little-endian, length-prefixed form with a magic word, a version
//! and a checksum, so that a torn or foreign file is refused instead of half-read.
//!
//! Layout: 8 bytes magic, 4 bytes version, payload, 8 bytes hash of everything before.
//! Cost: one pass over the payload each way.

use crate::hash;

/// Why bytes could not be read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecodeError {
    /// The bytes are not of this kind of file.
    Foreign,
    /// Written by a version this one does not know.
    Version(u32),
    /// Cut short or changed after writing.
    Damaged,
}

impl std::fmt::Display for DecodeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Foreign => write!(f, "this is not a file of the expected kind"),
            Self::Version(v) => write!(
                f,
                "the file has format version {v}, which this program does not read; train or build it again"
            ),
            Self::Damaged => write!(f, "the file is cut short or damaged; restore it or build it again"),
        }
    }
}

impl std::error::Error for DecodeError {}

fn checksum(bytes: &[u8]) -> u64 {
    let mut state = bytes.len() as u64;
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        let mut word = [0; 8];
        word.copy_from_slice(chunk);
        state = hash::combine(state, u64::from_le_bytes(word));
    }
    for &byte in chunks.remainder() {
        state = hash::combine(state, u64::from(byte));
    }
    state
}

/// Writes values one after the other.
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(crate) fn new(magic: [u8; 8], version: u32) -> Self {
        let mut bytes = magic.to_vec();
        bytes.extend_from_slice(&version.to_le_bytes());
        Self { bytes }
    }
    pub(crate) fn reserve(&mut self, bytes: usize) {
        self.bytes.reserve_exact(bytes);
    }
    pub(crate) fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }
    pub(crate) fn u32(&mut self, value: u32) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }
    pub(crate) fn u64(&mut self, value: u64) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }
    pub(crate) fn f32(&mut self, value: f32) {
        self.u32(value.to_bits());
    }
    pub(crate) fn f64(&mut self, value: f64) {
        self.u64(value.to_bits());
    }
    pub(crate) fn len(&mut self, value: usize) {
        self.u64(value as u64);
    }
    pub(crate) fn str(&mut self, value: &str) {
        self.len(value.len());
        self.bytes.extend_from_slice(value.as_bytes());
    }
    pub(crate) fn list<T>(&mut self, values: &[T], mut one: impl FnMut(&mut Self, &T)) {
        self.len(values.len());
        for value in values {
            one(self, value);
        }
    }
    pub(crate) fn finish(mut self) -> Vec<u8> {
        let sum = checksum(&self.bytes);
        self.u64(sum);
        self.bytes
    }
}

/// Reads values in the order they were written.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8], magic: [u8; 8], version: u32) -> Result<Self, DecodeError> {
        if bytes.len() < 8 || bytes[..8] != magic {
            return Err(DecodeError::Foreign);
        }
        if bytes.len() < 20 {
            return Err(DecodeError::Damaged);
        }
        let (body, sum) = bytes.split_at(bytes.len() - 8);
        let mut head = Reader { rest: &body[8..] };
        let found = head.u32()?;
        if found != version {
            return Err(DecodeError::Version(found));
        }
        if (Reader { rest: sum }).u64()? != checksum(body) {
            return Err(DecodeError::Damaged);
        }
        Ok(head)
    }
    fn take(&mut self, n: usize) -> Result<&'a [u8], DecodeError> {
        if n > self.rest.len() {
            return Err(DecodeError::Damaged);
        }
        let (head, rest) = self.rest.split_at(n);
        self.rest = rest;
        Ok(head)
    }
    pub(crate) fn u8(&mut self) -> Result<u8, DecodeError> {
        Ok(self.take(1)?[0])
    }
    pub(crate) fn u32(&mut self) -> Result<u32, DecodeError> {
        let mut word = [0; 4];
        word.copy_from_slice(self.take(4)?);
        Ok(u32::from_le_bytes(word))
    }
    pub(crate) fn u64(&mut self) -> Result<u64, DecodeError> {
        let mut word = [0; 8];
        word.copy_from_slice(self.take(8)?);
        Ok(u64::from_le_bytes(word))
    }
    pub(crate) fn f32(&mut self) -> Result<f32, DecodeError> {
        Ok(f32::from_bits(self.u32()?))
    }
    pub(crate) fn f64(&mut self) -> Result<f64, DecodeError> {
        Ok(f64::from_bits(self.u64()?))
    }
    pub(crate) fn len(&mut self) -> Result<usize, DecodeError> {
        usize::try_from(self.u64()?).map_err(|_| DecodeError::Damaged)
    }
    pub(crate) fn str(&mut self) -> Result<String, DecodeError> {
        let n = self.len()?;
        String::from_utf8(self.take(n)?.to_vec()).map_err(|_| DecodeError::Damaged)
    }
    pub(crate) fn list<T>(
        &mut self,
        mut one: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let n = self.len()?;
        let mut out = Vec::with_capacity(n.min(self.rest.len()));
        for _ in 0..n {
            out.push(one(self)?);
        }
        Ok(out)
    }
    pub(crate) fn end(&self) -> Result<(), DecodeError> {
        if self.rest.is_empty() { Ok(()) } else { Err(DecodeError::Damaged) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAGIC: [u8; 8] = *b"linlitst";

    fn sample() -> Vec<u8> {
        let mut w = Writer::new(MAGIC, 3);
        w.u8(7);
        w.f32(-0.5);
        w.str("路灯");
        w.list(&[1_u32, 2, 3], |w, &n| w.u32(n));
        w.finish()
    }

    #[test]
    fn what_was_written_is_read() {
        let bytes = sample();
        let mut r = Reader::new(&bytes, MAGIC, 3).unwrap();
        assert_eq!(r.u8(), Ok(7));
        assert_eq!(r.f32(), Ok(-0.5));
        assert_eq!(r.str().unwrap(), "路灯");
        assert_eq!(r.list(Reader::u32), Ok(vec![1, 2, 3]));
        assert_eq!(r.end(), Ok(()));
    }

    #[test]
    fn every_cut_and_every_flipped_bit_is_refused() {
        let bytes = sample();
        for n in 0..bytes.len() {
            assert!(Reader::new(&bytes[..n], MAGIC, 3).is_err(), "cut at {n}");
            let mut flipped = bytes.clone();
            flipped[n] ^= 1;
            assert!(Reader::new(&flipped, MAGIC, 3).is_err(), "flipped at {n}");
        }
        assert_eq!(Reader::new(&bytes, MAGIC, 4).err(), Some(DecodeError::Version(3)));
    }
}
