//! Makes the district and prints its figures as JSON; with a file name, writes its areas as GeoJSON.

use std::{env, error::Error, fs, time::Instant};

use linli_demo::{district::District, plan};
use linli_grid::geometry::Datum;
use linli_kernel::Timestamp;

fn main() -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let district = District::generate(1, 1.0)?;
    let millis = start.elapsed().as_millis();
    let mut parts: Vec<usize> = district.grids().map(|a| a.shape.polygons().0.len()).collect();
    parts.sort_unstable();
    let corners: usize =
        district.grids().flat_map(|a| a.shape.polygons().iter()).map(|p| p.exterior().0.len()).sum();
    println!(
        r#"{{"areas":{},"orgs":{},"people":{},"corners":{corners},"pieces_max":{},"ms":{millis}}}"#,
        district.areas.len(),
        district.orgs.len(),
        district.people.len(),
        parts.last().copied().unwrap_or_default(),
    );
    let start = Instant::now();
    let demo = plan(1, 1.0, Timestamp::from_millis(1_795_422_600_000))?;
    let steps: usize = demo.cases().map(|case| case.steps.len()).sum();
    println!(r#"{{"cases":{},"steps":{steps},"ms":{}}}"#, demo.case_count(), start.elapsed().as_millis());
    if let Some(file) = env::args().nth(1) {
        let features: Vec<String> = district
            .areas
            .iter()
            .map(|a| {
                let geometry = a.shape.to_geojson(Datum::Wgs84);
                format!(
                    r#"{{"type":"Feature","properties":{{"code":"{}","name":"{}"}},"geometry":{geometry}}}"#,
                    a.code, a.name
                )
            })
            .collect();
        fs::write(file, format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(",")))?;
    }
    Ok(())
}
