//! Which cases lie in a block (分块): chains through one list, the newest first.
//!
//! A district has some four times as many blocks as cases, and most hold one case: a list for each would cost more
//! than the cases themselves. Cost: 8 bytes for each case in each of its blocks, some 17 a block; entering is constant,
//! taking out walks the block.

use crate::hash::Map;

/// The end of a chain.
const NONE: u32 = u32::MAX;

#[derive(Debug, Clone, Copy)]
struct Link {
    case: u32,
    next: u32,
}

/// All blocks, by their keys.
#[derive(Debug, Clone)]
pub(super) struct Blocks {
    heads: Map<u64, u32>,
    links: Vec<Link>,
    /// The first of the links that are free, which hang together like a block.
    free: u32,
}

impl Default for Blocks {
    fn default() -> Self {
        Self { heads: Map::default(), links: Vec::new(), free: NONE }
    }
}

impl Blocks {
    /// Enters a case.
    pub(super) fn push(&mut self, key: u64, case: u32) {
        let head = self.heads.entry(key).or_insert(NONE);
        let link = Link { case, next: *head };
        if let Some(free) = self.links.get_mut(self.free as usize) {
            *head = std::mem::replace(&mut self.free, free.next);
            *free = link;
        } else {
            *head = u32::try_from(self.links.len()).unwrap_or(NONE);
            self.links.push(link);
        }
    }

    /// Takes a case out, if it is there.
    pub(super) fn remove(&mut self, key: u64, case: u32) {
        let Some(&head) = self.heads.get(&key) else { return };
        let (mut before, mut at) = (NONE, head);
        while let Some(&link) = self.links.get(at as usize) {
            if link.case != case {
                (before, at) = (at, link.next);
                continue;
            }
            match self.links.get_mut(before as usize) {
                Some(before) => before.next = link.next,
                None if link.next == NONE => {
                    self.heads.remove(&key);
                }
                None => {
                    self.heads.insert(key, link.next);
                }
            }
            self.links[at as usize].next = std::mem::replace(&mut self.free, at);
            return;
        }
    }

    /// The cases of a block, the newest first.
    pub(super) fn of(&self, key: u64) -> impl Iterator<Item = u32> {
        let mut at = self.heads.get(&key).copied().unwrap_or(NONE);
        std::iter::from_fn(move || {
            let link = self.links.get(at as usize)?;
            at = link.next;
            Some(link.case)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::Rng;

    /// Any order of entering and taking out leaves what lists would hold, and no more links than were ever needed.
    #[test]
    fn as_lists_would() {
        let mut rng = Rng::new(11);
        let (mut blocks, mut lists) = (Blocks::default(), BTreeMap::<u64, Vec<u32>>::new());
        let (mut held, mut most) = (0, 0);
        for case in 0..20_000_u32 {
            let key = rng.below(50) as u64;
            if rng.below(5) < 3 {
                blocks.push(key, case);
                lists.entry(key).or_default().push(case);
                held += 1;
            } else {
                let list = lists.entry(key).or_default();
                let out = if list.is_empty() { case } else { list[rng.below(list.len())] };
                blocks.remove(key, out);
                held -= list.len();
                list.retain(|c| *c != out);
                held += list.len();
            }
            most = most.max(held);
            let list = &lists.get(&key).cloned().unwrap_or_default();
            assert!(blocks.of(key).eq(list.iter().rev().copied()));
        }
        assert_eq!(blocks.heads.len(), lists.values().filter(|l| !l.is_empty()).count());
        assert_eq!(blocks.links.len(), most);
    }
}
