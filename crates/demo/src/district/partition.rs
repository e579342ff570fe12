//! The land cut three times: streets, communities, grids; each level inside the one above,
//! nothing twice and nothing left out.

use std::collections::BTreeMap;

use geo::Polygon;
use linli_grid::geometry::{Shape, ShapeError, Wgs84, metres_per_degree};

use super::{
    cut::{Pt, Ring, area, cells, centroid, contains, distance, spread},
    weld::{Net, directed},
};
use crate::rng::Dice;

/// How the district is to be cut.
#[derive(Debug, Clone)]
pub(super) struct StreetPlot {
    /// The street's place among the others, not a survey.
    pub(super) seat: Wgs84,
    /// Grids of each of its communities.
    pub(super) communities: Vec<usize>,
}

/// Index of a grid: street, community in it, grid in that.
pub(super) type Slot = (usize, usize, usize);

/// The cut land.
pub(super) struct Partition {
    net: Net,
    owner: Vec<Slot>,
    plane: Plane,
}

/// A flat map of the district in metres around its middle.
#[derive(Debug, Clone, Copy)]
struct Plane {
    origin: Wgs84,
    east: f64,
    north: f64,
}

impl Plane {
    fn around(origin: Wgs84) -> Self {
        let (east, north) = metres_per_degree(origin.lat);
        Self { origin, east, north }
    }

    fn flat(&self, lon: f64, lat: f64) -> Pt {
        [(lon - self.origin.lon) * self.east, (lat - self.origin.lat) * self.north]
    }

    fn globe(&self, p: Pt) -> Wgs84 {
        // Seven decimals, as files have them: what is stored and what is exported are the same corners.
        let seven = |v: f64| (v * 1e7).round() / 1e7;
        Wgs84 {
            lon: seven(self.origin.lon + p[0] / self.east),
            lat: seven(self.origin.lat + p[1] / self.north),
        }
    }
}

/// A piece of land and whose it is; nobody's yet if a bay cut it off from the rest of its cell.
struct Piece {
    ring: Ring,
    owner: Option<Slot>,
}

impl Partition {
    /// Cuts the outline.
    pub(super) fn cut(outline: &Shape, streets: &[StreetPlot], seed: u64) -> Self {
        let (low, high) = outline.bounds();
        let middle = Wgs84 { lon: f64::midpoint(low.lon, high.lon), lat: f64::midpoint(low.lat, high.lat) };
        let plane = Plane::around(middle);
        let mut lands: Vec<Ring> = outline.polygons().iter().map(|p| open_ring(p, plane)).collect();
        lands.sort_by(|a, b| area(b).total_cmp(&area(a)));
        let seats: Vec<Pt> = streets.iter().map(|s| plane.flat(s.seat.lon, s.seat.lat)).collect();
        let mut pieces = Vec::new();
        let mut lands = lands.into_iter();
        if let Some(mainland) = lands.next() {
            for (s, parts) in cells(&mainland, &seats).into_iter().enumerate() {
                cut_street(s, parts, &streets[s].communities, seed, &mut pieces);
            }
        }
        pieces.extend(lands.map(|ring| Piece { ring, owner: None }));
        let net = Net::weld(pieces.iter().map(|p| p.ring.as_slice()));
        let owner = settle(&net, &pieces);
        Self { net, owner, plane }
    }

    /// The joined faces of all grids that `belongs` picks; nothing if there are none.
    pub(super) fn shape(&self, belongs: impl Fn(Slot) -> bool) -> Result<Shape, ShapeError> {
        let faces = (0..self.owner.len()).filter(|face| belongs(self.owner[*face]));
        let place = |id: &usize| self.plane.globe(self.net.points[*id]);
        let rings: Vec<Vec<usize>> = self.net.dissolve(faces);
        let flat = |ring: &Vec<usize>| ring.iter().map(|id| self.net.points[*id]).collect::<Ring>();
        let (outer, holes): (Vec<_>, Vec<_>) = rings.iter().partition(|ring| area(&flat(ring)) > 0.0);
        let closed = |ring: &Vec<usize>| ring.iter().chain(ring.first()).map(place).collect::<Vec<Wgs84>>();
        let mut polygons: Vec<Vec<Vec<Wgs84>>> = outer.iter().map(|ring| vec![closed(ring)]).collect();
        for hole in holes {
            let inner = flat(hole);
            let around = (0..outer.len())
                .filter(|o| contains(&flat(outer[*o]), centroid(&inner)))
                .min_by(|a, b| area(&flat(outer[*a])).total_cmp(&area(&flat(outer[*b]))));
            if let Some(around) = around {
                polygons[around].push(closed(hole));
            }
        }
        Shape::from_rings(polygons)
    }
}

fn open_ring(polygon: &Polygon<f64>, plane: Plane) -> Ring {
    let mut ring: Ring = polygon.exterior().0.iter().map(|c| plane.flat(c.x, c.y)).collect();
    ring.pop();
    if area(&ring) < 0.0 {
        ring.reverse();
    }
    ring
}

/// Communities go to the street's large parts by area; a small part beyond a bay waits for a neighbour.
fn cut_street(street: usize, parts: Vec<Ring>, grids: &[usize], seed: u64, out: &mut Vec<Piece>) {
    let whole: f64 = parts.iter().map(|p| area(p)).sum();
    let (large, small): (Vec<Ring>, Vec<Ring>) = parts.into_iter().partition(|p| area(p) > 0.15 * whole);
    out.extend(small.into_iter().map(|ring| Piece { ring, owner: None }));
    let shares = apportion(grids.len(), &large.iter().map(|p| area(p)).collect::<Vec<_>>());
    let mut first = 0;
    for (n, (part, share)) in large.iter().zip(shares).enumerate() {
        let mut rng = Dice::stream(seed, "street", (street * 10 + n) as u64);
        let sites = spread(part, share, &mut rng);
        for (c, cell) in cells(part, &sites).into_iter().enumerate() {
            let community = first + c;
            cut_community((street, community), cell, grids[community], seed, out);
        }
        first += share;
    }
}

fn cut_community(
    (street, community): (usize, usize),
    cell: Vec<Ring>,
    grids: usize,
    seed: u64,
    out: &mut Vec<Piece>,
) {
    let mut parts = cell.into_iter();
    let Some(main) = parts.next() else { return };
    let mut rng = Dice::stream(seed, "community", (street * 1000 + community) as u64);
    let sites = spread(&main, grids, &mut rng);
    for (g, pieces) in cells(&main, &sites).into_iter().enumerate() {
        for (n, ring) in pieces.into_iter().enumerate() {
            out.push(Piece { ring, owner: (n == 0).then_some((street, community, g)) });
        }
    }
    out.extend(parts.map(|ring| Piece { ring, owner: None }));
}

/// Splits `count` in proportion, at least one each where there is enough, by largest remainder.
fn apportion(count: usize, weights: &[f64]) -> Vec<usize> {
    let whole: f64 = weights.iter().sum();
    let spare = count.saturating_sub(weights.len()) as f64;
    let exact: Vec<f64> = weights.iter().map(|w| 1.0 + spare * w / whole).collect();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small positive counts")]
    let mut shares: Vec<usize> = exact.iter().map(|e| e.floor() as usize).collect();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by(|a, b| exact[*b].fract().total_cmp(&exact[*a].fract()));
    let missing = count.saturating_sub(shares.iter().sum());
    for i in order.into_iter().cycle().take(missing) {
        shares[i] += 1;
    }
    shares
}

/// Gives every piece without an owner to the grid with the longest common border; islands to the nearest.
fn settle(net: &Net, pieces: &[Piece]) -> Vec<Slot> {
    let sides = net.sides();
    let mut owner: Vec<Option<Slot>> = pieces.iter().map(|p| p.owner).collect();
    loop {
        let mut changed = false;
        for face in 0..owner.len() {
            if owner[face].is_some() {
                continue;
            }
            let mut borders: BTreeMap<Slot, f64> = BTreeMap::new();
            for (a, b) in directed(&net.faces[face]) {
                if let Some(slot) = sides.get(&(b, a)).and_then(|other| owner[*other]) {
                    *borders.entry(slot).or_default() += net.length((a, b));
                }
            }
            if let Some((slot, _)) = borders.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)) {
                owner[face] = Some(slot);
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    let middle = |face: usize| centroid(&pieces[face].ring);
    let known: Vec<(Pt, Slot)> =
        owner.iter().enumerate().filter_map(|(face, slot)| slot.map(|slot| (middle(face), slot))).collect();
    let nearest = |at: Pt| known.iter().min_by(|a, b| distance(a.0, at).total_cmp(&distance(b.0, at)));
    owner
        .iter()
        .enumerate()
        .map(|(face, slot)| slot.or_else(|| nearest(middle(face)).map(|n| n.1)).unwrap_or_default())
        .collect()
}
