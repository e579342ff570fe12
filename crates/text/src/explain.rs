//! The words that speak for a label (判断依据).
//!
//! Every known run of characters carries a weight for the label. The weights are spread over the
//! characters they cover; stretches of the text whose characters all speak for the label are cut
//! out as words, so that people read 夜间施工 and not eleven overlapping fragments.
//!
//! Invariants: every word is a piece of the folded text, two to eight characters long, none twice,
//! at most `WORDS` of them, strongest first. Cost: linear in the text.

use crate::features::runs;

/// Most words given.
const WORDS: usize = 5;
/// Longest word given.
const LONGEST: usize = 8;

/// Cuts the words out of folded characters; `weight` says how much a run speaks for the label.
pub(crate) fn words(chars: &[char], longest: usize, weight: impl Fn(u64) -> f32) -> Vec<String> {
    let mut each = vec![0.0_f32; chars.len()];
    runs(chars, longest, |start, length, key| {
        let share = weight(key) / length as f32;
        for slot in &mut each[start..start + length] {
            *slot += share;
        }
    });
    let top = each.iter().copied().fold(0.0_f32, f32::max);
    if top <= 0.0 {
        return Vec::new();
    }
    let bar = top * 0.25;
    let mut found: Vec<(f32, String)> = Vec::new();
    let mut start = 0;
    while start < chars.len() {
        if each[start] < bar || chars[start] == ' ' {
            start += 1;
            continue;
        }
        let mut end = start;
        let mut sum = 0.0;
        while end < chars.len() && end - start < LONGEST && each[end] >= bar && chars[end] != ' ' {
            sum += each[end];
            end += 1;
        }
        if end - start >= 2 {
            let word: String = chars[start..end].iter().collect();
            match found.iter_mut().find(|(_, known)| *known == word) {
                Some(known) => known.0 += sum * 0.2,
                None => found.push((sum, word)),
            }
        }
        start = end;
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let mut out: Vec<String> = Vec::new();
    for (_, word) in found {
        if out.len() < WORDS && !out.iter().any(|known| known.contains(&word)) {
            out.push(word);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_runs_merge_into_words() {
        let chars: Vec<char> = "你好 工地夜间施工吵人 谢谢".chars().collect();
        let speaks: Vec<char> = "夜间施工".chars().collect();
        let weight = |key: u64| {
            let last = char::from_u32(u32::try_from(key & 0x1f_ffff).unwrap()).unwrap();
            let before = char::from_u32(u32::try_from(key >> 21).unwrap());
            let all = speaks.contains(&last) && before.is_none_or(|c| c == '\0' || speaks.contains(&c));
            if all { 1.0 } else { -1.0 }
        };
        assert_eq!(words(&chars, 2, weight), ["夜间施工"]);
    }

    #[test]
    fn nothing_speaks_for_it() {
        let chars: Vec<char> = "你好".chars().collect();
        assert!(words(&chars, 2, |_| -1.0).is_empty());
        assert!(words(&[], 2, |_| 1.0).is_empty());
    }
}
