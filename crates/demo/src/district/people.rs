//! Who serves where (岗位): an account for every post of the district.

use linli_grid::OrgKind;
use linli_kernel::{AreaCode, Role, actor::AccountId, area::AreaLevel};

use super::{AreaPlan, OrgPlan, founding_id};
use crate::{names, rng::Dice};

/// A post: role, place and organisation by code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostPlan {
    /// What the holder may do.
    pub role: Role,
    /// Where.
    pub area: AreaCode,
    /// For which organisation, by its code.
    pub org: String,
}

/// Somebody with an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonPlan {
    /// The same for the same seed.
    pub id: AccountId,
    /// Log-in name.
    pub login: String,
    /// Synthetic name.
    pub name: String,
    /// Synthetic number.
    pub phone: String,
    /// The posts held.
    pub posts: Vec<PostPlan>,
}

/// Makes the accounts and notes the grids' workers and deputies.
pub(super) fn plan(areas: &mut [AreaPlan], orgs: &[OrgPlan], seed: u64) -> Vec<PersonPlan> {
    let mut rng = Dice::stream(seed, "people", 0);
    let mut people: Vec<PersonPlan> = Vec::new();
    let mut hire = |login: String, role: Role, org: &OrgPlan| {
        let post = PostPlan { role, area: org.area.clone(), org: org.code.clone() };
        let nth = people.len();
        people.push(PersonPlan {
            id: AccountId(founding_id(seed, "person", nth)),
            login,
            name: names::person(&mut rng),
            phone: names::mobile(nth + 1),
            posts: vec![post],
        });
        nth
    };
    for org in orgs {
        // Without the district's six digits a log-in is short enough to type.
        let tail = &org.area.as_str()[6..];
        let word = org.duty_code.as_deref().unwrap_or_default();
        match org.kind {
            OrgKind::DistrictCentre => {
                for n in 1..=3 {
                    hire(format!("centre{n}"), Role::DistrictCentre, org);
                }
                hire("admin".to_owned(), Role::SystemAdmin, org);
                hire("security".to_owned(), Role::SecurityOfficer, org);
                hire("auditor".to_owned(), Role::Auditor, org);
            }
            OrgKind::Hotline => {
                for n in 1..=2 {
                    hire(format!("hotline{n}"), Role::Hotline, org);
                }
            }
            OrgKind::Department => {
                hire(word.to_owned(), Role::Department, org);
                hire(format!("{word}.lead"), Role::DepartmentLead, org);
            }
            OrgKind::StreetCentre => {
                for n in 1..=2 {
                    hire(format!("street{tail}.{n}"), Role::StreetCentre, org);
                }
                hire(format!("leader{tail}"), Role::StreetLeader, org);
            }
            OrgKind::Section => {
                hire(format!("{word}{tail}"), Role::Department, org);
            }
            OrgKind::Community => {
                hire(format!("community{tail}"), Role::CommunitySecretary, org);
            }
            OrgKind::Grid => {
                hire(format!("grid{tail}"), Role::GridWorker, org);
            }
        }
    }
    staff_grids(areas, &mut people);
    people
}

/// In every community the workers stand in for each other, so a deputy is the next grid's worker;
/// a community of one grid asks its own worker's neighbour, the secretary.
fn staff_grids(areas: &mut [AreaPlan], people: &mut [PersonPlan]) {
    let serving: std::collections::BTreeMap<AreaCode, usize> = people
        .iter()
        .enumerate()
        .filter_map(|(i, p)| p.posts.first().map(|post| (post, i)))
        .filter(|(post, _)| matches!(post.role, Role::GridWorker | Role::CommunitySecretary))
        .map(|(post, i)| (post.area.clone(), i))
        .collect();
    for i in 0..areas.len() {
        if areas[i].code.level() != AreaLevel::Grid {
            continue;
        }
        let code = areas[i].code.clone();
        let Some(community) = code.parent() else { continue };
        let sibling = |j: usize| {
            areas.get(j).filter(|a| a.code.level() == AreaLevel::Grid && community.contains(&a.code))
        };
        let deputy_of = sibling(i + 1)
            .or_else(|| {
                areas.iter().find(|a| a.code.level() == AreaLevel::Grid && community.contains(&a.code))
            })
            .map(|a| a.code.clone())
            .filter(|other| *other != code)
            .unwrap_or(community);
        let deputy = serving.get(&deputy_of).copied();
        if let Some(person) = deputy.and_then(|d| people.get_mut(d)) {
            person.posts.push(PostPlan { role: Role::GridWorker, area: code.clone(), org: code.to_string() });
        }
        areas[i].worker = serving.get(&code).copied();
        areas[i].deputy = deputy;
    }
}
