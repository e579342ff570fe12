//! How long a place takes to find its grid: prints JSON for `make bench`.
//!
//! With a GeoJSON file of grids (property `code`) it measures those; else a lattice of 28 × 28 cells.

use std::{env, error::Error, fs, hint::black_box, time::Instant};

use linli_grid::geometry::{Datum, GridIndex, Shape, Wgs84, read_features};
use linli_kernel::AreaCode;

const ROUNDS: u32 = 1_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let grids = match env::args().nth(1) {
        Some(file) => from_file(&fs::read_to_string(file)?)?,
        None => lattice()?,
    };
    let (west, south, east, north) = grids.iter().fold((180.0, 90.0, -180.0, -90.0), |b, (_, shape)| {
        let (low, high) = shape.bounds();
        (low.lon.min(b.0), low.lat.min(b.1), high.lon.max(b.2), high.lat.max(b.3))
    });
    let index = GridIndex::build(grids.iter().map(|(code, shape)| (code.clone(), shape)));
    // Steps of irrational ratios spread the places evenly without a random source.
    let place = |n: u32| Wgs84 {
        lon: f64::from(n).mul_add(0.618_033_988_749_895, 0.5).fract().mul_add(east - west, west),
        lat: f64::from(n).mul_add(0.754_877_666_246_693, 0.5).fract().mul_add(north - south, south),
    };
    let places: Vec<Wgs84> = (0..ROUNDS).map(place).collect();
    let start = Instant::now();
    let found = places.iter().filter(|p| index.locate(black_box(**p)).is_some()).count();
    let micros = start.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS);
    println!(
        r#"{{"name":"grid_lookup","grids":{},"lookups":{ROUNDS},"found":{found},"us_per_lookup":{micros:.3},"limit_us":10}}"#,
        index.len()
    );
    Ok(())
}

fn from_file(text: &str) -> Result<Vec<(AreaCode, Shape)>, Box<dyn Error>> {
    let mut grids = Vec::new();
    for feature in read_features(text, Datum::Wgs84)? {
        let code: AreaCode = feature.properties["code"].as_str().unwrap_or_default().parse()?;
        if code.as_str().len() == 15 {
            grids.push((code, feature.shape?));
        }
    }
    Ok(grids)
}

fn lattice() -> Result<Vec<(AreaCode, Shape)>, Box<dyn Error>> {
    let parent: AreaCode = "371002001001".parse()?;
    let mut grids = Vec::new();
    for n in 0..784_u16 {
        let (x, y) = (f64::from(n % 28), f64::from(n / 28));
        let at = |dx: f64, dy: f64| Wgs84 { lon: 122.0 + (x + dx) / 100.0, lat: 37.2 + (y + dy) / 100.0 };
        let ring = vec![at(0.0, 0.0), at(1.0, 0.0), at(1.0, 1.0), at(0.0, 1.0), at(0.0, 0.0)];
        grids.push((parent.child(n + 1)?, Shape::from_rings(vec![vec![ring]])?));
    }
    Ok(grids)
}
