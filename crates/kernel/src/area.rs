//! Area codes (区划代码): the prefix of a code is the scope.
//!
//! 6 digits district, 9 street or town (镇街), 12 community or village (社区/村), 15 grid (网格):
//! the statistical code (统计用区划代码, 6+3+3) with three digits added for the grid.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::Value;

/// The level that a code's length says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AreaLevel {
    /// 区县, 6 digits.
    District,
    /// 镇街, 9 digits.
    Street,
    /// 社区/村, 12 digits.
    Community,
    /// 网格, 15 digits.
    Grid,
}

impl AreaLevel {
    /// The stable word of the level.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::District => "district",
            Self::Street => "street",
            Self::Community => "community",
            Self::Grid => "grid",
        }
    }

    const fn digits(self) -> usize {
        match self {
            Self::District => 6,
            Self::Street => 9,
            Self::Community => 12,
            Self::Grid => 15,
        }
    }
}

/// A code of 6, 9, 12 or 15 digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, sqlx::Type)]
#[sqlx(transparent)]
#[serde(transparent)]
pub struct AreaCode(String);

/// Why a text is no area code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an area code has 6, 9, 12 or 15 digits, not “{0}”")]
pub struct BadAreaCode(pub String);

impl AreaCode {
    /// The code's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The level that the length says.
    pub fn level(&self) -> AreaLevel {
        match self.0.len() {
            6 => AreaLevel::District,
            9 => AreaLevel::Street,
            12 => AreaLevel::Community,
            _ => AreaLevel::Grid,
        }
    }

    /// Whether `other` lies in this area (or is it).
    pub fn contains(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }

    /// The enclosing area one level up.
    pub fn parent(&self) -> Option<Self> {
        (self.0.len() > 6).then(|| Self(self.0[..self.0.len() - 3].to_owned()))
    }

    /// The enclosing area at `level`, or itself; nothing if this area is larger than that.
    pub fn at(&self, level: AreaLevel) -> Option<Self> {
        self.0.get(..level.digits()).map(|prefix| Self(prefix.to_owned()))
    }

    /// The code of the `n`-th area below (three more digits).
    pub fn child(&self, n: u16) -> Result<Self, BadAreaCode> {
        format!("{}{n:03}", self.0).parse()
    }

    /// The half-open range of codes in this area: `code >= lower AND code < upper`.
    ///
    /// `:` follows `9` in every collation that we use, so the range is exactly the prefix.
    pub fn range(&self) -> (String, String) {
        (self.0.clone(), format!("{}:", self.0))
    }
}

impl FromStr for AreaCode {
    type Err = BadAreaCode;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = matches!(text.len(), 6 | 9 | 12 | 15) && text.bytes().all(|b| b.is_ascii_digit());
        if fits { Ok(Self(text.to_owned())) } else { Err(BadAreaCode(text.to_owned())) }
    }
}

impl<'de> Deserialize<'de> for AreaCode {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for AreaCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&AreaCode> for Value {
    fn from(code: &AreaCode) -> Self {
        Self::Text(Some(code.0.clone()))
    }
}

impl From<AreaCode> for Value {
    fn from(code: AreaCode) -> Self {
        Self::Text(Some(code.0))
    }
}

impl crate::value::Bind for AreaCode {
    const NULL: Value = Value::Text(None);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn range_is_exactly_the_prefix(a in "[0-9]{6}([0-9]{3}){0,3}", b in "[0-9]{6}([0-9]{3}){0,3}") {
            let (a, b): (AreaCode, AreaCode) = (a.parse().unwrap(), b.parse().unwrap());
            let (low, high) = a.range();
            prop_assert_eq!(a.contains(&b), b.as_str() >= low.as_str() && b.as_str() < high.as_str());
        }
    }

    #[test]
    fn levels_and_parents() {
        let grid: AreaCode = "371002001001005".parse().unwrap();
        assert_eq!(grid.level(), AreaLevel::Grid);
        assert_eq!(grid.parent().unwrap().as_str(), "371002001001");
        assert_eq!(grid.at(AreaLevel::Street).unwrap().as_str(), "371002001");
        assert!("37100".parse::<AreaCode>().is_err());
        assert!("37100a".parse::<AreaCode>().is_err());
    }
}
