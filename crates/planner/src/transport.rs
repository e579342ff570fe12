//! Stage 2, walking (步行距离): the least person-metres at which everybody fits by a given slot.
//!
//! The transportation problem `min Σ metres × people`, exact, on the hub network ([`crate::hubflow`]): prices of
//! the sites by coordinate ascent, everyone to the cheapest site under these prices, and shortest augmenting paths
//! for what is left. People may be seated one by one, so the optimum bounds every way of splitting from below.

use crate::hubflow::Cut;
use crate::network::SiteNetwork;
use crate::problem::Problem;

/// Passes over the buildings to find prices before the exact search.
const ROUNDS: usize = 14;

/// An optimal flow of people to sites.
#[derive(Clone, Debug)]
pub struct Transport {
    /// Units walked in all.
    pub cost: i64,
    /// For each served building (in that order) the sites and people.
    pub flows: Vec<Vec<(usize, i32)>>,
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
        let mut site_of = vec![0_usize; self.net.sink() as usize + 1];
        for (at, &post) in self.posts.iter().enumerate() {
            if let Some(site) = site_of.get_mut(post as usize) {
                *site = at / classes;
            }
        }
        let flows = (0..problem.served.len()).map(|item| {
            let placed = self.net.placed(item);
            placed.map(|(hub, n, _)| (site_of[hub as usize], n)).collect()
        });
        let prices = self.gates.iter().map(|gate| self.net.price(gate.hub));
        Transport {
            cost: self.net.cost(),
            flows: flows.collect(),
            prices: prices.collect(),
            augmentations: self.net.augmentations,
        }
    }
}
