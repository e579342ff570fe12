//! Base data from files: looked at first, then imported whole or not at all.
//!
//! [`plan`] is pure: it reads the file against the present atlas and says for every row what it would do
//! or what is wrong with it. The use case that imports plans again inside its transaction.

mod columns;
mod land;
mod tables;

use linli_kernel::{AreaCode, FieldError, Result, hex, text_enum};
use linli_web::sheet::{self, Sheet};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{
    Area, Atlas, Category, Duty, Org,
    geometry::{Datum, Gap, Overlap, Shape},
};

pub use columns::{Column, columns};
pub use tables::export;

/// The largest file of base data.
pub const BYTES: usize = 20 * 1024 * 1024;
/// The most rows of base data.
const ROWS: usize = 20_000;

text_enum! {
    /// What a file brings.
    pub enum Kind {
        /// 区划与网格
        Areas = "areas",
        /// 区划与网格的范围（GeoJSON）
        Shapes = "shapes",
        /// 单位
        Orgs = "orgs",
        /// 主责清单与案件类别
        Duties = "duties",
    }
}

/// One thing to be saved.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// An area with its board.
    Area(Box<Area>),
    /// The land of an area.
    Shape(AreaCode, Box<Shape>),
    /// An organisation.
    Org(Box<Org>),
    /// A category.
    Category(Category),
    /// A row of the duty list.
    Duty(Duty),
}

/// What a row does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Adds a thing.
    New,
    /// Changes one.
    Changed,
    /// Says what is already so.
    Same,
}

/// A field that changes: column, before, after.
pub type Change = (String, String, String);

/// One row that is in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number in the file.
    pub row: u64,
    /// The code of the thing.
    pub code: String,
    /// The name of the thing.
    pub name: String,
    /// What it does.
    pub effect: Effect,
    /// Which fields change.
    pub changes: Vec<Change>,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Its number in the file; 1 is the row of the headers.
    pub row: u64,
    /// The column and the sentence.
    pub error: FieldError,
    /// What stands there.
    pub given: String,
}

/// What a file would do.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// Rows in the file.
    pub rows: usize,
    /// The rows in order.
    pub lines: Vec<Line>,
    /// What must be mended first.
    pub faults: Vec<Fault>,
    /// Ground that two areas would both claim.
    pub overlaps: Vec<Overlap>,
    /// Ground that no area would cover.
    pub gaps: Vec<Gap>,
    /// What is saved, in order.
    pub writes: Vec<Write>,
    /// The table, to give the wrong rows back.
    pub sheet: Option<Sheet>,
}

impl Plan {
    /// How many rows have this effect.
    pub fn count(&self, effect: Effect) -> usize {
        self.lines.iter().filter(|l| l.effect == effect).count()
    }

    /// How many rows are wrong.
    pub fn wrong_rows(&self) -> usize {
        let mut rows: Vec<u64> = self.faults.iter().map(|f| f.row).collect();
        rows.sort_unstable();
        rows.dedup();
        rows.len()
    }

    /// Says what the person saw: another plan for the same file has another word.
    pub fn seen(&self) -> String {
        let mut hash = Sha256::new();
        for line in &self.lines {
            hash.update(format!("{line:?}"));
        }
        hash.update(format!("{:?}{:?}", self.faults, self.overlaps));
        hex(&hash.finalize()[..12])
    }

    /// The rows that are wrong, with a column that says why.
    pub fn faults_as_table(&self, word: &str, sentence: impl Fn(&FieldError) -> String) -> Result<Vec<u8>> {
        let empty = Sheet::default();
        let sheet = self.sheet.as_ref().unwrap_or(&empty);
        let mut headers = sheet.headers.clone();
        headers.push(word.to_owned());
        let mut rows = Vec::new();
        for (number, cells) in sheet.numbered() {
            let why: Vec<String> =
                self.faults.iter().filter(|f| f.row == number).map(|f| sentence(&f.error)).collect();
            if !why.is_empty() {
                let mut cells = cells.to_vec();
                cells.resize(sheet.headers.len(), String::new());
                cells.push(why.join("；"));
                rows.push(cells);
            }
        }
        sheet::write(&headers, &rows)
    }
}

/// What stands around the file.
pub struct Ground<'a> {
    /// The present.
    pub atlas: &'a Atlas,
    /// The district: nothing outside it is taken.
    pub district: &'a AreaCode,
    /// Where new ids come from.
    pub fresh: &'a mut dyn FnMut() -> Uuid,
}

/// The team of a new area, so that a case there finds somebody responsible.
pub fn team(area: &Area, ground: &mut Ground<'_>) -> Vec<Write> {
    tables::teams(vec![area.clone()], ground)
}

/// A file as it was uploaded.
#[derive(Debug, Clone)]
pub struct Upload {
    /// What it brings.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
    /// The datum of its positions.
    pub datum: Datum,
}

/// Reads the file against the present. An error means that it is no table at all.
pub fn plan(file: &Upload, ground: &mut Ground<'_>) -> Result<Plan> {
    if file.kind == Kind::Shapes {
        return land::plan(&file.bytes, file.datum, ground);
    }
    let sheet = sheet::read_limited(&file.bytes, &file.name, ROWS)?;
    let mut plan = match file.kind {
        Kind::Areas => tables::areas(&sheet, ground),
        Kind::Orgs => tables::orgs(&sheet, ground),
        Kind::Duties | Kind::Shapes => tables::duties(&sheet, ground),
    };
    plan.rows = sheet.rows.len();
    plan.faults.sort_by_key(|f| f.row);
    plan.sheet = Some(sheet);
    Ok(plan)
}
