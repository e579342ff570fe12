//! How the cases of one street become issues (热点归并).
//!
//! The place is known from the case, so the names of places are left out of the words, and each community is looked
//! at by itself; how common words are is learned from the whole street. A road or an estate on the border lies in
//! two communities: the cases that name it are looked at together once more, and what is found there is one issue
//! with what it shares members with.

use std::collections::{BTreeMap, BTreeSet};

use linli_kernel::{AreaCode, area::AreaLevel, time::china_day};
use linli_text::hot::{Background, HotCase, HotIndex, HotOptions};

use super::PEOPLE;
use crate::{feed::Told, places::Names};

/// What one street's cases say together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) place: AreaCode,
    pub(super) problem: String,
    /// Indices of the cases, in order.
    pub(super) members: Vec<usize>,
}

/// Cases that belong together, and the most typical of them.
struct Issue {
    members: BTreeSet<usize>,
    centre: usize,
}

struct Street<'a> {
    cases: &'a [Told],
    messages: Vec<HotCase>,
    background: Background,
}

fn community(area: &AreaCode) -> AreaCode {
    area.at(AreaLevel::Community).unwrap_or_else(|| area.clone())
}

fn message(told: &Told, names: &Names) -> HotCase {
    HotCase {
        id: told.id.to_string(),
        person: told.person.clone(),
        title: names.without(&told.title),
        text: names.without(&told.body),
        day: china_day(told.at),
        supporters: told.supporters,
        opponents: 0,
        // The cases of one look are of one place; nothing in their words says otherwise.
        area: told.area.at(AreaLevel::Street).unwrap_or_else(|| told.area.clone()).to_string(),
    }
}

/// The area in which at least two thirds of the members lie, as narrow as possible.
fn common(areas: &[&AreaCode], street: &AreaCode) -> AreaCode {
    for level in [AreaLevel::Grid, AreaLevel::Community] {
        let mut counts: BTreeMap<AreaCode, usize> = BTreeMap::new();
        for area in areas.iter().filter_map(|a| a.at(level)) {
            *counts.entry(area).or_default() += 1;
        }
        if let Some((area, n)) = counts.into_iter().max_by_key(|(_, n)| *n)
            && n * 3 >= areas.len() * 2
        {
            return area;
        }
    }
    street.clone()
}

impl<'a> Street<'a> {
    fn of(cases: &'a [Told], names: &Names) -> Self {
        let mut background = Background::default();
        let messages: Vec<HotCase> = cases.iter().map(|told| message(told, names)).collect();
        for one in &messages {
            background.learn(&one.title, &one.text);
        }
        Self { cases, messages, background }
    }

    /// The issues among some of its cases.
    fn issues(&self, some: &[usize]) -> Vec<Issue> {
        if some.len() < PEOPLE as usize {
            return Vec::new();
        }
        let options = HotOptions { people: PEOPLE as usize, one_place: true, ..HotOptions::default() };
        let mut index = HotIndex::new(self.background.clone(), options);
        for &at in some {
            index.add(self.messages[at].clone());
        }
        let own = |issue: linli_text::hot::Issue| Issue {
            members: issue.members.iter().map(|&i| some[i]).collect(),
            centre: some[issue.centre],
        };
        index.issues().into_iter().map(own).collect()
    }

    fn people(&self, members: &BTreeSet<usize>) -> usize {
        members.iter().map(|&i| self.cases[i].person.as_str()).collect::<BTreeSet<_>>().len()
    }

    fn crosses(&self, members: &BTreeSet<usize>) -> bool {
        members.iter().map(|&i| community(&self.cases[i].area)).collect::<BTreeSet<_>>().len() > 1
    }

    /// Places that cases of several communities name, each with its cases.
    fn on_the_border(&self, names: &Names) -> Vec<Vec<usize>> {
        let mut places: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
        for (at, told) in self.cases.iter().enumerate() {
            let said = format!("{}\n{}", told.address, told.said());
            for mention in names.within(&said) {
                places.entry(names.canonical(&mention).to_owned()).or_default().insert(at);
            }
        }
        places.into_values().filter(|at| self.crosses(at)).map(|at| at.into_iter().collect()).collect()
    }
}

/// Takes an issue of a place on the border in: one with those that it shares at least half of the smaller with.
fn join(issues: &mut Vec<Issue>, mut new: Issue) {
    let shares = |one: &Issue, new: &Issue| {
        2 * one.members.intersection(&new.members).count() >= one.members.len().min(new.members.len())
    };
    while let Some(at) = issues.iter().position(|one| shares(one, &new)) {
        let one = issues.swap_remove(at);
        if one.members.len() >= new.members.len() {
            new.centre = one.centre;
        }
        new.members.extend(one.members);
    }
    issues.push(new);
}

/// Groups the cases of one street.
pub(super) fn group(cases: &[Told], names: &Names, street: &AreaCode) -> Vec<Found> {
    let whole = Street::of(cases, names);
    let mut communities: BTreeMap<AreaCode, Vec<usize>> = BTreeMap::new();
    for (at, told) in cases.iter().enumerate() {
        communities.entry(community(&told.area)).or_default().push(at);
    }
    let mut issues: Vec<Issue> = communities.values().flat_map(|some| whole.issues(some)).collect();
    for some in whole.on_the_border(names) {
        for issue in whole.issues(&some) {
            if whole.crosses(&issue.members) {
                join(&mut issues, issue);
            }
        }
    }
    // A case is of one issue: of the larger one.
    issues.sort_by_key(|issue| (std::cmp::Reverse(issue.members.len()), issue.centre));
    let mut taken: BTreeSet<usize> = BTreeSet::new();
    let mut found = Vec::new();
    for mut issue in issues {
        issue.members.retain(|at| taken.insert(*at));
        if whole.people(&issue.members) < PEOPLE as usize {
            continue;
        }
        let areas: Vec<&AreaCode> = issue.members.iter().map(|&i| &cases[i].area).collect();
        found.push(Found {
            place: common(&areas, street),
            problem: cases[issue.centre].title.clone(),
            members: issue.members.into_iter().collect(),
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use linli_grid::Atlas;
    use linli_kernel::Timestamp;

    fn told(person: usize, said: &str, grid: &str) -> Told {
        Told {
            id: uuid::Uuid::from_u128(person as u128),
            number: String::new(),
            title: said.into(),
            body: said.into(),
            address: String::new(),
            area: format!("371002001{grid}").parse().unwrap(),
            point: None,
            at: Timestamp::from_millis(1_700_000_000_000),
            state: "filed".into(),
            listed: true,
            person: person.to_string(),
            supporters: 0,
            category: None,
            nature: String::new(),
            whistle: String::new(),
        }
    }

    /// Cases about other things, so that words have a measure.
    fn noise(from: usize) -> Vec<Told> {
        [
            "垃圾桶满了没人收",
            "窨井盖丢了一个",
            "路灯不亮三天了",
            "停车位被占用",
            "树枝挡住信号灯",
            "自来水发黄",
        ]
        .iter()
        .enumerate()
        .map(|(n, said)| told(from + n, said, if n % 2 == 0 { "001001" } else { "002001" }))
        .collect()
    }

    fn grouped(cases: &[Told]) -> Vec<Found> {
        let names = Names::of(&Atlas::new(vec![], vec![], vec![], vec![]), &[], &[]);
        group(cases, &names, &"371002001".parse().unwrap())
    }

    #[test]
    fn an_issue_of_a_road_on_the_border_is_one() {
        let mut cases = noise(100);
        for n in 0..6 {
            let said = format!("望海路夜市油烟太大开不了窗第{n}次反映");
            cases.push(told(n, &said, if n % 2 == 0 { "001001" } else { "002001" }));
        }
        let found = grouped(&cases);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].members, (6..12).collect::<Vec<_>>());
        assert_eq!(found[0].place.as_str(), "371002001", "it lies in the street");
    }

    #[test]
    fn the_same_problem_of_two_communities_stays_two_where_no_place_joins_them() {
        let mut cases = noise(100);
        for n in 0..6 {
            let (place, grid) = if n % 2 == 0 { ("望海苑", "001001") } else { ("锦绣苑", "002001") };
            cases.push(told(n, &format!("{place}夜市油烟太大开不了窗第{n}次反映"), grid));
        }
        let found = grouped(&cases);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().all(|f| f.members.len() == 3 && f.place.as_str().len() > 9), "{found:?}");
    }
}
