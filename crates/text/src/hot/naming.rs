//! The name of an issue (热点命名): the place and the problem in people's own words.
//!
//! Invariants: every piece stands in the subject lines of a third of the members; the pieces have no
//! character in common; without any, the subject line of the central member is the name.
//! Cost: all pieces of up to 16 characters of the subject lines.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::{HotCase, words::readable};
use crate::normalise::is_han;
use crate::place::looks_like_place;

/// Longest pieces that most subject lines share: the place first, then the problem.
pub(super) fn parts(titles: &[&str], centre: &HotCase) -> (String, Vec<String>) {
    let folded: Vec<Vec<char>> = titles.iter().map(|t| readable(t)).filter(|t| !t.is_empty()).collect();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for title in &folded {
        let mut seen = BTreeSet::new();
        for start in 0..title.len() {
            for end in start + 2..=(start + 16).min(title.len()) {
                if title[start..end].contains(&' ') {
                    break;
                }
                seen.insert(title[start..end].iter().collect::<String>());
            }
        }
        for piece in seen {
            *counts.entry(piece).or_insert(0) += 1;
        }
    }
    let least = (folded.len() / 3).max(2).min(folded.len().max(1));
    let mut pieces: Vec<(usize, usize, String)> = counts
        .into_iter()
        .filter(|(_, n)| *n >= least)
        .map(|(p, n)| (n * (p.chars().count() - 1), n, p))
        .collect();
    pieces.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.2.cmp(&b.2)));
    let mut chosen: Vec<String> = Vec::new();
    for (_, _, piece) in pieces {
        let clash = chosen.iter().any(|c| {
            c.chars().collect::<HashSet<_>>().intersection(&piece.chars().collect()).next().is_some()
        });
        if !clash && piece.chars().any(is_han) && chosen.len() < 4 {
            chosen.push(piece);
        }
    }
    if chosen.is_empty() {
        let title = if centre.title.trim().is_empty() { &centre.text } else { &centre.title };
        return (String::new(), vec![title.chars().take(24).collect()]);
    }
    let place = chosen.iter().position(|p| looks_like_place(p)).unwrap_or(0);
    let place = chosen.remove(place);
    (place, chosen)
}
