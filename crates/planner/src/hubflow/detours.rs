//! The cheapest detours between hubs, kept while members come and go (最省改道).
//!
//! Per pair of hubs `u → v` only the member of `u` that loses least by standing at `v` matters. A newcomer is
//! compared with what is known, in time of its own few arcs; a member that leaves makes only those detours unknown
//! that it was the best for. What such a detour cost before is less than or equal to what it costs now, so it is looked
//! for again only when a search could use it at the old cost.
//!
//! After [`super::place`] most members are far from changing over, and a hub begins with the detours of those that are
//! near. The others cost at least so much, under the prices of that time, and prices of hubs only rise in a search: so
//! [`Network::slack`] bounds from below what has not been looked at, and a search looks at it only when it gets that far.
//!
//! Invariant: the list of a hub holds, for every hub that some member looked at could go to, the cheapest such detour,
//! or one marked unknown (`leave` is [`NONE`]) whose cost is a lower bound. Members looked at are all of them if the hub
//! is known whole; otherwise those near when the network was started, and every newcomer since. Cost: `O(degree)`
//! per newcomer, `O(members · degree)` for all unknown detours of a hub at once.

use super::{Detour, NONE, Network};
use crate::num::idx;

/// How much is known of the detours out of a hub.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Known {
    #[default]
    Nothing,
    /// Those of the members that were near, and of newcomers.
    Near,
    All,
}

/// A member that was near, with the arcs of its item: to look these up one by one is to wait for memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    pub(super) leave: u32,
    pub(super) first: u32,
    pub(super) count: u32,
}

impl Network {
    /// The detours that a new member of a hub opens.
    pub(super) fn detours_of_newcomer(&mut self, leave: u32) {
        let hub = self.arcs[leave as usize].hub as usize;
        let known = self.known[hub];
        let Member { first, count, .. } = self.member(leave);
        if known != Known::All
            && let Some(near) = self.near.get_mut(hub)
        {
            near.push(Member { leave, first, count });
        }
        if known == Known::Nothing {
            return;
        }
        let here = self.arcs[leave as usize].cost;
        let list = &mut self.detours[hub];
        for enter in first..first + count {
            let arc = self.arcs[enter as usize];
            if enter == leave {
                continue;
            }
            let detour = Detour { to: arc.hub, cost: arc.cost - here, leave, enter };
            match list.iter_mut().find(|known| known.to == arc.hub) {
                None => list.push(detour),
                // What is no dearer than the bound of an unknown one is the cheapest.
                Some(known) if detour.cost < known.cost => *known = detour,
                Some(known) if known.leave == NONE && detour.cost == known.cost => *known = detour,
                Some(_) => {}
            }
        }
    }

    /// The arc a member stands on, with those of its item.
    fn member(&self, leave: u32) -> Member {
        let item = self.owner[leave as usize] as usize;
        Member { leave, first: self.first[item], count: self.count[item] }
    }

    /// A member left: what it was the best for is unknown now.
    pub(super) fn detours_without(&mut self, hub: usize, left: u32) {
        for detour in &mut self.detours[hub] {
            if detour.leave == left {
                detour.leave = NONE;
            }
        }
    }

    /// Makes the list of detours out of a hub if there is none; `best` is scratch memory, all [`NONE`].
    #[inline]
    pub(super) fn refresh(&mut self, hub: usize, best: &mut [u32]) {
        if self.known[hub] == Known::Nothing {
            self.detours[hub].clear();
            self.known[hub] = if self.near.is_empty() { Known::All } else { Known::Near };
            self.collect(hub, best, true);
        }
    }

    /// Looks at all members of a hub, also those that were far.
    pub(super) fn refresh_whole(&mut self, hub: usize, best: &mut [u32]) {
        self.detours[hub].clear();
        self.known[hub] = Known::All;
        self.near[hub] = Vec::new();
        self.collect(hub, best, true);
    }

    /// What a detour out of a hub adds at least, if it is one that was not looked at.
    #[inline]
    pub(super) fn slack(&self, hub: usize) -> Option<i64> {
        (self.known[hub] == Known::Near).then(|| (self.potential[hub] - self.floor[hub]).max(0))
    }

    /// Looks again for the detours out of a hub that are unknown.
    pub(super) fn learn(&mut self, hub: usize, best: &mut [u32]) {
        self.collect(hub, best, false);
        self.detours[hub].retain(|detour| detour.leave != NONE);
    }

    /// Looks through the members of a hub for all detours, or for those marked unknown.
    fn collect(&mut self, hub: usize, best: &mut [u32], all: bool) {
        let mut list = std::mem::take(&mut self.detours[hub]);
        for (at, detour) in list.iter().enumerate() {
            best[detour.to as usize] = if detour.leave == NONE { idx(at) } else { KNOWN };
        }
        let mut look = |Member { leave, first, count }| {
            let here = self.arcs[leave as usize].cost;
            for enter in first..first + count {
                let arc = self.arcs[enter as usize];
                let at = best[arc.hub as usize];
                if at == KNOWN || enter == leave || (at == NONE && !all) {
                    continue;
                }
                let detour = Detour { to: arc.hub, cost: arc.cost - here, leave, enter };
                if at == NONE {
                    best[arc.hub as usize] = idx(list.len());
                    list.push(detour);
                } else {
                    let known = &mut list[at as usize];
                    if known.leave == NONE || detour.cost < known.cost {
                        *known = detour;
                    }
                }
            }
        };
        if self.known[hub] == Known::Near {
            // Some that were near have left.
            let here = self.near[hub].iter().filter(|member| self.flow[member.leave as usize] > 0);
            here.for_each(|&member| look(member));
        } else {
            self.members[hub].iter().for_each(|&leave| look(self.member(leave)));
        }
        for detour in &list {
            best[detour.to as usize] = NONE;
        }
        self.detours[hub] = list;
    }
}

/// "This detour is known."
const KNOWN: u32 = NONE - 1;
