//! Legal entities (法人): unified social credit code by GB 32100.

use linli_kernel::{error::Check, person::parse_phone, text::normalise};
use serde::Deserialize;

use super::{EntityKind, Say, person::said};

/// 统一社会信用代码: 18 characters, the last of which checks the others.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Uscc(String);

/// The alphabet of GB 32100: no I, O, S, V, Z.
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

impl Uscc {
    /// Reads what people type.
    pub fn parse(text: &str) -> Option<Self> {
        let plain: String =
            normalise(text).to_ascii_uppercase().chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        let bytes = plain.as_bytes();
        let (body, check) = bytes.split_at_checked(17)?;
        let area = bytes.get(2..8)?.iter().all(u8::is_ascii_digit);
        (area && check == [Self::check(body)?]).then_some(Self(plain))
    }

    /// The code itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The code for 17 characters, with its check character (for synthetic entities).
    pub fn with_check(body: &str) -> Option<Self> {
        let check = Self::check(body.as_bytes())?;
        Self::parse(&format!("{body}{}", char::from(check)))
    }

    /// 31 − Σ value · 3^place mod 31, and 31 counts as 0.
    fn check(body: &[u8]) -> Option<u8> {
        let mut weight = 1;
        let mut sum = 0;
        for byte in body {
            let value = ALPHABET.iter().position(|c| c == byte)?;
            sum += value * weight;
            weight = weight * 3 % 31;
        }
        ALPHABET.get((31 - sum % 31) % 31).copied().filter(|_| body.len() == 17)
    }
}

/// A legal entity as the rules see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entity {
    /// Its code; a stall may have none yet.
    pub uscc: Option<Uscc>,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: EntityKind,
    /// Where, in words.
    pub address: String,
    /// Whom to talk to.
    pub contact_name: Option<String>,
    /// Their phone, digits only.
    pub contact_phone: Option<String>,
}

/// What somebody says of an entity.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EntityFacts {
    /// Its code.
    pub uscc: Say<Uscc>,
    /// Its name.
    pub name: Option<String>,
    /// What it is.
    pub kind: Option<EntityKind>,
    /// Where, in words.
    pub address: Option<String>,
    /// Whom to talk to.
    pub contact_name: Say<String>,
    /// Their phone.
    pub contact_phone: Say<String>,
}

/// What was typed of an entity; `-` says that there is none.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct EntityTexts {
    /// 统一社会信用代码
    pub uscc: String,
    /// 名称
    pub name: String,
    /// 类型
    pub kind: String,
    /// 地址
    pub address: String,
    /// 联系人
    pub contact_name: String,
    /// 联系电话
    pub contact_phone: String,
}

impl EntityFacts {
    /// Reads what was typed; what is wrong stands at its field.
    pub fn checked(texts: &EntityTexts, check: &mut Check) -> Self {
        Self {
            uscc: said(check, "uscc", "household-uscc-bad", &texts.uscc, Uscc::parse),
            name: check.optional("name", Some(&texts.name), 100),
            kind: texts.kind.parse().ok(),
            address: check.optional("address", Some(&texts.address), 200),
            contact_name: said(check, "contact_name", "error-required", &texts.contact_name, |t| {
                Some(t.to_owned())
            }),
            contact_phone: said(
                check,
                "contact_phone",
                "household-phone-bad",
                &texts.contact_phone,
                parse_phone,
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn as_the_standard_has_it() {
        // The example of GB 32100-2015, annex A.
        assert!(Uscc::parse("91350100M000100Y43").is_some());
        assert!(Uscc::parse("９１３５０１００ｍ０００１００ｙ４３").is_some());
        for wrong in
            ["91350100M000100Y44", "91350100M000100Y4", "9135010OM000100Y43", "", "91350100M000100Y433"]
        {
            assert_eq!(Uscc::parse(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn one_slip_is_noticed(body in "9100000[0-9]MA[0-9A-HJ-NPQRTUWXY]{7}", at in 8_usize..17, to in 0_usize..31) {
            let code = Uscc::with_check(&body).unwrap();
            let mut bytes = code.as_str().as_bytes().to_vec();
            if bytes[at] != ALPHABET[to] {
                bytes[at] = ALPHABET[to];
                prop_assert_eq!(Uscc::parse(std::str::from_utf8(&bytes).unwrap()), None);
            }
        }
    }
}
