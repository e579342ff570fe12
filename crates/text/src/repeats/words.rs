//! Why two cases look alike (相同用词): their likeness and the words that stand in both.
//!
//! Invariants: every word stands in both folded texts, is two to eight characters long and none lies in
//! another; rarest first. Cost: one set of pairs, one walk over the second text.

use std::collections::HashSet;

use super::{RepeatCase, RepeatIndex, bucket};
use crate::features::runs;
use crate::normalise::{fold, is_han};

/// Most words given.
const WORDS: usize = 3;
/// Longest word given.
const LONGEST: usize = 8;
/// A pair of characters rarer than this tells something; without any experience all do.
const TELLING: f32 = 0.12;

impl RepeatIndex {
    /// How alike two texts are, 0 to 1, by what is rare in this district.
    #[must_use]
    pub fn likeness(&self, a: &RepeatCase<'_>, b: &RepeatCase<'_>) -> f32 {
        self.slot(0, a).likeness(&self.slot(0, b))
    }

    /// The most telling words that stand in both texts.
    ///
    /// ```
    /// use linli_text::{Rarity, RepeatIndex, RepeatOptions};
    /// let index = RepeatIndex::new(Rarity::default(), RepeatOptions::default());
    /// let words = index.shared_words("楼前污水井冒水，路面都是水", "门口那个污水井又往外冒");
    /// assert_eq!(words, ["污水井"]);
    /// ```
    #[must_use]
    pub fn shared_words(&self, a: &str, b: &str) -> Vec<String> {
        let (a, b) = (fold(a), fold(b));
        let first: Vec<char> = a.chars().collect();
        let pairs: HashSet<[char; 2]> = first.windows(2).map(|w| [w[0], w[1]]).collect();
        let chars: Vec<char> = b.chars().collect();
        let joined = |at: usize| {
            chars.get(at..at + 2).is_some_and(|w| !w.contains(&' ') && pairs.contains(&[w[0], w[1]]))
        };
        let mut found: Vec<(f32, String)> = Vec::new();
        let mut at = 0;
        while at + 1 < chars.len() {
            if !joined(at) {
                at += 1;
                continue;
            }
            let mut end = at + 1;
            // Pairs that follow each other here need not do so there.
            while end - at < LONGEST && joined(end) {
                let longer: String = chars[at..=end + 1].iter().collect();
                if !a.contains(&longer) {
                    break;
                }
                end += 1;
            }
            let word: String = chars[at..=end.min(at + LONGEST - 1)].iter().collect();
            let weight = self.telling(&chars[at..=end.min(at + LONGEST - 1)]);
            if weight > 0.0 && word.chars().any(is_han) {
                found.push((weight, word));
            }
            at = end;
        }
        found.sort_by(|x, y| y.0.total_cmp(&x.0).then_with(|| x.1.cmp(&y.1)));
        let mut out: Vec<String> = Vec::new();
        for (_, word) in found {
            if out.len() < WORDS && !out.iter().any(|known| known.contains(&word)) {
                out.push(word);
            }
        }
        out
    }

    /// The sum of how rare the pairs of a word are; nothing for a word that everybody writes.
    fn telling(&self, word: &[char]) -> f32 {
        let total = self.rarity.total;
        let common = |n: u32| total >= 20 && n as f32 > TELLING * total as f32;
        let (mut sum, mut rare) = (0.0, false);
        runs(word, 2, |_, length, key| {
            if length == 2 {
                let at = bucket(key) as usize;
                rare |= !common(self.rarity.documents[at]);
                sum += self.weight[at];
            }
        });
        if rare { sum } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Rarity, RepeatCase, RepeatIndex, RepeatOptions};

    #[test]
    fn what_everybody_writes_is_no_reason() {
        let mut rarity = Rarity::default();
        for n in 0..40_u32 {
            let one = char::from_u32(0x5e00 + n).unwrap();
            rarity.learn(&format!("希望尽快处理{one}"));
        }
        let index = RepeatIndex::new(rarity, RepeatOptions::default());
        assert_eq!(index.shared_words("井盖松动希望尽快处理", "希望尽快处理，井盖松动响"), ["井盖松动"]);
        assert!(index.shared_words("希望尽快处理", "希望尽快处理").is_empty());
        assert!(index.shared_words("", "井盖").is_empty());
    }

    #[test]
    fn alike_texts_are_alike_and_others_are_not() {
        let mut rarity = Rarity::default();
        for text in ["路灯坏了", "污水井冒水", "噪音扰民", "路面塌陷"] {
            rarity.learn(text);
        }
        let index = RepeatIndex::new(rarity, RepeatOptions::default());
        let of = |text| RepeatCase { text, ..RepeatCase::default() };
        assert!(index.likeness(&of("门前污水井冒水"), &of("污水井往外冒水")) > 0.4);
        assert!(index.likeness(&of("门前污水井冒水"), &of("楼上噪音扰民")) < 0.1);
    }
}
