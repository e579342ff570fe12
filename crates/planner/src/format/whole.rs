//! Whole numbers, also when a program wrote them as `85.0`.

use serde::{Deserialize, Deserializer, de};

/// A whole number, also when a program wrote it as `85.0`.
struct Whole(i64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Whole;
            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("a whole number")
            }
            fn visit_i64<E: de::Error>(self, n: i64) -> Result<Whole, E> {
                Ok(Whole(n))
            }
            fn visit_u64<E: de::Error>(self, n: u64) -> Result<Whole, E> {
                i64::try_from(n).map(Whole).map_err(|_| E::custom("the number is too large"))
            }
            fn visit_f64<E: de::Error>(self, x: f64) -> Result<Whole, E> {
                if x.fract() == 0.0 && x.abs() < 1e15 {
                    Ok(Whole(crate::num::round(x)))
                } else {
                    Err(E::custom(format!("{x} is not a whole number")))
                }
            }
        }
        input.deserialize_any(Visitor)
    }
}

pub(super) fn whole<'de, D: Deserializer<'de>>(input: D) -> Result<i64, D::Error> {
    Whole::deserialize(input).map(|n| n.0)
}

pub(super) fn maybe_whole<'de, D: Deserializer<'de>>(input: D) -> Result<Option<i64>, D::Error> {
    Ok(Option::<Whole>::deserialize(input)?.map(|n| n.0))
}

pub(super) fn wholes<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<i64>, D::Error> {
    Ok(Vec::<Whole>::deserialize(input)?.into_iter().map(|n| n.0).collect())
}
