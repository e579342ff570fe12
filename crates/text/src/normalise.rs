//! One spelling for every text (归一): what all readers in this crate see.
//!
//! Full-width letters, digits and signs become half-width, Latin letters become small, everything
//! that is neither a letter nor a digit becomes one space. [`fold`] keeps digits (place names need
//! them), [`fold_features`] writes every run of digits as a single `0`, because the amount or the
//! date in a complaint says nothing of its category while the presence of a number does.
//!
//! Invariant: the result has no leading, trailing or doubled space; folding twice changes nothing.
//! Cost: one pass, one allocation.

/// Maps one character to its common form; `None` when it separates words.
pub(crate) fn fold_char(c: char) -> Option<char> {
    let c = match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{2460}'..='\u{2468}' => char::from_u32(u32::from(c) - 0x2460 + 0x31).unwrap_or(c),
        _ => c,
    };
    if c.is_ascii() {
        return c.is_ascii_alphanumeric().then(|| c.to_ascii_lowercase());
    }
    if is_han(c) {
        return Some(c);
    }
    c.is_alphanumeric().then(|| c.to_lowercase().next().unwrap_or(c))
}

/// Whether the character is a Chinese ideograph.
#[must_use]
pub fn is_han(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}' | '\u{20000}'..='\u{323af}' | '〇')
}

fn fold_with(text: &str, mut one: impl FnMut(char, Option<char>) -> Option<char>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut gap = false;
    let mut last = None;
    for raw in text.chars() {
        if let Some(c) = fold_char(raw) {
            if gap && !out.is_empty() {
                out.push(' ');
                last = None;
            }
            gap = false;
            if let Some(kept) = one(c, last) {
                out.push(kept);
                last = Some(kept);
            }
        } else {
            gap = true;
        }
    }
    out
}

/// The text in its common form, digits kept.
///
/// ```
/// assert_eq!(linli_text::fold("  ＡＢ１２，路灯！！坏了 "), "ab12 路灯 坏了");
/// ```
#[must_use]
pub fn fold(text: &str) -> String {
    fold_with(text, |c, _| Some(c))
}

/// The text in its common form with every run of digits written as one `0`.
///
/// ```
/// assert_eq!(linli_text::fold_features("等了2019年12月"), "等了0年0月");
/// ```
#[must_use]
pub fn fold_features(text: &str) -> String {
    fold_with(text, |c, last| if c.is_ascii_digit() { (last != Some('0')).then_some('0') } else { Some(c) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_is_idempotent_and_tidy() {
        for text in ["", "  ", "Ａ市Ａ3区，，您好！", "①路灯\n\t坏了", "한국 ÀÉ", "🚧施工🚧"]
        {
            let once = fold(text);
            assert_eq!(fold(&once), once);
            assert!(!once.starts_with(' ') && !once.ends_with(' ') && !once.contains("  "), "{once:?}");
            let features = fold_features(text);
            assert_eq!(fold_features(&features), features);
        }
    }

    #[test]
    fn digits_become_one_mark_but_only_within_a_word() {
        assert_eq!(fold_features("12 34"), "0 0");
        assert_eq!(fold_features("a12b3"), "a0b0");
    }
}
