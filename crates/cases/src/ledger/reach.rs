//! Who may count what: the same rule as [`Scope::filter`] writes into a query.

use linli_access::Scope;

use super::{Fact, Table};

/// A scope in the table's own numbers.
pub(super) struct Reach {
    everything: bool,
    areas: Vec<bool>,
    parties: Vec<bool>,
}

impl Reach {
    pub(super) fn covers(&self, fact: &Fact) -> bool {
        let holds = |mask: &[bool], n: u32| mask.get(n as usize).copied().unwrap_or_default();
        self.everything || holds(&self.areas, fact.area) || holds(&self.parties, fact.parties)
    }
}

impl Table {
    pub(super) fn reach(&self, scope: &Scope) -> Reach {
        let orgs: Vec<u32> = scope.orgs.iter().filter_map(|org| self.orgs.find(org)).collect();
        Reach {
            everything: *scope == Scope::everything(),
            areas: self.areas.mask(|area| scope.areas.iter().any(|wide| wide.contains(area))),
            parties: self.parties.mask(|set| orgs.iter().any(|org| set.contains(org))),
        }
    }

    /// The cases within a scope.
    pub(crate) fn within(&self, scope: &Scope) -> impl Iterator<Item = &Fact> {
        let reach = self.reach(scope);
        self.facts.iter().filter(move |fact| reach.covers(fact))
    }
}
