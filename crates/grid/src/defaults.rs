//! What a new district starts with: names and codes, the outline, departments, street sections and the
//! duty list (主责清单). All of it can be replaced on screen or by import.

use linli_kernel::AreaCode;
use serde::{Deserialize, Deserializer, de::DeserializeOwned};

use crate::{
    geometry::{Datum, Shape, ShapeError},
    model::{AreaName, short_name},
};

const AREAS: &str = include_str!("../data/areas.csv");
const OUTLINE: &str = include_str!("../data/371002.gcj02.geojson");
const DEPARTMENTS: &str = include_str!("../data/departments.csv");
const SECTIONS: &str = include_str!("../data/sections.csv");
const CATEGORIES: &str = include_str!("../data/categories.csv");

/// A carried file is broken: a mistake of the build, named so that it is found at once.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// A table cannot be read.
    #[error("{file}: {cause}")]
    Table {
        /// Which file.
        file: &'static str,
        /// Line and reason.
        #[source]
        cause: csv::Error,
    },
    /// The outline cannot be read.
    #[error("outline: {0}")]
    Outline(#[from] ShapeError),
}

/// A department of the committee (委员会成员部门).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Department {
    /// Stable word.
    pub code: String,
    /// Full name.
    pub name: String,
    /// As people say it.
    pub short: String,
    /// Sits in the district centre all day (常驻); the others report in when called (非常驻).
    #[serde(deserialize_with = "yes")]
    pub standing: bool,
    /// What it is for, one line.
    pub duty: String,
}

/// A standing section of every street (镇街科室).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Section {
    /// Stable word.
    pub code: String,
    /// Name without the street's.
    pub name: String,
    /// What it is for, one line.
    pub duty: String,
}

/// A row of the duty list: a category of the third level and who answers for it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Duty {
    /// Two digits per level.
    pub code: String,
    /// 一级分类
    pub level1: String,
    /// 二级分类
    pub level2: String,
    /// 三级分类
    pub level3: String,
    /// Code of the department that leads (主责).
    pub lead: String,
    /// Codes of departments that assist (协办).
    #[serde(deserialize_with = "list")]
    pub assist: Vec<String>,
    /// Code of the street section that takes it first.
    pub section: String,
    /// Name of the law or rule (依据), empty where the list names none.
    pub law: String,
    /// Its article, where one says it.
    pub article: String,
    /// Working days for the work.
    pub days: u16,
    /// Whether solving needs a photo.
    #[serde(deserialize_with = "yes")]
    pub photo: bool,
    /// What good work looks like (处置标准).
    pub standard: String,
}

impl Duty {
    /// `《物业管理条例》` or `《民法典》第二百七十七条`.
    pub fn basis(&self) -> Option<String> {
        (!self.law.is_empty()).then(|| format!("《{}》{}", self.law, self.article))
    }
}

/// District, streets, communities and villages, in order of code.
pub fn areas() -> Result<Vec<AreaName>, DataError> {
    #[derive(Deserialize)]
    struct Row {
        code: AreaCode,
        name: String,
    }
    let rows: Vec<Row> = table("areas.csv", AREAS)?;
    let named = |row: Row| AreaName { code: row.code, short: short_name(&row.name), official: row.name };
    Ok(rows.into_iter().map(named).collect())
}

/// The outline of the district: its land and islands.
pub fn outline() -> Result<Shape, DataError> {
    Ok(Shape::from_geojson(OUTLINE, Datum::Gcj02)?)
}

/// The 28 member departments, of which 26 are not standing in the centre.
pub fn departments() -> Result<Vec<Department>, DataError> {
    table("departments.csv", DEPARTMENTS)
}

/// The sections that every street has.
pub fn sections() -> Result<Vec<Section>, DataError> {
    table("sections.csv", SECTIONS)
}

/// The duty list with its tree of categories.
pub fn duties() -> Result<Vec<Duty>, DataError> {
    table("categories.csv", CATEGORIES)
}

fn table<T: DeserializeOwned>(file: &'static str, text: &str) -> Result<Vec<T>, DataError> {
    let rows: Result<Vec<T>, csv::Error> =
        csv::Reader::from_reader(text.as_bytes()).into_deserialize().collect();
    rows.map_err(|cause| DataError::Table { file, cause })
}

fn yes<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    match String::deserialize(from)?.as_str() {
        "yes" => Ok(true),
        "no" => Ok(false),
        other => Err(serde::de::Error::custom(format!("“{other}” is neither yes nor no"))),
    }
}

fn list<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let text = String::deserialize(from)?;
    Ok(text.split(';').map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use linli_kernel::area::AreaLevel;
    use std::collections::HashSet;

    #[test]
    fn the_district_has_its_streets_and_communities() {
        let areas = areas().unwrap();
        let count = |level| areas.iter().filter(|a| a.code.level() == level).count();
        assert_eq!(
            (count(AreaLevel::District), count(AreaLevel::Street), count(AreaLevel::Community)),
            (1, 9, 218)
        );
        let codes: HashSet<_> = areas.iter().map(|a| a.code.clone()).collect();
        assert_eq!(codes.len(), areas.len());
        assert!(areas.iter().filter_map(|a| a.code.parent()).all(|parent| codes.contains(&parent)));
        assert!(areas.is_sorted_by_key(|a| &a.code));
    }

    #[test]
    fn the_outline_is_sound_and_where_it_should_be() {
        let outline = outline().unwrap();
        assert_eq!(outline.polygons().0.len(), 10);
        let (low, high) = outline.bounds();
        assert!(low.lon > 121.8 && high.lon < 122.5 && low.lat > 37.2 && high.lat < 37.6);
        // About a thousand square kilometres: a slip in the datum or the scale would show here.
        assert!((0.95e9..1.06e9).contains(&outline.square_metres()), "{}", outline.square_metres());
    }

    #[test]
    fn every_duty_names_somebody_who_exists() {
        let departments = departments().unwrap();
        assert_eq!(departments.len(), 28);
        assert_eq!(departments.iter().filter(|d| !d.standing).count(), 26);
        let known: HashSet<_> = departments.iter().map(|d| d.code.as_str()).collect();
        let sections = sections().unwrap();
        let rooms: HashSet<_> = sections.iter().map(|s| s.code.as_str()).collect();
        let duties = duties().unwrap();
        let mut codes = HashSet::new();
        for duty in &duties {
            assert!(codes.insert(&duty.code), "{duty:?}");
            assert!(duty.code.len() == 6 && duty.code.bytes().all(|b| b.is_ascii_digit()), "{duty:?}");
            assert!(known.contains(duty.lead.as_str()), "{duty:?}");
            assert!(duty.assist.iter().all(|a| known.contains(a.as_str()) && *a != duty.lead), "{duty:?}");
            assert!(rooms.contains(duty.section.as_str()), "{duty:?}");
            assert!(!duty.law.is_empty() || duty.article.is_empty(), "{duty:?}");
        }
        // A prefix of the code is the branch of the tree, so one prefix has one name.
        for (a, b) in duties.iter().zip(duties.iter().skip(1)) {
            assert_eq!(a.code[..2] == b.code[..2], a.level1 == b.level1, "{a:?} {b:?}");
            assert_eq!(a.code[..4] == b.code[..4], (&a.level1, &a.level2) == (&b.level1, &b.level2), "{a:?}");
        }
    }
}
