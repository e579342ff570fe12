//! An organisation as people type it (部门、科室、中心).

use linli_kernel::{AreaCode, Result, actor::OrgId, error::Check};
use serde::{Deserialize, Serialize};

use super::{yes, yes_no};
use crate::{Atlas, Org, OrgKind};

/// An organisation as text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the fields of Org, as typed")]
pub struct OrgText {
    pub code: String,
    pub name: String,
    pub short: String,
    pub kind: String,
    pub area: String,
    pub parent: String,
    pub standing: String,
    pub duty_code: String,
    pub purpose: String,
    pub active: String,
}

/// What people call each kind.
const KINDS: [(OrgKind, &str); 7] = [
    (OrgKind::DistrictCentre, "区级全响应中心"),
    (OrgKind::Hotline, "12345热线专席"),
    (OrgKind::Department, "部门"),
    (OrgKind::StreetCentre, "镇街全响应中心"),
    (OrgKind::Section, "镇街科室"),
    (OrgKind::Community, "社区"),
    (OrgKind::Grid, "网格团队"),
];

fn org_kind(text: &str) -> Option<OrgKind> {
    let text = text.trim();
    KINDS.iter().find(|(_, name)| *name == text).map(|(kind, _)| *kind).or_else(|| text.parse().ok())
}

/// What a check of organisations needs to know about the others.
pub trait Neighbours {
    /// Whether the area exists.
    fn has_area(&self, code: &AreaCode) -> bool;
    /// The organisation with this code.
    fn parent(&self, code: &str) -> Option<(OrgId, OrgKind)>;
}

impl OrgText {
    /// The texts of a known organisation.
    pub fn of(org: &Org, atlas: &Atlas) -> Self {
        let parent = org.parent.and_then(|id| atlas.org(id)).map(|p| p.code.clone());
        Self {
            code: org.code.clone(),
            name: org.name.clone(),
            short: org.short.clone(),
            kind: org.kind.as_str().to_owned(),
            area: org.area.to_string(),
            parent: parent.unwrap_or_default(),
            standing: yes_no(org.standing).to_owned(),
            duty_code: org.duty_code.clone().unwrap_or_default(),
            purpose: org.purpose.clone(),
            active: yes_no(org.active).to_owned(),
        }
    }

    /// The organisation under `id`.
    pub fn checked(&self, id: OrgId, others: &impl Neighbours) -> Result<Org> {
        let mut check = Check::new();
        let code = check.text("code", &self.code, 40);
        let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        check.require(code.chars().all(word), "code", "grid-error-word");
        let name = check.text("name", &self.name, 60);
        let short = check.optional("short", Some(&self.short), 40).unwrap_or_else(|| name.clone());
        let kind = check.parse("kind", "grid-error-org-kind", org_kind(&self.kind));
        let area = self.area.trim().parse::<AreaCode>().ok().filter(|a| others.has_area(a));
        let area = check.parse("area", "grid-error-no-area", area);
        if let (Some(kind), Some(area)) = (kind, &area) {
            check.require(kind.level() == area.level(), "area", "grid-error-org-level");
        }
        let parent = match self.parent.trim() {
            "" => None,
            code => check.parse("parent", "grid-error-no-org", others.parent(code)),
        };
        if let (Some(kind), Some((above, above_kind))) = (kind, parent) {
            // Upwards means a larger area, or the centre of the same one: so no ring can close.
            let up = above_kind.level() < kind.level()
                || (above_kind.level() == kind.level() && is_centre(above_kind) && !is_centre(kind));
            check.require(up && above != id, "parent", "grid-error-org-parent");
        }
        let standing = check.parse("standing", "grid-error-yes-no", yes(&self.standing));
        let active = if self.active.trim().is_empty() { Some(true) } else { yes(&self.active) };
        let active = check.parse("active", "grid-error-yes-no", active);
        let duty_code = check.optional("duty_code", Some(&self.duty_code), 40);
        let purpose = check.optional("purpose", Some(&self.purpose), 200).unwrap_or_default();
        check.done()?;
        let (Some(kind), Some(area), Some(standing), Some(active)) = (kind, area, standing, active) else {
            return Err(linli_kernel::Error::field("kind", "grid-error-org-kind"));
        };
        let parent = parent.map(|p| p.0);
        Ok(Org { id, code, name, short, kind, area, parent, standing, duty_code, purpose, active })
    }
}

const fn is_centre(kind: OrgKind) -> bool {
    matches!(kind, OrgKind::DistrictCentre | OrgKind::StreetCentre)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draft::tests::keys;

    struct One;
    impl Neighbours for One {
        fn has_area(&self, code: &AreaCode) -> bool {
            code.as_str() == "371002"
        }
        fn parent(&self, code: &str) -> Option<(OrgId, OrgKind)> {
            let id = OrgId(uuid::Uuid::from_u128(9));
            match code {
                "centre" => Some((id, OrgKind::DistrictCentre)),
                "dept" => Some((id, OrgKind::Department)),
                _ => None,
            }
        }
    }

    #[test]
    fn organisations_hang_on_what_is_above_them() {
        let text = |kind: &str, parent: &str| OrgText {
            code: "x".into(),
            name: "某局".into(),
            kind: kind.into(),
            area: "371002".into(),
            parent: parent.into(),
            ..OrgText::default()
        };
        let id = OrgId(uuid::Uuid::from_u128(1));
        assert!(text("部门", "centre").checked(id, &One).is_ok());
        assert_eq!(
            keys(text("department", "dept").checked(id, &One)),
            [("parent".into(), "grid-error-org-parent".into())]
        );
        assert_eq!(
            keys(text("grid", "centre").checked(id, &One)),
            [("area".into(), "grid-error-org-level".into())]
        );
        assert_eq!(
            keys(text("部门", "nobody").checked(id, &One)),
            [("parent".into(), "grid-error-no-org".into())]
        );
    }
}
