//! Groups by linkage of the kept links (凝聚分组).
//!
//! The two groups that are most alike become one, as long as any are alike enough; the likeness of two groups is
//! that of their sums, so a chain of small likenesses does not join two problems of the same estate.
//!
//! Source: Sneath & Sokal, "Numerical Taxonomy" (1973). Invariants: every message is in exactly one group; the same
//! links give the same groups. Cost: the links times the logarithm of their number.

use std::collections::{BTreeMap, BinaryHeap};

/// An issue of at least this many messages is established: it is known what it is about,
const ESTABLISHED: usize = 8;
/// so it takes in strays of at most so many messages
const STRAY: usize = 3;
/// at this share of the likeness that others need.
const ADOPT: f32 = 0.6;
/// What may be joined: how alike (as bits, which for positive numbers sort like them), the two groups, and the
/// state of each when that was so.
type Offer = (u32, usize, usize, u32, u32);

struct Groups {
    members: Vec<Vec<usize>>,
    /// Sums of likeness between two groups.
    near: Vec<BTreeMap<usize, f32>>,
    /// The squared length of each group's sum.
    square: Vec<f32>,
    /// Grows when a group changes: older offers are void.
    version: Vec<u32>,
}

impl Groups {
    fn stands(&self, &(_, a, b, va, vb): &Offer) -> bool {
        self.version[a] == va
            && self.version[b] == vb
            && !self.members[a].is_empty()
            && !self.members[b].is_empty()
    }

    /// Whether an established group may take in a stray that is less alike.
    fn adopts(&self, a: usize, b: usize) -> bool {
        let (a, b) = (self.members[a].len(), self.members[b].len());
        a.max(b) >= ESTABLISHED && a.min(b) <= STRAY
    }

    /// Makes two groups one; answers which of the two it is now.
    fn join(&mut self, a: usize, b: usize) -> usize {
        let (to, from) = if self.near[a].len() >= self.near[b].len() { (a, b) } else { (b, a) };
        let between = self.near[to].get(&from).copied().unwrap_or(0.0);
        self.square[to] += self.square[from] + 2.0 * between;
        let moved = std::mem::take(&mut self.members[from]);
        self.members[to].extend(moved);
        self.version[to] += 1;
        self.version[from] += 1;
        for (other, sum) in std::mem::take(&mut self.near[from]) {
            self.near[other].remove(&from);
            if other != to {
                let total = self.near[to].entry(other).or_insert(0.0);
                *total += sum;
                let total = *total;
                self.near[other].insert(to, total);
            }
        }
        self.near[to].remove(&from);
        to
    }
}

/// Groups of the numbers below `n`; `links` say how alike two of them are, `needed` how alike two groups must be.
pub(super) fn groups(n: usize, links: &[(u32, u32, f32)], needed: f32) -> Vec<Vec<usize>> {
    let mut all = Groups {
        members: (0..n).map(|i| vec![i]).collect(),
        near: vec![BTreeMap::new(); n],
        square: vec![1.0; n],
        version: vec![0; n],
    };
    let mut offers: BinaryHeap<Offer> = BinaryHeap::new();
    for &(a, b, s) in links {
        let (a, b) = (a as usize, b as usize);
        all.near[a].insert(b, s);
        all.near[b].insert(a, s);
        if s >= ADOPT * needed {
            offers.push((s.to_bits(), a, b, 0, 0));
        }
    }
    while let Some(offer) = offers.pop() {
        let (bits, a, b, ..) = offer;
        if !all.stands(&offer) || (f32::from_bits(bits) < needed && !all.adopts(a, b)) {
            continue;
        }
        let to = all.join(a, b);
        for (&other, &sum) in &all.near[to] {
            let mean = sum / (all.square[to] * all.square[other]).sqrt();
            if mean >= ADOPT * needed {
                offers.push((mean.to_bits(), to, other, all.version[to], all.version[other]));
            }
        }
    }
    let mut groups: Vec<Vec<usize>> = all.members.into_iter().filter(|m| !m.is_empty()).collect();
    for group in &mut groups {
        group.sort_unstable();
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_of_small_likenesses_joins_nothing() {
        // 0-1 and 2-3 are alike, 1-2 hardly.
        let links = [(0, 1, 0.9), (2, 3, 0.9), (1, 2, 0.2)];
        assert_eq!(groups(5, &links, 0.25), [vec![0, 1], vec![2, 3], vec![4]]);
    }

    #[test]
    fn an_established_group_takes_in_a_stray() {
        let mut links: Vec<(u32, u32, f32)> =
            (0..8).flat_map(|a| (a + 1..8).map(move |b| (a, b, 0.8))).collect();
        // Of the sum of eight messages at 0.8 each, a message at 0.18 to all of them is alike by about 0.2.
        links.extend((0..8).map(|a| (a, 8, 0.18)));
        assert_eq!(groups(9, &links, 0.25), [(0..9).collect::<Vec<_>>()]);
        let few: Vec<_> = links.into_iter().filter(|&(a, ..)| a >= 4).collect();
        assert_eq!(groups(9, &few, 0.25).len(), 6, "a small group does not");
    }
}
