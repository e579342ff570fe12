//! Who can play which part (角色): people by organisation and role.

use std::collections::HashMap;

use linli_cases::model::Chain;
use linli_kernel::{AreaCode, Role, actor::OrgId, area::AreaLevel};

use crate::{
    district::{District, centre_code, department_code, hotline_code, section_code},
    rng::Dice,
};

/// People and organisations by what they are for.
#[derive(Debug)]
pub(super) struct Cast {
    serving: HashMap<(String, Role), Vec<usize>>,
    ids: HashMap<String, OrgId>,
}

impl Cast {
    pub(super) fn of(district: &District) -> Self {
        let mut serving: HashMap<(String, Role), Vec<usize>> = HashMap::new();
        for (i, person) in district.people.iter().enumerate() {
            // The first post is a person's own; the others are stand-ins.
            if let Some(post) = person.posts.first() {
                serving.entry((post.org.clone(), post.role)).or_default().push(i);
            }
        }
        Self { serving, ids: district.orgs.iter().map(|o| (o.code.clone(), o.id)).collect() }
    }

    fn one(&self, org: String, role: Role, dice: &mut Dice) -> usize {
        self.serving.get(&(org, role)).and_then(|people| dice.pick(people)).copied().unwrap_or_default()
    }

    pub(super) fn id(&self, org: &str) -> OrgId {
        self.ids.get(org).copied().unwrap_or(OrgId(uuid::Uuid::nil()))
    }

    pub(super) fn worker(&self, grid: &AreaCode, dice: &mut Dice) -> usize {
        self.one(grid.to_string(), Role::GridWorker, dice)
    }

    pub(super) fn secretary(&self, grid: &AreaCode, dice: &mut Dice) -> usize {
        self.one(up(grid, AreaLevel::Community).to_string(), Role::CommunitySecretary, dice)
    }

    pub(super) fn street(&self, place: &AreaCode, dice: &mut Dice) -> usize {
        self.one(centre_code(&up(place, AreaLevel::Street)), Role::StreetCentre, dice)
    }

    pub(super) fn leader(&self, place: &AreaCode, dice: &mut Dice) -> usize {
        self.one(centre_code(&up(place, AreaLevel::Street)), Role::StreetLeader, dice)
    }

    pub(super) fn district(&self, place: &AreaCode, dice: &mut Dice) -> usize {
        self.one(centre_code(&up(place, AreaLevel::District)), Role::DistrictCentre, dice)
    }

    pub(super) fn hotline(&self, place: &AreaCode, dice: &mut Dice) -> usize {
        self.one(hotline_code(&up(place, AreaLevel::District)), Role::Hotline, dice)
    }

    /// The clerk of a section or department.
    pub(super) fn clerk(&self, org: &str, dice: &mut Dice) -> usize {
        self.one(org.to_owned(), Role::Department, dice)
    }

    pub(super) fn section(place: &AreaCode, duty: &str) -> String {
        section_code(&up(place, AreaLevel::Street), duty)
    }

    pub(super) fn department(duty: &str) -> String {
        department_code(duty)
    }
}

impl District {
    /// Who answers for a place: its grid team, its street's centre, the district's centre.
    pub fn chain(&self, place: &AreaCode) -> Option<Chain> {
        let id = |code: String| self.org(&code).map(|o| o.id);
        Some(Chain {
            grid: place.at(AreaLevel::Grid).and_then(|grid| id(grid.to_string())),
            street: place.at(AreaLevel::Street).and_then(|street| id(centre_code(&street))),
            district: id(centre_code(&place.at(AreaLevel::District)?))?,
        })
    }
}

pub(super) fn up(place: &AreaCode, level: AreaLevel) -> AreaCode {
    place.at(level).unwrap_or_else(|| place.clone())
}
