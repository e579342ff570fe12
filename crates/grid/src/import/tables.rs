//! Tables of areas, organisations and duties.

use std::collections::{HashMap, HashSet};

use linli_kernel::{AreaCode, Error, FieldError, Result, actor::OrgId, area::AreaLevel};
use linli_web::sheet::Sheet;
use serde::Serialize;

use super::{
    Effect, Ground, Kind, Line, Plan, Write,
    columns::{Layout, changes, columns},
};
use crate::{
    Area, Atlas, Org, OrgKind,
    draft::{AreaText, DutyText, Neighbours, OrgText},
};

/// The present rows of a table in the form in which files are read: a template that is never empty.
pub fn export(kind: Kind, atlas: &Atlas) -> (Vec<&'static str>, Vec<Vec<String>>) {
    let headers = columns(kind).iter().map(|c| c.names[0]).collect();
    let row = |fields: serde_json::Value| -> Vec<String> {
        columns(kind).iter().map(|c| fields[c.key].as_str().unwrap_or_default().to_owned()).collect()
    };
    let text = |of: &dyn erased::Texts| row(of.texts());
    let rows = match kind {
        Kind::Areas => atlas.areas().map(|a| text(&AreaText::from(a))).collect(),
        Kind::Orgs => atlas.orgs().map(|o| text(&OrgText::of(o, atlas))).collect(),
        Kind::Duties => {
            let duties = atlas.categories().filter_map(|c| atlas.own_duty(&c.code));
            duties.map(|d| text(&DutyText::of(d, atlas))).collect()
        }
        Kind::Shapes => Vec::new(),
    };
    (headers, rows)
}

/// Lets one closure take all three text structs.
mod erased {
    pub(super) trait Texts {
        fn texts(&self) -> serde_json::Value;
    }
    impl<T: super::Serialize> Texts for T {
        fn texts(&self) -> serde_json::Value {
            serde_json::to_value(self).unwrap_or_default()
        }
    }
}

fn invalid<T>(result: Result<T>) -> Result<T, Vec<FieldError>> {
    result.map_err(|error| match error {
        Error::Invalid(fields) => fields,
        other => vec![FieldError::new("code", "error-internal").with("cause", other)],
    })
}

fn one(field: &str, key: &str) -> Vec<FieldError> {
    vec![FieldError::new(field, key)]
}

/// Notes a code, or says where it stood before.
fn once(seen: &mut HashMap<String, u64>, code: &str, number: u64) -> Result<(), Vec<FieldError>> {
    match seen.insert(code.to_owned(), number) {
        None => Ok(()),
        Some(before) => {
            seen.insert(code.to_owned(), before);
            Err(vec![FieldError::new("code", "grid-error-twice").with("row", before)])
        }
    }
}

/// A checked row: its line and what it saves.
type Checked = Result<(Line, Vec<Write>), Vec<FieldError>>;

fn gather(sheet: &Sheet, layout: &Layout, plan: &mut Plan, mut check: impl FnMut(u64, &[String]) -> Checked) {
    if !plan.faults.is_empty() {
        return;
    }
    for (number, row) in sheet.numbered() {
        match check(number, row) {
            Ok((line, writes)) => {
                if line.effect != Effect::Same {
                    plan.writes.extend(writes);
                }
                plan.lines.push(line);
            }
            Err(errors) => plan.faults.extend(layout.faults(number, row, errors)),
        }
    }
}

fn line<T: Serialize + Default>(row: u64, code: &str, name: &str, old: Option<&T>, new: &T) -> Line {
    let changes = changes(old.unwrap_or(&T::default()), new);
    let effect = match old {
        None => Effect::New,
        Some(_) if changes.is_empty() => Effect::Same,
        Some(_) => Effect::Changed,
    };
    Line { row, code: code.to_owned(), name: name.to_owned(), effect, changes }
}

pub(super) fn areas(sheet: &Sheet, ground: &mut Ground<'_>) -> Plan {
    let mut plan = Plan::default();
    let layout = Layout::of(Kind::Areas, sheet, &mut plan.faults);
    let code_of = |row: &[String]| layout.cell(row, "code").and_then(|c| c.trim().parse::<AreaCode>().ok());
    // Whether a larger area is there may be answered further down in the file.
    let brought: HashSet<AreaCode> = sheet.rows.iter().filter_map(|row| code_of(row)).collect();
    let mut seen = HashMap::new();
    let mut new_areas: Vec<Area> = Vec::new();
    gather(sheet, &layout, &mut plan, |number, row| {
        let code = code_of(row).ok_or_else(|| one("code", "grid-error-area-code"))?;
        if !ground.district.contains(&code) {
            return Err(one("code", "grid-error-other-district"));
        }
        once(&mut seen, code.as_str(), number)?;
        let old = ground.atlas.area(&code);
        let above = code.parent().filter(|_| code != *ground.district);
        if above.is_some_and(|p| ground.atlas.area(&p).is_none() && !brought.contains(&p)) {
            return Err(one("code", "grid-error-no-parent"));
        }
        let old_text = old.map(AreaText::from);
        let area = invalid(layout.over(old_text.as_ref(), row).checked(&code, old))?;
        let done = line(number, code.as_str(), &area.name, old_text.as_ref(), &AreaText::from(&area));
        if old.is_none() {
            new_areas.push(area.clone());
        }
        Ok((done, vec![Write::Area(Box::new(area))]))
    });
    // Larger areas first: the smaller ones and the organisations refer to them.
    plan.writes.sort_by_key(|w| if let Write::Area(a) = w { a.code.as_str().len() } else { usize::MAX });
    plan.writes.extend(teams(new_areas, ground));
    plan
}

/// Every new area gets its team, so that a case there finds somebody responsible.
pub(super) fn teams(mut areas: Vec<Area>, ground: &mut Ground<'_>) -> Vec<Write> {
    areas.sort_by(|a, b| (a.level(), &a.code).cmp(&(b.level(), &b.code)));
    let mut made: HashMap<AreaCode, OrgId> = HashMap::new();
    let mut names: HashMap<AreaCode, String> = HashMap::new();
    let mut writes = Vec::new();
    for area in areas {
        names.insert(area.code.clone(), area.name.clone());
        let above = area.code.parent();
        let parent = above.as_ref().and_then(|p| ground.atlas.team(p).or_else(|| made.get(p).copied()));
        let (kind, code, name) = match area.level() {
            AreaLevel::District => continue,
            AreaLevel::Street => {
                (OrgKind::StreetCentre, format!("{}-centre", area.code), format!("{}全响应中心", area.name))
            }
            AreaLevel::Community => (OrgKind::Community, area.code.to_string(), area.name.clone()),
            AreaLevel::Grid => {
                let community = above
                    .as_ref()
                    .map(|p| names.get(p).map_or_else(|| ground.atlas.name(p).to_owned(), Clone::clone));
                let name = format!("{}{}", community.unwrap_or_default(), area.name);
                (OrgKind::Grid, area.code.to_string(), name)
            }
        };
        if ground.atlas.team(&area.code).is_some() || ground.atlas.org_by_code(&code).is_some() {
            continue;
        }
        let id = OrgId((ground.fresh)());
        made.insert(area.code.clone(), id);
        writes.push(Write::Org(Box::new(Org {
            id,
            code,
            short: name.clone(),
            name,
            kind,
            area: area.code,
            parent,
            standing: true,
            duty_code: None,
            purpose: String::new(),
            active: true,
        })));
    }
    writes
}

/// The organisations that are there, and those that the file brings.
struct Others<'a> {
    atlas: &'a Atlas,
    brought: HashMap<String, (OrgId, OrgKind)>,
}

impl Neighbours for Others<'_> {
    fn has_area(&self, code: &AreaCode) -> bool {
        self.atlas.area(code).is_some()
    }

    fn parent(&self, code: &str) -> Option<(OrgId, OrgKind)> {
        let brought = self.brought.get(code).copied();
        brought.or_else(|| self.atlas.org_by_code(code).map(|o| (o.id, o.kind)))
    }
}

pub(super) fn orgs(sheet: &Sheet, ground: &mut Ground<'_>) -> Plan {
    let mut plan = Plan::default();
    let layout = Layout::of(Kind::Orgs, sheet, &mut plan.faults);
    let atlas = ground.atlas;
    let code_of = |row: &[String]| layout.cell(row, "code").unwrap_or_default().trim().to_owned();
    let mut others = Others { atlas, brought: HashMap::new() };
    // First pass: who comes with the file, so that the order of rows does not matter.
    for row in &sheet.rows {
        let code = code_of(row);
        let known = atlas.org_by_code(&code);
        let id = known.map_or_else(|| OrgId((ground.fresh)()), |o| o.id);
        let text: OrgText = layout.over(known.map(|o| OrgText::of(o, atlas)).as_ref(), row);
        let alone = OrgText { parent: String::new(), ..text };
        if let Ok(org) = alone.checked(id, &others) {
            others.brought.insert(code, (id, org.kind));
        }
    }
    let mut seen = HashMap::new();
    gather(sheet, &layout, &mut plan, |number, row| {
        let code = code_of(row);
        once(&mut seen, &code, number)?;
        let known = atlas.org_by_code(&code);
        let id = others.parent(&code).map_or(OrgId(uuid::Uuid::nil()), |(id, _)| id);
        let old = known.map(|o| OrgText::of(o, atlas));
        let mut text: OrgText = layout.over(old.as_ref(), row);
        let org = invalid(text.checked(id, &others))?;
        // As we would write it, so that `部门` and `department` are no change.
        text = OrgText { parent: text.parent.trim().to_owned(), ..OrgText::of(&org, atlas) };
        let done = line(number, &code, &org.short, old.as_ref(), &text);
        Ok((done, vec![Write::Org(Box::new(org))]))
    });
    // Whoever is above comes first: larger areas, and the centre before the rest of its area.
    plan.writes.sort_by_key(|w| match w {
        Write::Org(o) => {
            let centre = matches!(o.kind, OrgKind::DistrictCentre | OrgKind::StreetCentre);
            (o.kind.level(), !centre)
        }
        _ => (AreaLevel::Grid, true),
    });
    plan
}

pub(super) fn duties(sheet: &Sheet, ground: &mut Ground<'_>) -> Plan {
    let mut plan = Plan::default();
    let layout = Layout::of(Kind::Duties, sheet, &mut plan.faults);
    let atlas = ground.atlas;
    let mut seen = HashMap::new();
    let mut branches: HashMap<String, (String, u64)> = HashMap::new();
    gather(sheet, &layout, &mut plan, |number, row| {
        let code = layout.cell(row, "code").unwrap_or_default().trim().to_owned();
        once(&mut seen, &code, number)?;
        let old = atlas.own_duty(&code).map(|d| DutyText::of(d, atlas));
        let text: DutyText = layout.over(old.as_ref(), row);
        let tree = text.categories(atlas);
        let duty = text.checked(&code, atlas);
        let (tree, duty) = match (invalid(tree), invalid(duty)) {
            (Ok(tree), Ok(duty)) => (tree, duty),
            (tree, duty) => {
                let both = tree.err().into_iter().chain(duty.err());
                return Err(both.flatten().collect());
            }
        };
        for (field, branch) in ["level1", "level2"].into_iter().zip(&tree) {
            // One prefix of the code has one name, or the tree would depend on the order of rows.
            match branches.get(&branch.code) {
                Some((name, before)) if *name != branch.name => {
                    return Err(vec![FieldError::new(field, "grid-error-branch").with("row", *before)]);
                }
                Some(_) => {}
                None => {
                    branches.insert(branch.code.clone(), (branch.name.clone(), number));
                }
            }
        }
        let name = text.level3.trim().to_owned();
        let photo = tree.last().is_some_and(|c| c.photo_required);
        let orgs = |ids: &[OrgId]| ids.iter().map(|id| atlas.org_label(*id)).collect::<Vec<_>>().join("、");
        let written = DutyText {
            code: code.clone(),
            lead: atlas.org_label(duty.lead).to_owned(),
            assist: orgs(&duty.assisting),
            section: duty
                .section
                .as_deref()
                .map(|w| crate::draft::section_name(atlas, w))
                .unwrap_or_default(),
            basis: duty.basis.clone().unwrap_or_default(),
            standard: duty.standard.clone(),
            days: duty.days.map(|n| n.to_string()).unwrap_or_default(),
            photo: if photo { "是" } else { "否" }.to_owned(),
            level1: text.level1.trim().to_owned(),
            level2: text.level2.trim().to_owned(),
            level3: name.clone(),
        };
        let done = line(number, &code, &name, old.as_ref(), &written);
        let mut writes: Vec<Write> = tree.into_iter().map(Write::Category).collect();
        writes.push(Write::Duty(duty));
        Ok((done, writes))
    });
    plan
}
