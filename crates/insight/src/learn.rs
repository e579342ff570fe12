//! Names that people use and nobody has registered (别称学习), from cases whose place is known.

use std::collections::{BTreeMap, BTreeSet};

use linli_kernel::{AreaCode, area::AreaLevel};

use crate::{feed::Told, places::Names};

/// Fewer cases may be chance.
const CASES: usize = 4;
/// One person's word for a place is not yet what people say.
const PEOPLE: usize = 2;
/// So many per cent of the cases with the name must be of one place.
const SHARE: usize = 80;

/// A name, and the place of nearly all cases that carry it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Learned {
    pub(crate) written: String,
    /// The registered name; empty where the cases share only an area.
    pub(crate) place: String,
    pub(crate) area: AreaCode,
    pub(crate) cases: usize,
}

struct Sighting<'a> {
    /// The registered place that the address names.
    at: Option<(String, AreaCode)>,
    area: &'a AreaCode,
    person: &'a str,
}

/// The value that at least the share of all sightings have.
fn shared<T: Ord>(all: usize, values: impl Iterator<Item = T>) -> Option<T> {
    let mut counts: BTreeMap<T, usize> = BTreeMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    let (value, n) = counts.into_iter().max_by_key(|(_, n)| *n)?;
    (n * 100 >= all * SHARE).then_some(value)
}

fn judge(written: String, seen: &[Sighting<'_>]) -> Option<Learned> {
    let people: BTreeSet<&str> = seen.iter().map(|s| s.person).collect();
    if seen.len() < CASES || people.len() < PEOPLE {
        return None;
    }
    let cases = seen.len();
    if let Some((place, area)) = shared(cases, seen.iter().filter_map(|s| s.at.clone())) {
        return Some(Learned { written, place, area, cases });
    }
    let at = |level| shared(cases, seen.iter().filter_map(|s| s.area.at(level)));
    let area = [AreaLevel::Grid, AreaLevel::Community].into_iter().find_map(at)?;
    Some(Learned { written, place: String::new(), area, cases })
}

/// What the cases teach; the same for the same cases.
pub(crate) fn learn(names: &Names, cases: &[Told]) -> Vec<Learned> {
    let mut seen: BTreeMap<String, Vec<Sighting<'_>>> = BTreeMap::new();
    for case in cases {
        let at = names.found(&case.address, Some(&case.area)).map(|found| (found.place, found.area));
        for name in names.unknown(&format!("{} {}", case.address, case.said())) {
            let sighting = Sighting { at: at.clone(), area: &case.area, person: &case.person };
            seen.entry(name).or_default().push(sighting);
        }
    }
    seen.into_iter().filter_map(|(name, seen)| judge(name, &seen)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::Registered;
    use linli_grid::Atlas;
    use linli_kernel::Timestamp;

    fn told(person: &str, body: &str, address: &str, area: &str) -> Told {
        Told {
            id: uuid::Uuid::nil(),
            number: String::new(),
            title: String::new(),
            body: body.into(),
            address: address.into(),
            area: area.parse().unwrap(),
            point: None,
            at: Timestamp::from_millis(0),
            state: "closed".into(),
            listed: true,
            person: person.into(),
            supporters: 0,
            category: None,
            nature: String::new(),
            whistle: String::new(),
        }
    }

    fn names() -> Names {
        let houses = [Registered {
            place: "锦绣花园".into(),
            house: "1号楼".into(),
            area: "371002001001003".parse().unwrap(),
        }];
        Names::of(&Atlas::new(vec![], vec![], vec![], vec![]), &houses, &[])
    }

    #[test]
    fn a_name_is_learned_when_nearly_all_its_cases_are_of_one_place() {
        let grid = "371002001001003";
        let mut cases: Vec<Told> =
            (0..4).map(|n| told(&n.to_string(), "望海苑又停水了", "锦绣花园1号楼", grid)).collect();
        cases.extend((0..5).map(|n| told(&n.to_string(), "老码头广场漏水", "", "371002001001004")));
        let learned = learn(&names(), &cases);
        let of =
            |n: usize| (learned[n].written.as_str(), learned[n].place.as_str(), learned[n].area.as_str());
        assert_eq!(learned.len(), 2);
        assert_eq!(of(0), ("望海苑", "锦绣花园", grid));
        assert_eq!(of(1), ("老码头广场", "", "371002001001004"));
        assert_eq!(learned[1].cases, 5);
    }

    #[test]
    fn one_voice_few_cases_or_many_places_teach_nothing() {
        let at = |n: usize| format!("37100200100100{}", n % 4);
        let alone: Vec<Told> = (0..9).map(|_| told("a", "望海苑停水", "", &at(1))).collect();
        assert!(learn(&names(), &alone).is_empty());
        let few: Vec<Told> = (0..3).map(|n| told(&n.to_string(), "望海苑停水", "", &at(1))).collect();
        assert!(learn(&names(), &few).is_empty());
        let spread: Vec<Told> = (0..12)
            .map(|n| told(&n.to_string(), "望海苑停水", "", &format!("37100200100{}00{}", n % 4, n % 4)))
            .collect();
        assert!(learn(&names(), &spread).is_empty());
        let grids: Vec<Told> = (0..12).map(|n| told(&n.to_string(), "望海苑停水", "", &at(n))).collect();
        assert_eq!(learn(&names(), &grids)[0].area.as_str(), "371002001001", "as narrow as the cases agree");
    }
}
