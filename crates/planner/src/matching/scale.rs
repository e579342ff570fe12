//! The batch: prices nearly right, then exact repair (成批匹配).
//!
//! Where there is help enough, prices are low, and one round of exact bids ([`super::bid`]) places nearly everybody.
//! Where there is not, prices come from forward and reverse auctions over flat memory ([`super::crowd`]). What is then
//! without a place looks for one by the exact search ([`super::search`]), a place that nobody wants at its price is
//! filled by the exact search from its side ([`super::fill`]), and the book is exact.
//!
//! Cost: a few bids per unit; the repairs are few and short because prices are nearly right.

use super::book::{Book, VACANT};
use super::crowd::Crowd;
use super::search::Scratch;
use crate::num::idx;

impl Book<'_> {
    /// Places all waiting units optimally into a book that holds nothing yet.
    pub(super) fn batch(&mut self, waiting: &[u32], search: &mut Scratch) {
        let room: usize = self.helpers.iter().map(|giver| giver.capacity as usize).sum();
        let left = if 10 * waiting.len() > 9 * room {
            let mut crowd = Crowd::new(self, waiting);
            let left = crowd.settle(self.limit);
            crowd.write(left, self)
        } else {
            let mut needs = waiting.to_vec();
            needs.dedup();
            for need in needs {
                self.appraise(need);
            }
            self.bid(waiting.to_vec())
        };
        for need in left {
            self.place(need, search);
        }
        for slot in 0..idx(self.holder.len()) {
            if self.holder[slot as usize] == VACANT {
                self.fill(slot, search);
            }
        }
    }
}
