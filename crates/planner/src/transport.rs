//! Stage 2, walking (步行距离): the least person-metres at which everybody fits by a given slot.
//!
//! The transportation problem `min Σ metres × people`, exact, on the hub network ([`crate::hubflow`]): prices of
//! the sites by Newton steps on the dual, everyone to the cheapest site under these prices, and shortest augmenting paths
//! for what is left. People may be seated one by one, so the optimum bounds every way of splitting from below.

use crate::hubflow::Cut;
use crate::network::SiteNetwork;
use crate::num::idx;
use crate::problem::Problem;

/// Passes over the buildings to find prices before the exact search.
const ROUNDS: usize = 16;

/// An optimal flow of people to sites.
#[derive(Clone, Debug)]
pub struct Transport {
    /// Units walked in all.
    pub cost: i64,
    /// Who goes where: served building (its position in that list), site, people; in the order of the buildings.
    pub flows: Vec<(u32, u32, i32)>,
    /// Worth of one more place, in units, for every gate: site by site, stretch by stretch of slots.
    pub prices: Vec<i64>,
    /// Shortest paths that were needed.
    pub augmentations: u64,
}

/// Solves the stage for the slots `0..=horizon`; a cut if not everybody fits.
pub fn transport(problem: &Problem, horizon: usize) -> Result<Transport, Cut> {
    let network = solve(problem, horizon)?;
    Ok(network.read(problem))
}

pub(crate) fn solve(problem: &Problem, horizon: usize) -> Result<SiteNetwork, Cut> {
    let mut network = SiteNetwork::new(problem, horizon);
    network.net.ascend(ROUNDS);
    network.net.start();
    network.net.settle()?;
    Ok(network)
}

impl SiteNetwork {
    fn read(&self, problem: &Problem) -> Transport {
        let classes = problem.windows.len().max(1);
        let mut site_of = vec![0_u32; self.net.sink() as usize + 1];
        for (at, &post) in self.posts.iter().enumerate() {
            if let Some(site) = site_of.get_mut(post as usize) {
                *site = idx(at / classes);
            }
        }
        let mut flows = Vec::with_capacity(problem.served.len() + problem.served.len() / 8);
        for item in 0..problem.served.len() {
            let placed = self.net.placed(item);
            flows.extend(placed.map(|(hub, people, _)| (idx(item), site_of[hub as usize], people)));
        }
        // A place nobody comes to may have been left with a price below 0; the flow does not mind, a bound would.
        let prices = self.gates.iter().map(|gate| self.net.price(gate.hub).max(0));
        Transport {
            cost: self.net.cost(),
            flows,
            prices: prices.collect(),
            augmentations: self.net.augmentations,
        }
    }
}
