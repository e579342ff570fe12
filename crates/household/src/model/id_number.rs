//! The identity number (公民身份号码, GB 11643), also of residence permits that have its form.

use chrono::NaiveDate;
use linli_kernel::person::valid_id_number;

use super::Sex;

/// A number whose check character is right.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct IdNumber(String);

impl IdNumber {
    /// Reads what people type: full-width digits, blanks, a small x.
    pub fn parse(text: &str) -> Option<Self> {
        let plain: String =
            linli_kernel::text::normalise(text).chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        let plain = plain.to_ascii_uppercase();
        let born = plain.get(6..14).and_then(|date| NaiveDate::parse_from_str(date, "%Y%m%d").ok());
        (valid_id_number(&plain) && born.is_some()).then_some(Self(plain))
    }

    /// The number itself; show and log only what [`IdNumber::masked`] gives.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Day of birth.
    pub fn birth(&self) -> NaiveDate {
        NaiveDate::parse_from_str(&self.0[6..14], "%Y%m%d").unwrap_or_default()
    }

    /// The 17th digit: odd for men.
    pub fn sex(&self) -> Sex {
        let digit = self.0.as_bytes()[16];
        if (digit - b'0') % 2 == 1 { Sex::Male } else { Sex::Female }
    }

    /// `3710**********002X`: the first four and the last four.
    pub fn masked(&self) -> String {
        format!("{}**********{}", &self.0[..4], &self.0[14..])
    }

    /// The number for 17 digits, with its check character (for synthetic people).
    pub fn with_check(digits: &str) -> Option<Self> {
        b"0123456789X".iter().find_map(|&check| Self::parse(&format!("{digits}{}", char::from(check))))
    }
}

impl std::fmt::Debug for IdNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn as_the_standard_has_it() {
        let number = IdNumber::parse(" 11010519491231002x ").unwrap();
        assert_eq!(number.as_str(), "11010519491231002X");
        assert_eq!(number.birth(), NaiveDate::from_ymd_opt(1949, 12, 31).unwrap());
        assert_eq!(number.sex(), Sex::Female);
        assert_eq!(format!("{number:?}"), "1101**********002X");
        assert_eq!(IdNumber::parse("４４０５２４１８８００１０１００１４").unwrap().sex(), Sex::Male);
        for wrong in ["110105194912310021", "11010519491331002X", "1101051949123100", "", "十一"] {
            assert_eq!(IdNumber::parse(wrong), None, "{wrong}");
        }
    }

    proptest! {
        /// The check character finds every single wrong digit and every swap of neighbours.
        #[test]
        fn one_slip_is_noticed(serial in 0_u32..1000, day in 1_u32..=28, at in 0_usize..17, to in 0_u8..10) {
            let number = IdNumber::with_check(&format!("000000198005{day:02}{serial:03}")).unwrap();
            let mut digits = number.as_str().as_bytes().to_vec();
            if digits[at] != b'0' + to {
                digits[at] = b'0' + to;
                prop_assert_eq!(IdNumber::parse(std::str::from_utf8(&digits).unwrap()), None);
            }
            let mut swapped = number.as_str().as_bytes().to_vec();
            swapped.swap(at, (at + 1).min(16));
            if swapped != number.as_str().as_bytes() {
                prop_assert_eq!(IdNumber::parse(std::str::from_utf8(&swapped).unwrap()), None);
            }
        }
    }
}
