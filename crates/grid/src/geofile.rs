//! Areas as GeoJSON files for maps: made once per atlas, with a tag by which browsers keep them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use linli_kernel::{AreaCode, area::AreaLevel, hex};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::{Area, Atlas, geometry::Datum};

/// A finished file.
#[derive(Debug, PartialEq, Eq)]
pub struct GeoFile {
    /// For `ETag` and `If-None-Match`, quoted.
    pub tag: String,
    /// The FeatureCollection.
    pub text: String,
}

/// What was asked for: the level, inside which area, in which datum.
type Wish = (AreaLevel, AreaCode, Datum);

/// The files that were asked for so far. An atlas has at most a few thousand areas, and each lies in
/// four others, so this cannot grow without end.
#[derive(Debug, Default)]
pub struct GeoFiles(Mutex<HashMap<Wish, Arc<GeoFile>>>);

impl GeoFiles {
    /// The file of all areas of `level` inside `within`; none if there is no such area.
    pub fn get(
        &self,
        atlas: &Atlas,
        level: AreaLevel,
        within: &AreaCode,
        datum: Datum,
    ) -> Option<Arc<GeoFile>> {
        atlas.area(within)?;
        let wish = (level, within.clone(), datum);
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = lock().get(&wish) {
            return Some(file.clone());
        }
        // Made outside the lock: two may make the same, none waits for another's.
        let file = Arc::new(GeoFile::new(write(atlas, level, within, datum)));
        lock().insert(wish, file.clone());
        Some(file)
    }
}

impl GeoFile {
    fn new(text: String) -> Self {
        let hash = Sha256::digest(text.as_bytes());
        Self { tag: format!("W/\"{}\"", hex(&hash[..12])), text }
    }
}

fn write(atlas: &Atlas, level: AreaLevel, within: &AreaCode, datum: Datum) -> String {
    let features: Vec<_> = atlas
        .within(within)
        .filter(|a| a.level() == level)
        .filter_map(|a| feature(atlas, a, datum))
        .collect();
    json!({ "type": "FeatureCollection", "datum": datum, "features": features }).to_string()
}

/// One area; nothing if its land is not drawn.
pub fn feature(atlas: &Atlas, area: &Area, datum: Datum) -> Option<serde_json::Value> {
    let geometry = area.shape.as_ref()?.to_geojson(datum);
    let mut properties = json!({
        "code": area.code,
        "name": area.name,
        "path": atlas.path(&area.code),
        "kind": area.level().as_str(),
    });
    if let Some(kind) = area.kind {
        properties["grid_kind"] = json!(kind);
        properties["url"] = json!(format!("/g/{}", area.code));
    }
    Some(json!({ "type": "Feature", "id": area.code, "properties": properties, "geometry": geometry }))
}
