//! Overlaps and gaps (重叠与空白), listed before anything is saved.

use geo::{BooleanOps as _, BoundingRect as _, MultiPolygon, unary_union};
use linli_kernel::AreaCode;
use rstar::{
    AABB, RTree,
    primitives::{GeomWithData, Rectangle},
};

use super::{Shape, Wgs84, shape::square_metres};

/// Ground that two grids both claim.
#[derive(Debug, Clone, PartialEq)]
pub struct Overlap {
    /// The smaller code.
    pub first: AreaCode,
    /// The larger code.
    pub second: AreaCode,
    /// How much.
    pub square_metres: f64,
    /// A place inside it, to show on the map.
    pub at: Wgs84,
}

/// Ground of the whole that no grid covers.
#[derive(Debug, Clone, PartialEq)]
pub struct Gap {
    /// How much.
    pub square_metres: f64,
    /// A place inside it, to show on the map.
    pub at: Wgs84,
    /// Its outline.
    pub shape: Shape,
}

/// Every pair of shapes with more than `least` common square metres, largest first.
pub fn overlaps(grids: &[(AreaCode, Shape)], least: f64) -> Vec<Overlap> {
    let boxes = grids.iter().enumerate().filter_map(|(i, (_, shape))| Some((i, envelope(shape.polygons())?)));
    let tree = RTree::bulk_load(
        boxes
            .clone()
            .map(|(i, b)| GeomWithData::new(Rectangle::from_corners(b.lower(), b.upper()), i))
            .collect(),
    );
    let mut found = Vec::new();
    for (i, around) in boxes {
        for j in tree.locate_in_envelope_intersecting(&around).map(|b| b.data).filter(|j| *j > i) {
            let common = grids[i].1.polygons().intersection(grids[j].1.polygons());
            let size = square_metres(&common);
            if size > least {
                let (first, second) = if grids[i].0 <= grids[j].0 {
                    (&grids[i].0, &grids[j].0)
                } else {
                    (&grids[j].0, &grids[i].0)
                };
                found.push(Overlap {
                    first: first.clone(),
                    second: second.clone(),
                    square_metres: size,
                    at: Shape::sound(common).label_point(),
                });
            }
        }
    }
    found.sort_by(|a, b| b.square_metres.total_cmp(&a.square_metres).then_with(|| a.first.cmp(&b.first)));
    found
}

/// Every piece of `whole` larger than `least` square metres that no shape covers, largest first.
pub fn gaps<'a>(whole: &Shape, shapes: impl IntoIterator<Item = &'a Shape>, least: f64) -> Vec<Gap> {
    let polygons: Vec<_> = shapes.into_iter().flat_map(|shape| shape.polygons().iter()).collect();
    let covered = unary_union(polygons);
    let mut found: Vec<Gap> = whole
        .polygons()
        .difference(&covered)
        .into_iter()
        .map(|piece| {
            let shape = Shape::sound(MultiPolygon(vec![piece]));
            Gap { square_metres: shape.square_metres(), at: shape.label_point(), shape }
        })
        .filter(|gap| gap.square_metres > least)
        .collect();
    found.sort_by(|a, b| b.square_metres.total_cmp(&a.square_metres));
    found
}

fn envelope(polygons: &MultiPolygon<f64>) -> Option<AABB<[f64; 2]>> {
    let rect = polygons.bounding_rect()?;
    Some(AABB::from_corners([rect.min().x, rect.min().y], [rect.max().x, rect.max().y]))
}
