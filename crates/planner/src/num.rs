//! Number conversions in one place, so that every narrowing is named and saturates instead of wrapping.

/// A position as a compact index; the file limits keep every list below `u32::MAX`.
pub(crate) fn idx(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// A count as a signed number.
pub(crate) fn int(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// A non-negative number as a position; negative numbers become 0.
pub(crate) fn pos(n: i64) -> usize {
    usize::try_from(n).unwrap_or(0)
}

/// Saturating narrowing for people and metres of one building.
pub(crate) fn small(n: i64) -> i32 {
    i32::try_from(n).unwrap_or(if n < 0 { i32::MIN } else { i32::MAX })
}

/// A real number as a whole one, rounded to the nearest, saturating.
#[expect(
    clippy::cast_possible_truncation,
    reason = "`as` saturates for floats, which is what is wanted here"
)]
pub(crate) fn round(x: f64) -> i64 {
    x.round() as i64
}

/// The root of a sum of squares in whole metres.
#[expect(
    clippy::cast_possible_truncation,
    reason = "`as` saturates for floats; half a unit more and cut off rounds what is not negative, without a call"
)]
pub(crate) fn metres(square: f64) -> i32 {
    (square.sqrt() + 0.5) as i32
}

/// A real number without what is behind the point, as a position; negative numbers become 0.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates for floats, which is what is wanted here"
)]
pub(crate) fn cut(x: f64) -> usize {
    x as usize
}
