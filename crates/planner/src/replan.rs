//! Replan (实时调整): a published plan after sites closed, slowed, opened — with as little change as possible.
//!
//! The published plan is a flow of cost 0 in a time-expanded hub network: a hub per (site, slot), and beside it a
//! *queue* hub in which people who lost their slot wait for the next one, at a price per slot. Keeping site and slot
//! is free, coming later to the same site costs little, another site costs more plus the extra metres; nobody comes
//! earlier than announced, and rows up to the slot already called do not move at all. A change of a site is a change
//! of its gates' capacities; only the displaced people are routed ([`crate::hubflow`]), and the result is the
//! optimum of the whole problem, not a local patch. Who fits nowhere is left over at a price beyond all others.
//! What a place costs from every cell is known before anything happens (`Network::prepare`), so that a displaced row
//! goes straight to its new place.
//!
//! The flow moves people one by one; households are then moved whole, the flow telling which and where to. What
//! that costs beyond the flow is reported beside it. Cost: one short augmentation per displaced row.

use crate::hubflow::{Arc, Network, UNLIMITED};
use crate::num::{idx, int, small};
use crate::problem::Problem;

/// What a change costs a person, in metres.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prices {
    /// Later at the same site.
    pub later: i32,
    /// Each slot of delay.
    pub slot: i32,
    /// Another site, on top of the extra metres.
    pub elsewhere: i32,
    /// No place at all.
    pub nowhere: i32,
}

impl Default for Prices {
    fn default() -> Self {
        Self { later: 60, slot: 30, elsewhere: 300, nowhere: 200_000 }
    }
}

/// A row of a plan: building, site, slot, people.
pub type Row = (u32, u32, usize, i64);

/// A published plan that can be changed while the day runs.
#[derive(Clone, Debug)]
pub struct Live {
    net: Network,
    /// First slot that may still change.
    from: usize,
    slots: usize,
    rows: Vec<Row>,
    /// Gate of (site, slot − from).
    gates: Vec<usize>,
    /// Link from queue to cell, and from queue to the next queue.
    seats: Vec<usize>,
    waits: Vec<usize>,
    /// For each item its row, and what its arcs mean.
    item_row: Vec<u32>,
    capacity: Vec<i64>,
}

/// Where one item's people go now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// Index of the row in the published plan.
    pub row: u32,
    /// New site, or `u32::MAX` for nobody's.
    pub site: u32,
    /// New slot.
    pub slot: usize,
    /// People.
    pub people: i64,
}

impl Live {
    /// The network of a published plan; rows up to and including slot `called` stay for good.
    pub fn new(problem: &Problem, rows: &[Row], called: Option<usize>, prices: Prices) -> Self {
        let from = called.map_or(0, |slot| slot + 1).min(problem.slots);
        let slots = problem.slots - from;
        let sites = problem.capacity.len();
        let cells = sites * slots;
        let mut net = Network::new(2 * cells);
        let sink = net.sink();
        let scale = small(problem.scale);
        let mut live = Self {
            from,
            slots,
            rows: rows.to_vec(),
            gates: Vec::with_capacity(cells),
            seats: Vec::with_capacity(cells),
            waits: Vec::with_capacity(cells),
            item_row: Vec::new(),
            capacity: Vec::with_capacity(cells),
            net: Network::default(),
        };
        for site in 0..sites {
            for t in 0..slots {
                let cell = idx(site * slots + t);
                let queue = cell + idx(cells);
                let capacity = problem.capacity[site][from + t];
                live.capacity.push(capacity);
                live.gates.push(net.add_link(cell, sink, capacity, 0));
                live.seats.push(net.add_link(queue, cell, UNLIMITED, 0));
                live.waits.push(if t + 1 < slots {
                    net.add_link(queue, queue + 1, UNLIMITED, i64::from(prices.slot * scale))
                } else {
                    usize::MAX
                });
            }
        }
        let mut arcs = Vec::new();
        for (at, &(building, site, slot, people)) in rows.iter().enumerate() {
            if slot < from || slot >= problem.slots {
                continue;
            }
            let b = building as usize;
            let latest = problem.windows[problem.class[b] as usize].1;
            let here = problem.arcs_of(b).iter().find(|arc| arc.hub == site).map_or(0, |arc| arc.cost);
            let t = slot - from;
            arcs.clear();
            arcs.push(Arc { hub: site * idx(slots) + idx(t), cost: 0 });
            let mut offer = |site: u32, start: usize, cost: i32| {
                let start_cell = site * idx(slots) + idx(start);
                if latest + 1 >= problem.slots {
                    if start < slots {
                        arcs.push(Arc { hub: start_cell + idx(cells), cost });
                    }
                } else {
                    // A window that ends early: its cells one by one, because a queue does not know who waits.
                    for later in start..(latest + 1 - from).min(slots) {
                        let delay = small(int(later - start));
                        arcs.push(Arc {
                            hub: site * idx(slots) + idx(later),
                            cost: cost + delay * prices.slot * scale,
                        });
                    }
                }
            };
            offer(site, t + 1, (prices.later + prices.slot) * scale);
            for arc in problem.arcs_of(b).iter().filter(|arc| arc.hub != site) {
                let extra = (arc.cost - here).max(0);
                offer(arc.hub, t, prices.elsewhere * scale + extra);
            }
            arcs.push(Arc { hub: sink, cost: prices.nowhere.saturating_mul(scale) });
            let item = net.add_item(small(people), &arcs);
            net.place_at(item, 0);
            live.item_row.push(idx(at));
        }
        for cell in 0..cells {
            let load = net.excess_of(idx(cell)).max(0);
            net.shift_link(live.gates[cell], load.min(live.capacity[cell]));
        }
        net.prepare();
        live.net = net;
        live
    }

    /// Sets the capacity of a site in a slot; slots already called are not changed.
    pub fn set_capacity(&mut self, site: usize, slot: usize, capacity: i64) {
        if slot >= self.from && slot - self.from < self.slots {
            let cell = site * self.slots + slot - self.from;
            self.capacity[cell] = capacity;
            self.net.set_capacity(self.gates[cell], capacity);
        }
    }

    /// Routes everybody who was displaced; the cost of all changes since the plan was published, in units.
    pub fn settle(&mut self) -> i64 {
        // Nobody's place has room for everybody, so this cannot fail.
        let settled = self.net.settle();
        debug_assert!(settled.is_ok());
        self.net.cost()
    }

    /// Proves the present flow optimal.
    pub fn certify(&self) -> Result<(), String> {
        self.net.certify()
    }

    /// Shortest paths used so far.
    pub fn augmentations(&self) -> u64 {
        self.net.augmentations
    }

    /// Who goes where, one by one: what the flow says, row by row, for everything that moves.
    pub fn moves(&self) -> Vec<Move> {
        let cells = self.gates.len();
        let sink = self.net.sink();
        let mut waiting: Vec<Vec<(u32, i64)>> = vec![Vec::new(); cells];
        let mut moves = Vec::new();
        for (item, &row) in self.item_row.iter().enumerate() {
            let (_, site, slot, _) = self.rows[row as usize];
            let own = site as usize * self.slots + slot - self.from;
            for (hub, people, _) in self.net.placed(item) {
                let (hub, people) = (hub as usize, i64::from(people));
                if hub == sink as usize {
                    moves.push(Move { row, site: u32::MAX, slot: 0, people });
                } else if hub >= cells {
                    waiting[hub - cells].push((row, people));
                } else if hub != own {
                    moves.push(self.seat(row, hub, people));
                }
            }
        }
        // Queues empty in order: who waited longest is seated first.
        for cell in 0..cells {
            let mut open = self.net.link_flow(self.seats[cell]);
            let mut queue = std::mem::take(&mut waiting[cell]);
            queue.sort_unstable();
            for (row, people) in queue {
                let seated = people.min(open);
                open -= seated;
                if seated > 0 {
                    moves.push(self.seat(row, cell, seated));
                }
                if people > seated && (cell + 1) % self.slots != 0 {
                    waiting[cell + 1].push((row, people - seated));
                }
            }
        }
        moves.sort_unstable_by_key(|m| (m.row, m.site, m.slot));
        moves
    }

    fn seat(&self, row: u32, cell: usize, people: i64) -> Move {
        Move { row, site: idx(cell / self.slots), slot: self.from + cell % self.slots, people }
    }

    /// The published rows.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Capacity now, of a slot that can still change.
    pub fn capacity(&self, site: usize, slot: usize) -> Option<i64> {
        (slot >= self.from && slot - self.from < self.slots)
            .then(|| self.capacity[site * self.slots + slot - self.from])
    }

    /// First slot that may change.
    pub fn from_slot(&self) -> usize {
        self.from
    }
}
