use std::collections::{BTreeSet, HashSet};

use super::*;
use linli_grid::{
    OrgKind,
    geometry::{GridIndex, gaps, overlaps},
};
use linli_kernel::Role;

fn district() -> District {
    District::generate(1, 0.02).unwrap()
}

fn grids(of: &District) -> Vec<(AreaCode, Shape)> {
    of.grids().map(|a| (a.code.clone(), a.shape.clone())).collect()
}

#[test]
fn the_counts_are_those_of_the_district_at_every_scale() {
    for scale in [0.02, 1.0] {
        let district = District::generate(1, scale).unwrap();
        let count = |level| district.areas.iter().filter(|a| a.code.level() == level).count();
        let levels = [AreaLevel::District, AreaLevel::Street, AreaLevel::Community, AreaLevel::Grid];
        assert_eq!(levels.map(count), [1, 9, 218, 786]);
        assert!(district.areas.is_sorted_by_key(|a| &a.code));
        let residents = f64::from(district.areas[0].residents);
        assert!((residents - RESIDENTS * scale).abs() < 800.0, "{residents}");
        let dedicated = district.grids().filter(|a| a.kind == Some(GridKind::Dedicated)).count();
        assert!((30..120).contains(&dedicated), "{dedicated}");
    }
}

#[test]
fn grids_tile_the_outline() {
    for seed in [1, 2, 3] {
        let district = District::generate(seed, 0.02).unwrap();
        let grids = grids(&district);
        assert_eq!(overlaps(&grids, 1.0).len(), 0, "seed {seed}");
        let free = |whole: &Shape, least| gaps(whole, grids.iter().map(|g| &g.1), least).len();
        assert_eq!(free(&district.areas[0].shape, 0.1), 0, "seed {seed}");
        assert_eq!(
            free(&defaults::outline().unwrap(), 10.0),
            0,
            "seed {seed}: half a centimetre along the shore"
        );
        let sum: f64 = grids.iter().map(|g| g.1.square_metres()).sum();
        let whole = district.areas[0].shape.square_metres();
        assert!((sum / whole - 1.0).abs() < 1e-3, "{sum} of {whole}");
    }
}

#[test]
fn borders_are_the_same_corners_on_both_sides() {
    // Every edge of a grid is the reverse of a neighbour's or lies on the shore.
    let district = district();
    let mut inner: HashSet<[u64; 4]> = HashSet::new();
    for (_, shape) in grids(&district) {
        for polygon in shape.polygons() {
            for ring in std::iter::once(polygon.exterior()).chain(polygon.interiors()) {
                for edge in ring.lines() {
                    let [a, b] = [edge.start, edge.end].map(|c| [c.x.to_bits(), c.y.to_bits()]);
                    if !inner.remove(&[b[0], b[1], a[0], a[1]]) {
                        assert!(
                            inner.insert([a[0], a[1], b[0], b[1]]),
                            "an edge stands twice in one direction"
                        );
                    }
                }
            }
        }
    }
    let shore: usize = district.areas[0].shape.polygons().iter().map(|p| p.exterior().lines().len()).sum();
    assert!(inner.len() >= shore && inner.len() < shore + 1000, "{} edges alone, shore {shore}", inner.len());
}

#[test]
fn every_grid_is_one_piece_of_land() {
    let district = district();
    let islands = 9;
    let extra: usize = district.grids().map(|a| a.shape.polygons().0.len() - 1).sum();
    assert!(extra <= islands, "{extra} pieces beyond the mainland's");
    for area in district.areas.iter().filter(|a| a.kind.is_none()).skip(1) {
        let pieces = area.shape.polygons().0.len();
        assert!(pieces <= 1 + islands, "{} has {pieces}", area.code);
    }
}

#[test]
fn areas_lie_in_their_parents() {
    let district = district();
    for area in &district.areas {
        let at = area.shape.label_point();
        let mut up = area.code.parent();
        while let Some(code) = up {
            assert!(district.area(&code).unwrap().shape.contains(at), "{} not in {code}", area.code);
            up = code.parent();
        }
    }
    let index = GridIndex::build(district.grids().map(|a| (a.code.clone(), &a.shape)));
    for grid in district.grids() {
        assert_eq!(index.locate(grid.shape.label_point()), Some(&grid.code));
        assert!(!index.neighbours(&grid.code, 1.0).is_empty(), "{} has no neighbour", grid.code);
    }
}

#[test]
fn the_same_seed_gives_the_same_district() {
    let (a, b, c) = (district(), district(), District::generate(2, 0.02).unwrap());
    assert!(a.grids().zip(b.grids()).all(|(x, y)| x.shape == y.shape));
    assert_eq!(a.people, b.people);
    assert!(a.grids().zip(c.grids()).any(|(x, y)| x.shape != y.shape));
}

#[test]
fn every_post_has_its_organisation_and_every_role_a_person() {
    let district = district();
    let count = |kind| district.orgs.iter().filter(|o| o.kind == kind).count();
    let kinds = [OrgKind::DistrictCentre, OrgKind::Hotline, OrgKind::Department, OrgKind::StreetCentre];
    assert_eq!(kinds.map(count), [1, 1, 28, 9]);
    assert_eq!((count(OrgKind::Section), count(OrgKind::Community), count(OrgKind::Grid)), (81, 218, 786));
    let mut known = HashSet::new();
    for org in &district.orgs {
        assert!(
            org.parent.as_ref().is_none_or(|p| known.contains(p)),
            "{} comes before its parent",
            org.code
        );
        assert!(known.insert(org.code.clone()), "{} stands twice", org.code);
    }
    let mut logins = HashSet::new();
    let mut roles = BTreeSet::new();
    for person in &district.people {
        assert!(logins.insert(&person.login), "{}", person.login);
        assert!(person.posts.iter().all(|post| known.contains(&post.org)));
        roles.extend(person.posts.iter().map(|post| post.role));
    }
    assert_eq!(roles.len(), Role::ALL.len());
    for grid in district.grids() {
        let (worker, deputy) = (grid.worker.unwrap(), grid.deputy.unwrap());
        assert_ne!(worker, deputy);
        for who in [worker, deputy] {
            assert!(
                district.people[who].posts.iter().any(|p| p.area == grid.code && p.role == Role::GridWorker)
            );
        }
    }
}
