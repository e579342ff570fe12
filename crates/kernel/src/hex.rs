//! Bytes as hexadecimal digits, and texts with some of their bytes so.

/// Two small digits for each byte.
pub fn hex(bytes: impl AsRef<[u8]>) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |n: u8| char::from(DIGITS[usize::from(n)]);
    bytes.as_ref().iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Percent-encodes all but unreserved characters (RFC 3986) and `keep`.
pub fn percent(text: &str, keep: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || keep.contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&hex([byte]).to_uppercase());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{hex, percent};

    #[test]
    fn what_is_not_kept_is_encoded() {
        assert_eq!(percent("/a b?", b"/"), "/a%20b%3F");
        assert_eq!(percent("-._~é", b""), "-._~%C3%A9");
    }

    #[test]
    fn each_byte_has_two_digits() {
        assert_eq!(hex([0, 1, 0x0f, 0x10, 0xab, 0xff]), "00010f10abff");
        assert_eq!(hex([]), "");
    }
}
