//! The cheapest detours between hubs, kept while members come and go (最省改道).
//!
//! Per pair of hubs `u → v` only the member of `u` that loses least by standing at `v` matters. A newcomer is
//! compared with what is known, in time of its own few arcs; a member that leaves makes only those detours unknown
//! that it was the best for. What such a detour cost before is less than or equal to what it costs now, so it is looked
//! for again only when a search could use it at the old cost.
//!
//! Invariant: for a hub marked fresh, the list holds, for every hub that some member could go to, the cheapest such
//! detour, or one marked unknown (`leave` is [`NONE`]) whose cost is a lower bound. Cost: `O(degree)` per newcomer,
//! `O(members · degree)` for all unknown detours of a hub at once.

use super::{Detour, NONE, Network};
use crate::num::idx;

impl Network {
    /// The detours that a new member of a hub opens.
    pub(super) fn detours_of_newcomer(&mut self, leave: u32) {
        let hub = self.arcs[leave as usize].hub as usize;
        if !self.fresh[hub] {
            return;
        }
        let item = self.owner[leave as usize] as usize;
        let here = self.arcs[leave as usize].cost;
        let first = self.first[item];
        let list = &mut self.detours[hub];
        for enter in first..first + self.count[item] {
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
        if !self.fresh[hub] {
            self.detours[hub].clear();
            self.collect(hub, best, true);
            self.fresh[hub] = true;
        }
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
        for &leave in &self.members[hub] {
            let item = self.owner[leave as usize] as usize;
            let here = self.arcs[leave as usize].cost;
            let first = self.first[item];
            for enter in first..first + self.count[item] {
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
        }
        for detour in &list {
            best[detour.to as usize] = NONE;
        }
        self.detours[hub] = list;
    }
}

/// "This detour is known."
const KNOWN: u32 = NONE - 1;
