//! The land of areas from GeoJSON: every polygon checked, overlaps and gaps listed before anything is saved.

use std::collections::{BTreeMap, BTreeSet};

use linli_kernel::{AreaCode, Error, FieldError, Result, area::AreaLevel};

use super::{Effect, Fault, Ground, Line, Plan, Write};
use crate::geometry::{Datum, Feature, Shape, gaps, overlaps, read_features};

/// Smaller than this is how two hands draw one border.
const LEAST_SQUARE_METRES: f64 = 100.0;
/// Where files keep the code.
const CODE: [&str; 6] = ["code", "编码", "网格编码", "区划编码", "区划代码", "grid_code"];

fn code_of(feature: &Feature) -> String {
    let value = CODE.iter().find_map(|key| feature.properties.get(*key));
    match value {
        Some(serde_json::Value::String(text)) => text.trim().to_owned(),
        Some(serde_json::Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

pub(super) fn plan(bytes: &[u8], datum: Datum, ground: &mut Ground<'_>) -> Result<Plan> {
    let text = std::str::from_utf8(bytes).map_err(|_| Error::field("file", "grid-shape-not-json"))?;
    let features = read_features(text, datum).map_err(|e| Error::field("file", e.key()))?;
    let mut plan = Plan { rows: features.len(), ..Plan::default() };
    let mut brought: BTreeMap<AreaCode, (u64, Shape)> = BTreeMap::new();
    for (number, feature) in (1_u64..).zip(features) {
        let given = code_of(&feature);
        match one(&given, feature, ground, &brought) {
            Ok((code, shape)) => {
                brought.insert(code, (number, shape));
            }
            Err(error) => plan.faults.push(Fault { row: number, error, given }),
        }
    }
    outside(&mut brought, ground, &mut plan);
    survey(&brought, ground, &mut plan);
    for (code, (row, shape)) in brought {
        let old = ground.atlas.area(&code).and_then(|a| a.shape.as_ref());
        // What is stored is rounded to centimetres: only that counts as a difference.
        let effect = match old {
            None => Effect::New,
            Some(old) if old.to_geojson(Datum::Wgs84) == shape.to_geojson(Datum::Wgs84) => Effect::Same,
            Some(_) => Effect::Changed,
        };
        let hectares = |shape: &Shape| format!("{:.2}", shape.square_metres() / 10_000.0);
        let changes = if effect == Effect::Same {
            Vec::new()
        } else {
            vec![("hectares".to_owned(), old.map(hectares).unwrap_or_default(), hectares(&shape))]
        };
        let name = ground.atlas.path(&code);
        plan.lines.push(Line { row, code: code.to_string(), name, effect, changes });
        if effect != Effect::Same {
            plan.writes.push(Write::Shape(code, Box::new(shape)));
        }
    }
    plan.lines.sort_by_key(|l| l.row);
    Ok(plan)
}

fn one(
    given: &str,
    feature: Feature,
    ground: &Ground<'_>,
    brought: &BTreeMap<AreaCode, (u64, Shape)>,
) -> Result<(AreaCode, Shape), FieldError> {
    let code: AreaCode = given.parse().map_err(|_| FieldError::new("code", "grid-error-feature-code"))?;
    if ground.atlas.area(&code).is_none() {
        return Err(FieldError::new("code", "grid-error-no-area"));
    }
    if let Some((before, _)) = brought.get(&code) {
        return Err(FieldError::new("code", "grid-error-twice").with("row", *before));
    }
    let shape = feature.shape.map_err(|e| FieldError::new("geometry", e.key()))?;
    Ok((code, shape))
}

/// Takes out what lies beyond its district: the wrong datum, longitude and latitude exchanged, another county's file.
/// Border areas are drawn by other hands than the district's outline, so only the middle counts.
fn outside(brought: &mut BTreeMap<AreaCode, (u64, Shape)>, ground: &Ground<'_>, plan: &mut Plan) {
    let away: Vec<(AreaCode, u64)> = brought
        .iter()
        .filter(|(code, (_, shape))| {
            let above = std::iter::successors(code.parent(), AreaCode::parent);
            let district = above.into_iter().find(|code| code.level() == AreaLevel::District);
            let outline = district.as_ref().and_then(|district| {
                let new = brought.get(district).map(|(_, shape)| shape);
                new.or_else(|| ground.atlas.area(district)?.shape.as_ref())
            });
            outline.is_some_and(|o| !o.contains(shape.centroid()) && !o.contains(shape.label_point()))
        })
        .map(|(code, (row, _))| (code.clone(), *row))
        .collect();
    for (code, row) in away {
        brought.remove(&code);
        let error = FieldError::new("geometry", "grid-error-outside");
        plan.faults.push(Fault { row, error, given: code.to_string() });
    }
    plan.faults.sort_by_key(|fault| fault.row);
}

/// Looks at the neighbours of what changes as they would lie afterwards.
fn survey(brought: &BTreeMap<AreaCode, (u64, Shape)>, ground: &Ground<'_>, plan: &mut Plan) {
    let after = |code: &AreaCode| {
        let new = brought.get(code).map(|(_, shape)| shape);
        new.or_else(|| ground.atlas.area(code)?.shape.as_ref())
    };
    let parents: BTreeSet<AreaCode> = brought.keys().filter_map(AreaCode::parent).collect();
    for parent in parents {
        let siblings: Vec<(AreaCode, Shape)> = ground
            .atlas
            .children(&parent)
            .filter_map(|a| Some((a.code.clone(), after(&a.code)?.clone())))
            .collect();
        let news = |code: &AreaCode| brought.contains_key(code);
        plan.overlaps.extend(
            overlaps(&siblings, LEAST_SQUARE_METRES)
                .into_iter()
                .filter(|o| news(&o.first) || news(&o.second)),
        );
        if let Some(whole) = after(&parent) {
            plan.gaps.extend(gaps(whole, siblings.iter().map(|(_, shape)| shape), LEAST_SQUARE_METRES));
        }
    }
}
