//! What stands before the first case: a land given from outside, and the categories and duty list that
//! the slice carries. Writing it again changes nothing but what differs.

use std::collections::HashMap;

use linli_kernel::{AreaCode, Error, Result, actor::OrgId};
use linli_store::{Entry, Op};
use serde_json::json;

use crate::{
    Area, Category, Duty, Org, OrgKind,
    defaults::{self, Duty as DutyLine},
    store,
};

/// An organisation as a plan names it: by code, its parent too.
#[derive(Debug, Clone)]
pub struct OrgSeed {
    /// The id it gets if its code is new; made on the spot if absent.
    pub id: Option<OrgId>,
    /// Stable word.
    pub code: String,
    /// Full name.
    pub name: String,
    /// As people say it.
    pub short: String,
    /// Which kind.
    pub kind: OrgKind,
    /// Where it works.
    pub area: AreaCode,
    /// Code of the organisation above, listed before this one.
    pub parent: Option<String>,
    /// Whether it sits in its centre all day.
    pub standing: bool,
    /// Its word in the duty list.
    pub duty_code: Option<String>,
    /// What it is for.
    pub purpose: String,
}

/// Areas, each after the one that holds it, and organisations, each after its parent.
#[derive(Debug, Clone, Default)]
pub struct Land {
    /// The areas with their shapes and boards.
    pub areas: Vec<Area>,
    /// The organisations.
    pub orgs: Vec<OrgSeed>,
}

/// The code of a department's organisation, as the duty list's words name it.
pub fn department_code(word: &str) -> String {
    format!("dept-{word}")
}

/// Writes the land, the categories and the duty list. The caller commits, and then reloads the atlas.
pub async fn write(op: &mut Op, land: &Land) -> Result<()> {
    for area in &land.areas {
        store::put_area(&mut op.tx, area, op.now).await?;
    }
    let mut ids = store::org_ids(&mut op.tx).await?;
    for seed in &land.orgs {
        let id = match ids.get(&seed.code) {
            Some(id) => *id,
            None => seed.id.unwrap_or_else(|| OrgId(op.uuid())),
        };
        let parent = match &seed.parent {
            Some(code) => Some(*ids.get(code).ok_or_else(|| missing(&seed.code, code))?),
            None => None,
        };
        ids.insert(seed.code.clone(), id);
        let org = Org {
            id,
            code: seed.code.clone(),
            name: seed.name.clone(),
            short: seed.short.clone(),
            kind: seed.kind,
            area: seed.area.clone(),
            parent,
            standing: seed.standing,
            duty_code: seed.duty_code.clone(),
            purpose: seed.purpose.clone(),
            active: true,
        };
        store::put_org(&mut op.tx, &org, op.now).await?;
    }
    let lines = defaults::duties().map_err(Error::internal)?;
    for category in categories(&lines) {
        store::put_category(&mut op.tx, &category, op.now).await?;
    }
    for line in &lines {
        store::put_duty(&mut op.tx, &duty(line, &ids)?, op.now).await?;
    }
    let area = op.district.area.clone();
    op.log(Entry {
        action: "grid.seed",
        subject: "area",
        subject_id: area.to_string(),
        area,
        detail: json!({ "areas": land.areas.len(), "orgs": land.orgs.len(), "categories": lines.len() }),
    })
    .await
}

fn missing(what: &str, parent: &str) -> Error {
    Error::internal(format!("{what} needs {parent}, which is not there"))
}

/// The tree of the lines: every branch once, before its twigs.
pub fn categories(lines: &[DutyLine]) -> Vec<Category> {
    let mut tree = std::collections::BTreeMap::new();
    for line in lines {
        for (digits, name, photo) in
            [(2, &line.level1, false), (4, &line.level2, false), (6, &line.level3, line.photo)]
        {
            let Some(code) = line.code.get(..digits) else { continue };
            let parent = if digits > 2 { line.code.get(..digits - 2).map(str::to_owned) } else { None };
            tree.entry(code.to_owned()).or_insert_with(|| Category {
                code: code.to_owned(),
                name: name.clone(),
                parent,
                photo_required: photo,
                active: true,
            });
        }
    }
    tree.into_values().collect()
}

fn duty(line: &DutyLine, ids: &HashMap<String, OrgId>) -> Result<Duty> {
    let org = |word: &String| {
        let code = department_code(word);
        ids.get(&code).copied().ok_or_else(|| missing(&line.code, &code))
    };
    Ok(Duty {
        category: line.code.clone(),
        lead: org(&line.lead)?,
        assisting: line.assist.iter().map(org).collect::<Result<_>>()?,
        section: Some(line.section.clone()).filter(|s| !s.is_empty()),
        basis: line.basis(),
        standard: line.standard.clone(),
        days: Some(line.days),
    })
}
