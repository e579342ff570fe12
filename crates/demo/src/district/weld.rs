//! Welding cells to one net (拓扑): neighbours get the very same corners along their common border, so that
//! faces can be joined by striking out the edges they share, and no sliver is left between them.

use std::collections::{HashMap, HashSet};

use rstar::{AABB, RTree, primitives::GeomWithData};

use super::cut::{Pt, distance, dot};

/// Corners nearer than this are one corner, in metres.
const WELD_M: f64 = 0.02;

/// Rings over shared corners.
#[derive(Debug, Default)]
pub(super) struct Net {
    /// The corners.
    pub(super) points: Vec<Pt>,
    /// Each face as indices of corners, against the clock.
    pub(super) faces: Vec<Vec<usize>>,
}

impl Net {
    /// Welds rings; the face of a ring that shrinks to nothing is empty.
    pub(super) fn weld<'a>(rings: impl IntoIterator<Item = &'a [Pt]>) -> Self {
        let mut points: Vec<Pt> = Vec::new();
        let mut bins: HashMap<(i64, i64), Vec<usize>> = HashMap::new();
        let mut faces: Vec<Vec<usize>> = Vec::new();
        for ring in rings {
            let mut face: Vec<usize> = Vec::with_capacity(ring.len());
            for p in ring {
                let id = known(&bins, &points, *p).unwrap_or_else(|| {
                    bins.entry(bin(*p)).or_default().push(points.len());
                    points.push(*p);
                    points.len() - 1
                });
                face.push(id);
            }
            faces.push(without_repeats(face));
        }
        let mut net = Self { points, faces };
        net.split_edges();
        net
    }

    /// Where a corner of one face lies on an edge of another, the edge gets that corner too.
    fn split_edges(&mut self) {
        let tree = RTree::bulk_load(
            self.points.iter().enumerate().map(|(id, p)| GeomWithData::new(*p, id)).collect(),
        );
        for face in &mut self.faces {
            let mut full = Vec::with_capacity(face.len());
            for (i, from) in face.iter().enumerate() {
                let to = face[(i + 1) % face.len()];
                full.push(*from);
                full.extend(on_edge(&tree, &self.points, *from, to));
            }
            *face = without_repeats(full);
        }
    }

    /// For every edge its face, by direction: the face on the other side holds the reverse.
    pub(super) fn sides(&self) -> HashMap<(usize, usize), usize> {
        let each = self.faces.iter().enumerate();
        each.flat_map(|(face, ring)| directed(ring).map(move |edge| (edge, face))).collect()
    }

    /// Length of an edge in metres.
    pub(super) fn length(&self, (a, b): (usize, usize)) -> f64 {
        distance(self.points[a], self.points[b])
    }

    /// The faces joined: rings of what remains when common edges are struck out. Outer rings run against the clock.
    pub(super) fn dissolve(&self, faces: impl IntoIterator<Item = usize>) -> Vec<Vec<usize>> {
        let mut open: HashSet<(usize, usize)> = HashSet::new();
        for face in faces {
            for (a, b) in directed(&self.faces[face]) {
                if !open.remove(&(b, a)) {
                    open.insert((a, b));
                }
            }
        }
        let mut edges: Vec<(usize, usize)> = open.into_iter().collect();
        edges.sort_unstable();
        let mut next: HashMap<usize, Vec<usize>> = HashMap::new();
        for (a, b) in &edges {
            next.entry(*a).or_default().push(*b);
        }
        let mut rings = Vec::new();
        for (start, _) in edges {
            let mut ring = Vec::new();
            let mut before: Option<usize> = None;
            let mut here = start;
            while let Some(to) = self.take_next(&mut next, before, here) {
                ring.push(here);
                before = Some(here);
                here = to;
                if here == start {
                    break;
                }
            }
            if ring.len() >= 3 {
                rings.push(ring);
            }
        }
        rings
    }

    /// Where two parts touch in one corner the ring turns left as sharply as it can, and so stays in its own part.
    fn take_next(
        &self,
        next: &mut HashMap<usize, Vec<usize>>,
        before: Option<usize>,
        here: usize,
    ) -> Option<usize> {
        let ways = next.get_mut(&here)?;
        let best = match before {
            Some(before) if ways.len() > 1 => {
                let back = self.angle(here, before);
                let turn = |to: usize| (back - self.angle(here, to)).rem_euclid(std::f64::consts::TAU);
                (0..ways.len()).min_by(|a, b| turn(ways[*a]).total_cmp(&turn(ways[*b])))?
            }
            _ => 0,
        };
        (!ways.is_empty()).then(|| ways.swap_remove(best))
    }

    fn angle(&self, from: usize, to: usize) -> f64 {
        let (a, b) = (self.points[from], self.points[to]);
        (b[1] - a[1]).atan2(b[0] - a[0])
    }
}

pub(super) fn directed(ring: &[usize]) -> impl Iterator<Item = (usize, usize)> + '_ {
    ring.iter().copied().zip(ring.iter().copied().cycle().skip(1))
}

fn bin(p: Pt) -> (i64, i64) {
    #[expect(clippy::cast_possible_truncation, reason = "metres of one district fit many times")]
    let cell = |v: f64| (v / WELD_M).floor() as i64;
    (cell(p[0]), cell(p[1]))
}

fn known(bins: &HashMap<(i64, i64), Vec<usize>>, points: &[Pt], p: Pt) -> Option<usize> {
    let (x, y) = bin(p);
    let around = (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (x + dx, y + dy)));
    around.filter_map(|b| bins.get(&b)).flatten().copied().find(|id| distance(points[*id], p) < WELD_M)
}

fn on_edge(tree: &RTree<GeomWithData<Pt, usize>>, points: &[Pt], from: usize, to: usize) -> Vec<usize> {
    let (a, b) = (points[from], points[to]);
    let along = [b[0] - a[0], b[1] - a[1]];
    let length = distance(a, b);
    let wide = AABB::from_corners(
        [a[0].min(b[0]) - WELD_M, a[1].min(b[1]) - WELD_M],
        [a[0].max(b[0]) + WELD_M, a[1].max(b[1]) + WELD_M],
    );
    let mut found: Vec<(f64, usize)> = tree
        .locate_in_envelope(&wide)
        .filter(|p| p.data != from && p.data != to)
        .filter_map(|p| {
            let off = [p.geom()[0] - a[0], p.geom()[1] - a[1]];
            let at = dot(off, along) / length;
            let beside = (off[0] * along[1] - off[1] * along[0]).abs() / length;
            (beside < WELD_M && at > 0.0 && at < length).then_some((at, p.data))
        })
        .collect();
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    found.into_iter().map(|(_, id)| id).collect()
}

/// A ring without corners that stand twice in a row and without spikes; empty if nothing remains.
fn without_repeats(face: Vec<usize>) -> Vec<usize> {
    let mut ring: Vec<usize> = Vec::with_capacity(face.len());
    for id in face {
        if ring.last() == Some(&id) {
            continue;
        }
        if ring.len() >= 2 && ring[ring.len() - 2] == id {
            ring.pop();
            continue;
        }
        ring.push(id);
    }
    while ring.len() > 1 && ring.first() == ring.last() {
        ring.pop();
    }
    if ring.len() < 3 { Vec::new() } else { ring }
}
