//! Who checks a grid (抽查人): somebody else than its worker, decided from who is known there.

use linli_kernel::{AreaCode, actor::AccountId, text_enum};

text_enum! {
    /// Why somebody may check.
    pub enum Standing {
        /// 副网格员
        Deputy = "deputy",
        /// 相邻网格的网格员
        Neighbour = "neighbour",
        /// 社区书记
        Secretary = "secretary",
    }
}

/// Somebody who may check a grid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Who.
    pub account: AccountId,
    /// By name.
    pub name: String,
    /// As what.
    pub standing: Standing,
}

/// Who is known around a grid.
#[derive(Debug, Clone, Default)]
pub struct Around {
    /// The grid's worker.
    pub own: Option<AccountId>,
    /// The grid's deputy.
    pub deputy: Option<(AccountId, String)>,
    /// The other grids of the community and their workers.
    pub others: Vec<(AreaCode, AccountId, String)>,
    /// The secretary who draws.
    pub secretary: Option<(AccountId, String)>,
}

/// Who may check `grid`, the first choice first: the deputy, the workers of the grids that follow it, the secretary.
pub fn candidates(grid: &AreaCode, around: &Around) -> Vec<Candidate> {
    let mut others: Vec<&(AreaCode, AccountId, String)> = around.others.iter().collect();
    // Each checks the one before: round the community, so that nobody gets two while another gets none.
    others.sort_by_key(|(area, ..)| (area < grid, area));
    let deputy = around.deputy.iter().map(|(id, name)| (*id, name, Standing::Deputy));
    let neighbours = others.iter().map(|(_, id, name)| (*id, name, Standing::Neighbour));
    let secretary = around.secretary.iter().map(|(id, name)| (*id, name, Standing::Secretary));
    let mut all: Vec<Candidate> = Vec::new();
    for (account, name, standing) in deputy.chain(neighbours).chain(secretary) {
        if Some(account) != around.own && all.iter().all(|c| c.account != account) {
            all.push(Candidate { account, name: name.clone(), standing });
        }
    }
    all
}

/// Whether somebody is a grid's own worker: by its card, or by a post there that is not the deputy's.
pub(super) fn is_own(who: Option<AccountId>, around: &Around, post_here: bool) -> bool {
    let deputy = around.deputy.as_ref().map(|(id, _)| *id);
    who.is_some() && (who == around.own || (post_here && who != deputy))
}

#[cfg(test)]
mod tests {
    use linli_kernel::export::uuid::Uuid;

    use super::*;

    fn who(n: u128) -> AccountId {
        AccountId(Uuid::from_u128(n))
    }

    fn grid(n: u128) -> AreaCode {
        format!("371002001001{n:03}").parse().unwrap()
    }

    fn around(own: u128) -> Around {
        Around {
            own: Some(who(own)),
            deputy: None,
            others: [1, 2, 3]
                .into_iter()
                .filter(|n| *n != own)
                .map(|n| (grid(n), who(n), format!("员{n}")))
                .collect(),
            secretary: Some((who(9), "书记".into())),
        }
    }

    fn chosen(own: u128, around: &Around) -> Vec<(u128, Standing)> {
        candidates(&grid(own), around).into_iter().map(|c| (c.account.0.as_u128(), c.standing)).collect()
    }

    #[test]
    fn a_deputy_with_a_post_there_is_not_its_worker() {
        let deputy = Around { deputy: Some((who(3), "员3".into())), ..around(2) };
        assert!(!is_own(Some(who(3)), &deputy, true));
        assert!(is_own(Some(who(2)), &deputy, false) && is_own(Some(who(4)), &deputy, true));
        assert!(!is_own(Some(who(4)), &deputy, false) && !is_own(None, &around(2), true));
        // Worker and deputy at once: the worker.
        let both = Around { deputy: Some((who(2), "员2".into())), ..around(2) };
        assert!(is_own(Some(who(2)), &both, true));
    }

    #[test]
    fn round_the_community_and_never_ones_own() {
        use Standing::{Deputy, Neighbour, Secretary};
        assert_eq!(chosen(1, &around(1)), [(2, Neighbour), (3, Neighbour), (9, Secretary)]);
        assert_eq!(chosen(3, &around(3)), [(1, Neighbour), (2, Neighbour), (9, Secretary)]);
        let deputy = Around { deputy: Some((who(3), "员3".into())), ..around(2) };
        assert_eq!(chosen(2, &deputy), [(3, Deputy), (1, Neighbour), (9, Secretary)]);
        // Who stands in for themselves, serves two grids, or is the secretary too, is still the own worker.
        let alone = Around {
            deputy: Some((who(1), "员1".into())),
            others: vec![(grid(2), who(1), "员1".into())],
            ..around(1)
        };
        assert_eq!(chosen(1, &alone), [(9, Secretary)]);
        let all = Around { secretary: Some((who(1), "员1".into())), ..alone };
        assert_eq!(chosen(1, &all), []);
    }
}
