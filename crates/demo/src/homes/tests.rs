//! The synthetic homes are sound and belong to nobody.

use std::collections::HashSet;

use linli_household::rules;
use linli_kernel::Timestamp;

use crate::plan;

fn now() -> Timestamp {
    "2026-11-23T09:00:00+08:00".parse().unwrap()
}

#[test]
fn a_district_of_homes() {
    let plan = plan(1, 0.2, now()).unwrap();
    let (mut people, mut homes, mut empty) = (0, 0, 0);
    let (mut numbers, mut phones) = (HashSet::new(), HashSet::new());
    let (mut ids, mut addresses) = (HashSet::new(), HashSet::new());
    for nth in 0..plan.district.grids().count() {
        let grid = plan.district.grids().nth(nth).unwrap();
        let load = plan.homes(nth);
        assert_eq!(load.residents.len(), grid.residents as usize, "{}", grid.code);
        people += load.residents.len();
        homes += load.dwellings.len();
        empty += load.dwellings.len() - load.households.len();
        for (_, house) in &load.buildings {
            let (lat, lon) = house.point.unwrap();
            assert!(grid.shape.contains(linli_grid::geometry::Wgs84 { lon, lat }), "{}", house.name);
        }
        for dwelling in &load.dwellings {
            assert!(ids.insert(dwelling.id.0));
            let key = rules::address_key(&dwelling.area, &dwelling.address);
            assert!(addresses.insert(key), "{}", dwelling.address);
            assert_eq!(rules::Address::parse(&dwelling.address).text(), dwelling.address);
        }
        for resident in &load.residents {
            assert!(ids.insert(resident.id.0));
            let number = resident.person.id_number.as_ref().unwrap();
            assert!(number.as_str().starts_with("00") && numbers.insert(number.clone()));
            let phone = resident.person.phone.as_ref();
            assert!(phone.is_none_or(|p| p.starts_with("100") && phones.insert(p.clone())));
            assert!(number.birth() < now().china_date());
        }
    }
    assert!((91_000..92_200).contains(&people), "{people}");
    assert!((29_000..31_000).contains(&homes), "{homes}");
    assert!((300..3_600).contains(&empty), "{empty}");
}

#[test]
fn the_same_seed_gives_the_same_homes() {
    let people = |seed| {
        let load = plan(seed, 0.02, now()).unwrap().homes(3);
        load.residents.into_iter().map(|r| (r.id, r.person)).collect::<Vec<_>>()
    };
    assert_eq!(people(1), people(1));
    assert_ne!(people(1), people(2));
}
