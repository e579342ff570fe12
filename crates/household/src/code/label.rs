//! What stands in the QR code: a number and a keyed hash of it, in sixteen letters that can also be typed.

use linli_access::{Access, Purpose};
use linli_kernel::{AreaCode, Result};

/// Crockford's letters: none is mistaken for another.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Bytes of the keyed hash: one guess in 2^48 is right, and guesses are counted.
const MAC: usize = 6;
/// Letters of a label.
const LENGTH: usize = 16;

/// Bytes as letters, five bits each; the number of bytes is a multiple of five.
pub fn letters(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 8 / 5);
    for chunk in bytes.chunks(5) {
        let bits = chunk.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        for n in (0..8).rev() {
            let at = usize::try_from(bits >> (n * 5) & 31).unwrap_or_default();
            out.push(char::from(LETTERS[at]));
        }
    }
    out
}

/// The bytes of letters as people type them: in capitals, in groups, with an O for a zero.
pub(crate) fn bytes(text: &str) -> Option<Vec<u8>> {
    let mut values = Vec::with_capacity(text.len());
    for c in text.chars().filter(|c| !matches!(c, ' ' | '-')) {
        let c = match c.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            c => c,
        };
        let value = LETTERS.iter().position(|letter| char::from(*letter) == c)?;
        values.push(u64::try_from(value).ok()?);
    }
    if values.is_empty() || !values.len().is_multiple_of(8) {
        return None;
    }
    let mut out = Vec::with_capacity(values.len() * 5 / 8);
    for chunk in values.chunks(8) {
        let bits = chunk.iter().fold(0_u64, |bits, value| bits << 5 | value);
        out.extend_from_slice(&bits.to_be_bytes()[3..]);
    }
    Some(out)
}

/// Whether two hashes are the same, in a time that does not tell how much of them is.
pub(crate) fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |diff, (a, b)| diff | (a ^ b)) == 0
}

/// A label whose hash was right, or that we made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label(pub i64);

impl Label {
    fn mac(self, access: &Access, district: &AreaCode) -> Result<Vec<u8>> {
        let mut mac = access.keyring.lookup(Purpose::Resident, &format!("door/{district}/{}", self.0))?;
        mac.truncate(MAC);
        Ok(mac)
    }

    /// The letters of the QR code.
    pub fn text(self, access: &Access, district: &AreaCode) -> Result<String> {
        let number = u32::try_from(self.0).map_err(linli_kernel::Error::internal)?;
        let mut all = number.to_be_bytes().to_vec();
        all.extend(self.mac(access, district)?);
        Ok(letters(&all))
    }

    /// In groups of four, as it is printed under the QR code.
    pub fn grouped(text: &str) -> String {
        let chars: Vec<char> = text.to_ascii_uppercase().chars().collect();
        chars.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
    }

    /// Reads a label; nothing if we did not make it.
    pub fn read(text: &str, access: &Access, district: &AreaCode) -> Result<Option<Self>> {
        // Longer texts need not be looked at: an address may hold anything.
        if text.len() > LENGTH * 2 {
            return Ok(None);
        }
        let Some(all) = bytes(text).filter(|all| all.len() == 4 + MAC) else { return Ok(None) };
        let (number, mac) = all.split_at(4);
        let label = Self(number.iter().fold(0, |n, byte| n << 8 | i64::from(*byte)));
        Ok(same(&label.mac(access, district)?, mac).then_some(label))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn letters_come_back_however_they_are_typed(all in proptest::array::uniform10(any::<u8>())) {
            let text = letters(&all);
            prop_assert_eq!(text.len(), LENGTH);
            prop_assert_eq!(bytes(&text).unwrap(), all.to_vec());
            let typed = Label::grouped(&text).replace('0', "O").replace('1', "l");
            prop_assert_eq!(bytes(&typed).unwrap(), all.to_vec());
        }

        #[test]
        fn nothing_breaks_it(text in "\\PC{0,40}") {
            let _ = bytes(&text);
        }
    }

    #[test]
    fn what_is_no_label() {
        for text in ["", "abc", "0123456789abcdeu", "门牌"] {
            assert_eq!(bytes(text), None, "{text}");
        }
        assert!(same(b"ab", b"ab") && !same(b"ab", b"ac") && !same(b"ab", b"a"));
    }
}
