//! What a phone or an identity number looks like, and how little of it a screen shows.

/// A mainland mobile number (11 digits from 1) or a landline with area code, digits only.
pub fn parse_phone(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '（' | '）')).collect();
    let digits = digits.strip_prefix("+86").unwrap_or(&digits).to_owned();
    let plain = digits.bytes().all(|b| b.is_ascii_digit());
    let mobile = digits.len() == 11 && digits.starts_with('1');
    let landline = (10..=12).contains(&digits.len()) && digits.starts_with('0');
    (plain && (mobile || landline)).then_some(digits)
}

/// `138****5678`: the first three and last four.
pub fn mask_phone(phone: &str) -> String {
    let chars: Vec<char> = phone.chars().collect();
    if chars.len() < 8 {
        return "****".to_owned();
    }
    let head: String = chars[..3].iter().collect();
    let tail: String = chars[chars.len() - 4..].iter().collect();
    format!("{head}****{tail}")
}

/// `王**`: the first character only.
pub fn mask_name(name: &str) -> String {
    let mut chars = name.chars();
    match chars.next() {
        Some(first) => format!("{first}{}", "*".repeat(chars.count().clamp(1, 3))),
        None => String::new(),
    }
}

/// Checks an 18-character identity number (GB 11643): birth date digits and check character.
pub fn valid_id_number(text: &str) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECKS: &[u8; 11] = b"10X98765432";
    let bytes = text.as_bytes();
    if bytes.len() != 18 || !bytes[..17].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let date = chrono::NaiveDate::parse_from_str(&text[6..14], "%Y%m%d");
    let sum: u32 = bytes[..17].iter().zip(WEIGHTS).map(|(b, w)| u32::from(b - b'0') * w).sum();
    date.is_ok() && bytes[17].to_ascii_uppercase() == CHECKS[(sum % 11) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phones() {
        assert_eq!(parse_phone("+86 138-0013-8000").as_deref(), Some("13800138000"));
        assert_eq!(parse_phone("0631-5231234").as_deref(), Some("06315231234"));
        assert_eq!(parse_phone("1380013800"), None);
        assert_eq!(parse_phone("13800138x00"), None);
        assert_eq!(mask_phone("13800138000"), "138****8000");
        assert_eq!(mask_name("王小明"), "王**");
    }

    #[test]
    fn identity_numbers() {
        assert!(valid_id_number("11010519491231002X"));
        assert!(!valid_id_number("110105194912310021"));
        assert!(!valid_id_number("11010519491331002X"));
    }
}
