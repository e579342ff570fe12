//! Cutting a ring by a straight line, and a piece of land into the cells of its sites (Voronoi).
//!
//! A bay makes a ring bend back over the line, so one cut may give several pieces; each is a ring again.

use crate::rng::Dice;

/// A place on a plane in metres.
pub(super) type Pt = [f64; 2];
/// Corners of a simple polygon against the clock, without the first repeated at the end.
pub(super) type Ring = Vec<Pt>;

/// The line of all places p with `normal · p = offset`.
#[derive(Debug, Clone, Copy)]
struct Line {
    normal: Pt,
    offset: f64,
}

impl Line {
    /// Halfway between two sites, written the same from both sides so that both cut at the same places.
    fn between(a: Pt, b: Pt) -> Self {
        let normal = [b[0] - a[0], b[1] - a[1]];
        let middle = [f64::midpoint(a[0], b[0]), f64::midpoint(a[1], b[1])];
        Self { normal, offset: dot(normal, middle) }
    }

    fn height(&self, p: Pt) -> f64 {
        dot(self.normal, p) - self.offset
    }
}

pub(super) fn dot(a: Pt, b: Pt) -> f64 {
    a[0] * b[0] + a[1] * b[1]
}

pub(super) fn distance(a: Pt, b: Pt) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// Twice the signed area is the sum of the cross products; against the clock is positive.
pub(super) fn area(ring: &[Pt]) -> f64 {
    edges(ring).map(|(a, b)| a[0] * b[1] - b[0] * a[1]).sum::<f64>() / 2.0
}

pub(super) fn edges(ring: &[Pt]) -> impl Iterator<Item = (Pt, Pt)> + '_ {
    ring.iter().copied().zip(ring.iter().copied().cycle().skip(1))
}

pub(super) fn centroid(ring: &[Pt]) -> Pt {
    // Sums around the first corner: far from the origin the products would drown the differences.
    let Some(base) = ring.first().copied() else { return [0.0, 0.0] };
    let (mut x, mut y, mut twice) = (0.0, 0.0, 0.0);
    for (a, b) in edges(ring) {
        let (a, b) = ([a[0] - base[0], a[1] - base[1]], [b[0] - base[0], b[1] - base[1]]);
        let cross = a[0] * b[1] - b[0] * a[1];
        x += (a[0] + b[0]) * cross;
        y += (a[1] + b[1]) * cross;
        twice += cross;
    }
    if twice == 0.0 {
        return base;
    }
    [base[0] + x / (3.0 * twice), base[1] + y / (3.0 * twice)]
}

pub(super) fn contains(ring: &[Pt], p: Pt) -> bool {
    let crossings = edges(ring).filter(|(a, b)| {
        (a[1] > p[1]) != (b[1] > p[1]) && p[0] < (b[0] - a[0]) * (p[1] - a[1]) / (b[1] - a[1]) + a[0]
    });
    crossings.count() % 2 == 1
}

/// A corner of the kept side, or a place where the ring crosses the line.
struct Node {
    at: Pt,
    /// Place along the line, for crossings.
    along: Option<f64>,
    /// The ring goes on from here at this node, instead of at the next.
    jump: Option<usize>,
}

/// The pieces of `ring` on the side where `height < 0`.
fn keep_below(ring: &[Pt], line: Line) -> Vec<Ring> {
    let heights: Vec<f64> = ring.iter().map(|p| line.height(*p)).collect();
    if heights.iter().all(|h| *h < 0.0) {
        return vec![ring.to_vec()];
    }
    if heights.iter().all(|h| *h >= 0.0) {
        return Vec::new();
    }
    let tangent = [-line.normal[1], line.normal[0]];
    let mut nodes: Vec<Node> = Vec::new();
    for (i, p) in ring.iter().enumerate() {
        let next = (i + 1) % ring.len();
        if heights[i] < 0.0 {
            nodes.push(Node { at: *p, along: None, jump: None });
        }
        if (heights[i] < 0.0) != (heights[next] < 0.0) {
            let (low, high) = if heights[i] < 0.0 { (i, next) } else { (next, i) };
            let at = crossing((ring[low], heights[low]), (ring[high], heights[high]));
            nodes.push(Node { at, along: Some(dot(tangent, at)), jump: None });
        }
    }
    pair(&mut nodes, heights[0] < 0.0);
    walk(&nodes)
}

fn crossing((low, below): (Pt, f64), (high, above): (Pt, f64)) -> Pt {
    let t = below / (below - above);
    [low[0] + (high[0] - low[0]) * t, low[1] + (high[1] - low[1]) * t]
}

/// Along the line, land lies between the first and second crossing, the third and fourth, and so on:
/// where the ring leaves the kept side it goes on at the other end of that stretch.
fn pair(nodes: &mut [Node], starts_inside: bool) {
    let mut sorted: Vec<usize> = (0..nodes.len()).filter(|i| nodes[*i].along.is_some()).collect();
    let mut leaves = starts_inside;
    let mut leaving = vec![false; nodes.len()];
    for i in &sorted {
        leaving[*i] = leaves;
        leaves = !leaves;
    }
    sorted.sort_by(|a, b| {
        let (a, b) = (nodes[*a].along.unwrap_or_default(), nodes[*b].along.unwrap_or_default());
        a.total_cmp(&b)
    });
    for two in sorted.chunks_exact(2) {
        let (exit, entry) = if leaving[two[0]] { (two[0], two[1]) } else { (two[1], two[0]) };
        nodes[exit].jump = Some(entry);
    }
}

fn walk(nodes: &[Node]) -> Vec<Ring> {
    let mut seen = vec![false; nodes.len()];
    let mut rings = Vec::new();
    for start in 0..nodes.len() {
        let mut ring = Ring::new();
        let mut i = start;
        while !seen[i] {
            seen[i] = true;
            ring.push(nodes[i].at);
            i = nodes[i].jump.unwrap_or((i + 1) % nodes.len());
        }
        if ring.len() >= 3 {
            rings.push(ring);
        }
    }
    rings
}

/// The cell of every site: the pieces of `ring` that are nearer to it than to any other site.
pub(super) fn cells(ring: &[Pt], sites: &[Pt]) -> Vec<Vec<Ring>> {
    let cell = |i: usize| {
        let mut others: Vec<usize> = (0..sites.len()).filter(|j| *j != i).collect();
        others.sort_by(|a, b| distance(sites[*a], sites[i]).total_cmp(&distance(sites[*b], sites[i])));
        let mut pieces = vec![ring.to_vec()];
        for j in others {
            let reach = pieces.iter().flatten().map(|p| distance(*p, sites[i])).fold(0.0, f64::max);
            if distance(sites[i], sites[j]) > 2.0 * reach {
                break; // no farther site can come nearer to any corner
            }
            // The line is written from the smaller index, so the larger one keeps the other side.
            let mut line = Line::between(sites[i.min(j)], sites[i.max(j)]);
            if i > j {
                line = Line { normal: [-line.normal[0], -line.normal[1]], offset: -line.offset };
            }
            pieces = pieces.iter().flat_map(|piece| keep_below(piece, line)).collect();
        }
        pieces.sort_by(|a, b| area(b).total_cmp(&area(a)));
        pieces
    };
    (0..sites.len()).map(cell).collect()
}

/// `count` sites in `ring`, spread evenly by moving each to the middle of its cell a few times.
pub(super) fn spread(ring: &[Pt], count: usize, rng: &mut Dice) -> Vec<Pt> {
    let mut sites: Vec<Pt> = (0..count).map(|_| inside(ring, rng)).collect();
    for _ in 0..6 {
        if count < 2 {
            break;
        }
        let now = cells(ring, &sites);
        for (site, pieces) in sites.iter_mut().zip(now) {
            if let Some(largest) = pieces.first() {
                *site = centroid(largest);
            }
        }
    }
    sites
}

fn inside(ring: &[Pt], rng: &mut Dice) -> Pt {
    let bound =
        |axis: usize, pick: fn(f64, f64) -> f64, start: f64| ring.iter().map(|p| p[axis]).fold(start, pick);
    let (west, east) = (bound(0, f64::min, f64::INFINITY), bound(0, f64::max, f64::NEG_INFINITY));
    let (south, north) = (bound(1, f64::min, f64::INFINITY), bound(1, f64::max, f64::NEG_INFINITY));
    for _ in 0..1000 {
        let p = [rng.between(west, east), rng.between(south, north)];
        if contains(ring, p) {
            return p;
        }
    }
    centroid(ring)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A comb with three teeth: a cut across the teeth leaves three pieces.
    fn comb() -> Ring {
        vec![
            [0., 0.],
            [50., 0.],
            [50., 30.],
            [40., 30.],
            [40., 10.],
            [30., 10.],
            [30., 30.],
            [20., 30.],
            [20., 10.],
            [10., 10.],
            [10., 30.],
            [0., 30.],
        ]
    }

    #[test]
    fn a_cut_across_the_teeth_leaves_three_tips() {
        let tips = keep_below(&comb(), Line { normal: [0., -1.], offset: -20.5 });
        assert_eq!(tips.iter().map(|r| area(r)).collect::<Vec<_>>(), [95.0, 95.0, 95.0]);
        let rest = keep_below(&comb(), Line { normal: [0., 1.], offset: 20.5 });
        assert_eq!(rest.len(), 1);
        assert!((area(&rest[0]) - (area(&comb()) - 285.0)).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn both_sides_of_any_cut_make_the_whole(x in -1.0..1.0_f64, y in -1.0..1.0_f64, offset in -40.0..80.0_f64) {
            let line = Line { normal: [x, y], offset: offset * x.hypot(y) };
            let other = Line { normal: [-x, -y], offset: -line.offset };
            let sum: f64 = keep_below(&comb(), line).iter().chain(&keep_below(&comb(), other)).map(|r| area(r)).sum();
            prop_assert!((sum - area(&comb())).abs() < 1e-6, "{sum}");
        }

        #[test]
        fn cells_tile_the_land(seed in 0_u64..1000, count in 1_usize..12) {
            let mut rng = Dice::stream(seed, "test", 0);
            let sites = spread(&comb(), count, &mut rng);
            let all = cells(&comb(), &sites);
            let sum: f64 = all.iter().flatten().map(|r| area(r)).sum();
            prop_assert!((sum - area(&comb())).abs() < 1e-6, "{sum}");
            prop_assert!(all.iter().all(|pieces| !pieces.is_empty()));
        }
    }
}
