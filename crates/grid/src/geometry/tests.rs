use super::*;
use linli_kernel::AreaCode;
use proptest::prelude::*;

fn code(n: u16) -> AreaCode {
    "371002001001".parse::<AreaCode>().unwrap().child(n).unwrap()
}

/// A box given in thousandths of a degree east and north of the district's middle.
fn block(x: f64, y: f64, w: f64, h: f64) -> Shape {
    let at = |dx: f64, dy: f64| Wgs84 { lon: 122.1 + (x + dx) / 1e3, lat: 37.5 + (y + dy) / 1e3 };
    Shape::from_rings(vec![vec![vec![at(0., 0.), at(w, 0.), at(w, h), at(0., h), at(0., 0.)]]]).unwrap()
}

fn place(x: f64, y: f64) -> Wgs84 {
    Wgs84 { lon: 122.1 + x / 1e3, lat: 37.5 + y / 1e3 }
}

fn ring(points: &[(f64, f64)]) -> Result<Shape, ShapeError> {
    let list: Vec<[f64; 2]> = points.iter().map(|(x, y)| [122.0 + x, 37.0 + y]).collect();
    let text = serde_json::json!({"type": "Polygon", "coordinates": [list]}).to_string();
    Shape::from_geojson(&text, Datum::Wgs84)
}

#[test]
fn every_fault_is_named() {
    let at = Datum::Wgs84;
    assert!(matches!(Shape::from_geojson("{", at), Err(ShapeError::NotJson(_))));
    let point = r#"{"type":"Point","coordinates":[1,2]}"#;
    assert_eq!(Shape::from_geojson(point, at), Err(ShapeError::NotPolygon("Point".into())));
    assert_eq!(ring(&[(0., 0.), (1., 0.), (1., 1.)]), Err(ShapeError::NotClosed { ring: 1 }));
    assert_eq!(ring(&[(0., 0.), (1., 0.), (0., 0.)]), Err(ShapeError::TooFewPoints { ring: 1 }));
    assert_eq!(ring(&[]), Err(ShapeError::TooFewPoints { ring: 1 }));
    let far = ring(&[(0., 0.), (1., 0.), (1., 99.), (0., 0.)]);
    assert_eq!(far, Err(ShapeError::OutOfBounds { ring: 1, lon: 123.0, lat: 136.0 }));
    let bow = ring(&[(0., 0.), (1., 1.), (1., 0.), (0., 1.), (0., 0.)]);
    assert!(matches!(bow, Err(ShapeError::Crossing { ring: 1, .. })), "{bow:?}");
    let spike = ring(&[(0., 0.), (1., 0.), (1., 1.), (1., 2.), (1., 1.), (0., 1.), (0., 0.)]);
    assert!(matches!(spike, Err(ShapeError::Crossing { ring: 1, .. })), "{spike:?}");
    let flat = ring(&[(0., 0.), (1., 0.), (2., 0.), (0., 0.)]);
    assert!(matches!(flat, Err(ShapeError::Crossing { .. } | ShapeError::NoArea { .. })), "{flat:?}");
    assert!(ring(&[(0., 0.), (1., 0.), (1., 1.), (0., 1.), (0., 0.)]).is_ok());
}

#[test]
fn features_stand_for_themselves() {
    let file = r#"{"type":"FeatureCollection","features":[
        {"type":"Feature","properties":{"code":"371002001001001"},"geometry":
          {"type":"Polygon","coordinates":[[[122,37],[122.1,37],[122.1,37.1],[122,37]]]}},
        {"type":"Feature","properties":null,"geometry":{"type":"LineString","coordinates":[]}}]}"#;
    let features = read_features(file, Datum::Wgs84).unwrap();
    assert_eq!(features.len(), 2);
    assert_eq!(features[0].properties["code"], "371002001001001");
    assert!(features[0].shape.is_ok());
    assert_eq!(features[1].shape, Err(ShapeError::NotPolygon("LineString".into())));
}

#[test]
fn a_file_in_gcj02_comes_back_in_gcj02() {
    let shape = block(0., 0., 5., 5.);
    let text = shape.to_geojson(Datum::Gcj02).to_string();
    assert_ne!(text, shape.to_geojson(Datum::Wgs84).to_string());
    let again = Shape::from_geojson(&text, Datum::Gcj02).unwrap();
    assert!(again.centroid().metres_to(shape.centroid()) < 0.05);
    let wrong = Shape::from_geojson(&text, Datum::Wgs84).unwrap();
    assert!(wrong.centroid().metres_to(shape.centroid()) > 300.0);
}

#[test]
fn area_middle_and_label() {
    let shape = block(0., 0., 10., 10.);
    // 0.01° × 0.01° at 37.5° N: about 884 m × 1110 m.
    assert!((shape.square_metres() - 981_600.0).abs() < 2_000.0, "{}", shape.square_metres());
    assert!(shape.centroid().metres_to(place(5., 5.)) < 0.1);
    let bent = ring(&[(0., 0.), (9., 0.), (9., 9.), (8., 9.), (8., 1.), (0., 1.), (0., 0.)]).unwrap();
    assert!(!bent.contains(bent.centroid()));
    assert!(bent.contains(bent.label_point()));
}

#[test]
fn a_place_finds_its_grid_or_is_said_to_have_none() {
    let shapes = [(code(1), block(0., 0., 10., 10.)), (code(2), block(10., 0., 10., 10.))];
    let index = GridIndex::build(shapes.iter().map(|(c, s)| (c.clone(), s)));
    assert_eq!(index.len(), 2);
    assert_eq!(index.locate(place(3., 3.)), Some(&code(1)));
    assert_eq!(index.locate(place(13., 3.)), Some(&code(2)));
    assert_eq!(index.locate(place(25., 3.)), None);
    // 1/1000 degree east is 88 m here.
    assert_eq!(index.nearest(place(20.5, 3.), 50.0), Some(&code(2)));
    assert_eq!(index.nearest(place(20.5, 3.), 40.0), None);
    assert_eq!(index.nearest(place(10., 3.), 1.0), Some(&code(1)));
    assert_eq!(GridIndex::default().locate(place(0., 0.)), None);
}

#[test]
fn neighbours_share_a_border_not_a_corner() {
    let shapes = [
        (code(1), block(0., 0., 10., 10.)),
        (code(2), block(10., 2., 10., 3.)), // beside a part of 1's long edge
        (code(3), block(10., 10., 10., 10.)), // corner of 1
        (code(4), block(0.01, 10.01, 9.0, 5.)), // drawn a metre off
        (code(5), block(30., 30., 5., 5.)),
    ];
    let index = GridIndex::build(shapes.iter().map(|(c, s)| (c.clone(), s)));
    assert_eq!(index.neighbours(&code(1), 3.0), [code(2), code(4)]);
    assert_eq!(index.neighbours(&code(2), 3.0), [code(1)]);
    assert_eq!(index.neighbours(&code(5), 3.0), []);
}

#[test]
fn overlaps_and_gaps_are_listed_with_size_and_place() {
    let whole = block(0., 0., 30., 10.);
    let grids = vec![
        (code(2), block(0., 0., 11., 10.)),
        (code(1), block(10., 0., 10., 10.)),
        (code(3), block(20., 0., 8., 10.)),
    ];
    let found = overlaps(&grids, 1.0);
    assert_eq!(found.len(), 1);
    assert_eq!((&found[0].first, &found[0].second), (&code(1), &code(2)));
    assert!((found[0].square_metres - 98_160.0).abs() < 200.0, "{found:?}");
    assert!(grids[0].1.contains(found[0].at) && grids[1].1.contains(found[0].at));
    assert_eq!(overlaps(&grids, 100_000.0), []);
    let free = gaps(&whole, grids.iter().map(|(_, s)| s), 1.0);
    assert_eq!(free.len(), 1);
    assert!((free[0].square_metres - 196_320.0).abs() < 400.0, "{free:?}");
    assert!(!grids.iter().any(|(_, s)| s.contains(free[0].at)));
    assert_eq!(gaps(&whole, grids.iter().map(|(_, s)| s), 200_000.0), []);
}

proptest! {
    #[test]
    fn the_tree_answers_as_asking_each_would(points in prop::collection::vec((-5.0..105.0_f64, -5.0..105.0_f64), 1..50)) {
        let shapes: Vec<_> = (0..100_u16)
            .map(|n| (code(n + 1), block(f64::from(n % 10) * 10., f64::from(n / 10) * 10., 9.5, 9.5)))
            .collect();
        let index = GridIndex::build(shapes.iter().map(|(c, s)| (c.clone(), s)));
        for (x, y) in points {
            let here = place(x, y);
            let slow = shapes.iter().find(|(_, s)| s.contains(here)).map(|(c, _)| c);
            prop_assert_eq!(index.locate(here), slow);
        }
    }

    #[test]
    fn crossing_is_found_as_by_comparing_all(corners in prop::collection::vec((0.0..1.0_f64, 0.0..1.0_f64), 3..9)) {
        let mut closed = corners.clone();
        closed.push(corners[0]);
        let all = closed.windows(2).enumerate().any(|(i, a)| {
            closed.windows(2).enumerate().any(|(j, b)| {
                let apart = j > i + 1 && !(i == 0 && j == corners.len() - 1);
                let turn = |p: (f64, f64), q: (f64, f64), r: (f64, f64)| (q.0 - p.0) * (r.1 - p.1) - (q.1 - p.1) * (r.0 - p.0) > 0.0;
                apart && turn(a[0], a[1], b[0]) != turn(a[0], a[1], b[1]) && turn(b[0], b[1], a[0]) != turn(b[0], b[1], a[1])
            })
        });
        let crossing = matches!(ring(&closed), Err(ShapeError::Crossing { .. }));
        prop_assert_eq!(crossing, all);
    }
}
