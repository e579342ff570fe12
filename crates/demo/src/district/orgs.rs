//! Who can hold a case (承办单位): centres, hotline desk, departments, street sections, communities, grid teams.

use linli_grid::{
    OrgKind,
    defaults::{Department, Section},
};
use linli_kernel::{AreaCode, actor::OrgId, area::AreaLevel};

use super::{AreaPlan, founding_id};

/// One organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrgPlan {
    /// The same for the same seed.
    pub id: OrgId,
    /// Stable: `371002-centre`, `dept-housing`, `371002001-city`, or the area's own code.
    pub code: String,
    /// Full name.
    pub name: String,
    /// As people say it.
    pub short: String,
    /// Which kind.
    pub kind: OrgKind,
    /// Where it works: the prefix is its scope.
    pub area: AreaCode,
    /// Whether it sits in its centre all day.
    pub standing: bool,
    /// The organisation above.
    pub parent: Option<String>,
    /// Code of the department or section in the duty list, for those.
    pub duty_code: Option<String>,
    /// What it is for, one line.
    pub duty: String,
}

/// Until the list is complete.
const NO_ID: OrgId = OrgId(uuid::Uuid::nil());

/// The code of the centre of a district or street.
pub fn centre_code(area: &AreaCode) -> String {
    format!("{area}-centre")
}

/// The code of a department.
pub fn department_code(duty_code: &str) -> String {
    format!("dept-{duty_code}")
}

/// The code of a street's section.
pub fn section_code(street: &AreaCode, duty_code: &str) -> String {
    format!("{street}-{duty_code}")
}

/// The code of the hotline desk.
pub fn hotline_code(district: &AreaCode) -> String {
    format!("{district}-hotline")
}

pub(super) fn plan(
    areas: &[AreaPlan],
    departments: &[Department],
    sections: &[Section],
    seed: u64,
) -> Vec<OrgPlan> {
    let mut orgs = Vec::new();
    let mut community = String::new();
    for area in areas {
        match area.code.level() {
            AreaLevel::District => district(area, departments, &mut orgs),
            AreaLevel::Street => street(area, sections, &mut orgs),
            AreaLevel::Community => {
                community.clone_from(&area.name);
                let above = area.code.parent().as_ref().map(centre_code);
                let duty = "社区网格统筹、民情收集与自治服务";
                orgs.push(area_org(area, OrgKind::Community, area.name.clone(), above, duty));
            }
            AreaLevel::Grid => {
                let above = area.code.parent().map(|c| c.to_string());
                let name = format!("{community}{}", area.name);
                orgs.push(area_org(area, OrgKind::Grid, name, above, "网格内巡查走访、自主应答与服务"));
            }
        }
    }
    for (nth, org) in orgs.iter_mut().enumerate() {
        org.id = OrgId(founding_id(seed, "org", nth));
    }
    orgs
}

fn district(area: &AreaPlan, departments: &[Department], orgs: &mut Vec<OrgPlan>) {
    let centre = centre_code(&area.code);
    orgs.push(OrgPlan {
        id: NO_ID,
        code: centre.clone(),
        name: format!("{}网格化治理暨吹哨报到全响应中心", area.name),
        short: "区级全响应中心".to_owned(),
        kind: OrgKind::DistrictCentre,
        area: area.code.clone(),
        standing: true,
        parent: None,
        duty_code: None,
        duty: "攻坚哨受理、跨部门协调、督办与研判".to_owned(),
    });
    orgs.push(OrgPlan {
        id: NO_ID,
        code: hotline_code(&area.code),
        name: format!("{}12345热线专席", area.name),
        short: "12345专席".to_owned(),
        kind: OrgKind::Hotline,
        area: area.code.clone(),
        standing: true,
        parent: Some(centre.clone()),
        duty_code: None,
        duty: "热线工单接收、转派与回复".to_owned(),
    });
    orgs.extend(departments.iter().map(|d| OrgPlan {
        id: NO_ID,
        code: department_code(&d.code),
        name: d.name.clone(),
        short: d.short.clone(),
        kind: OrgKind::Department,
        area: area.code.clone(),
        standing: d.standing,
        parent: Some(centre.clone()),
        duty_code: Some(d.code.clone()),
        duty: d.duty.clone(),
    }));
}

fn street(area: &AreaPlan, sections: &[Section], orgs: &mut Vec<OrgPlan>) {
    let centre = centre_code(&area.code);
    orgs.push(OrgPlan {
        id: NO_ID,
        code: centre.clone(),
        name: format!("{}网格化治理暨吹哨报到全响应中心", area.name),
        short: format!("{}全响应中心", area.name),
        kind: OrgKind::StreetCentre,
        area: area.code.clone(),
        standing: true,
        parent: area.code.parent().as_ref().map(centre_code),
        duty_code: None,
        duty: "联合哨受理、分派、计时与回访".to_owned(),
    });
    orgs.extend(sections.iter().map(|s| OrgPlan {
        id: NO_ID,
        code: section_code(&area.code, &s.code),
        name: format!("{}{}", area.name, s.name),
        short: s.name.clone(),
        kind: OrgKind::Section,
        area: area.code.clone(),
        standing: true,
        parent: Some(centre.clone()),
        duty_code: Some(s.code.clone()),
        duty: s.duty.clone(),
    }));
}

fn area_org(area: &AreaPlan, kind: OrgKind, name: String, parent: Option<String>, duty: &str) -> OrgPlan {
    OrgPlan {
        id: NO_ID,
        code: area.code.to_string(),
        short: name.clone(),
        name,
        kind,
        area: area.code.clone(),
        standing: true,
        parent,
        duty_code: None,
        duty: duty.to_owned(),
    }
}
