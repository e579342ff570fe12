//! From what people type or import to checked values. One set of checks for forms and for files, pure.

use linli_kernel::{AreaCode, Result, area::AreaLevel, error::Check, person};
use serde::{Deserialize, Serialize};

use crate::{Area, Atlas, Category, Contact, Duty, GridKind, Org, OrgKind};
use linli_kernel::actor::OrgId;

/// The most residents of one area that a form believes.
const PEOPLE: u32 = 20_000_000;

/// An area as text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the fields of Area, as typed")]
pub struct AreaText {
    pub code: String,
    pub name: String,
    pub official: String,
    pub kind: String,
    pub residents: String,
    pub households: String,
    pub worker: String,
    pub worker_phone: String,
    pub deputy: String,
    pub deputy_phone: String,
    pub supervision_phone: String,
}

fn name_of(contact: Option<&Contact>) -> (String, String) {
    contact.map_or_else(Default::default, |c| (c.name.clone(), c.phone.clone().unwrap_or_default()))
}

fn plain(number: u32) -> String {
    if number == 0 { String::new() } else { number.to_string() }
}

impl From<&Area> for AreaText {
    fn from(area: &Area) -> Self {
        let (worker, worker_phone) = name_of(area.worker.as_ref());
        let (deputy, deputy_phone) = name_of(area.deputy.as_ref());
        Self {
            code: area.code.to_string(),
            name: area.name.clone(),
            official: area.official.clone().unwrap_or_default(),
            kind: area.kind.map(|k| k.as_str().to_owned()).unwrap_or_default(),
            residents: plain(area.residents),
            households: plain(area.households),
            worker,
            worker_phone,
            deputy,
            deputy_phone,
            supervision_phone: area.supervision_phone.clone().unwrap_or_default(),
        }
    }
}

impl AreaText {
    /// The area of `code`; what no text says (shape, accounts of the same names) stays as in `old`.
    pub fn checked(&self, code: &AreaCode, old: Option<&Area>) -> Result<Area> {
        let mut check = Check::new();
        let grid = code.level() == AreaLevel::Grid;
        let name = check.text("name", &self.name, 40);
        let official = check.optional("official", Some(&self.official), 60);
        let kind = if grid {
            check.parse("kind", "grid-error-kind", grid_kind(&self.kind))
        } else {
            check.require(self.kind.trim().is_empty(), "kind", "grid-error-only-grids");
            None
        };
        let residents = count(&mut check, "residents", &self.residents);
        let households = count(&mut check, "households", &self.households);
        let before = |field: fn(&Area) -> Option<&Contact>| old.and_then(field);
        let worker = contact(
            &mut check,
            ("worker", &self.worker),
            ("worker_phone", &self.worker_phone),
            before(|a| a.worker.as_ref()),
        );
        let deputy = contact(
            &mut check,
            ("deputy", &self.deputy),
            ("deputy_phone", &self.deputy_phone),
            before(|a| a.deputy.as_ref()),
        );
        let supervision_phone = phone(&mut check, "supervision_phone", &self.supervision_phone);
        if !grid {
            check.require(worker.is_none(), "worker", "grid-error-only-grids");
            check.require(deputy.is_none(), "deputy", "grid-error-only-grids");
            check.require(supervision_phone.is_none(), "supervision_phone", "grid-error-only-grids");
        }
        check.done()?;
        Ok(Area {
            name,
            official,
            kind,
            residents,
            households,
            worker,
            deputy,
            supervision_phone,
            ..old.cloned().unwrap_or_else(|| Area::named(code.clone(), ""))
        })
    }
}

fn grid_kind(text: &str) -> Option<GridKind> {
    match text.trim() {
        "" | "基础网格" | "基础" => Some(GridKind::Basic),
        "专属网格" | "专属" | "专属（专业）网格" => Some(GridKind::Dedicated),
        word => word.parse().ok(),
    }
}

fn count(check: &mut Check, field: &str, text: &str) -> u32 {
    let digits: String = text.trim().chars().filter(|c| !matches!(c, ',' | '，')).collect();
    if digits.is_empty() {
        return 0;
    }
    let number = digits.parse().ok().filter(|n| *n <= PEOPLE);
    check.parse(field, "grid-error-number", number).unwrap_or_default()
}

fn phone(check: &mut Check, field: &str, text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    check.parse(field, "grid-error-phone", person::parse_phone(text))
}

fn contact(
    check: &mut Check,
    (name_field, name): (&str, &str),
    (phone_field, number): (&str, &str),
    old: Option<&Contact>,
) -> Option<Contact> {
    let phone = phone(check, phone_field, number);
    let name = check.optional(name_field, Some(name), 20);
    check.require(name.is_some() || phone.is_none(), name_field, "error-required");
    let name = name?;
    let account = old.filter(|c| c.name == name).and_then(|c| c.account);
    Some(Contact { account, name, phone })
}

/// `是`, `yes`, a ticked box.
pub fn yes(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "是" | "yes" | "y" | "true" | "1" | "on" | "常驻" | "启用" | "√" => Some(true),
        "" | "否" | "no" | "n" | "false" | "0" | "非常驻" | "停用" | "×" => Some(false),
        _ => None,
    }
}

const fn yes_no(yes: bool) -> &'static str {
    if yes { "是" } else { "否" }
}

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

/// A row of the duty list as text, with its branches.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the fields of Duty and Category, as typed")]
pub struct DutyText {
    pub code: String,
    pub level1: String,
    pub level2: String,
    pub level3: String,
    pub lead: String,
    pub assist: String,
    pub section: String,
    pub basis: String,
    pub standard: String,
    pub days: String,
    pub photo: String,
}

impl DutyText {
    /// The texts of a known row.
    pub fn of(duty: &Duty, atlas: &Atlas) -> Self {
        let level = |digits: usize| {
            let branch = duty.category.get(..digits).and_then(|code| atlas.category(code));
            branch.map(|c| c.name.clone()).unwrap_or_default()
        };
        let name = |id: &OrgId| atlas.org_label(*id).to_owned();
        Self {
            code: duty.category.clone(),
            level1: level(2),
            level2: level(4),
            level3: level(6),
            lead: name(&duty.lead),
            assist: duty.assisting.iter().map(name).collect::<Vec<_>>().join("、"),
            section: duty.section.as_deref().map(|word| section_name(atlas, word)).unwrap_or_default(),
            basis: duty.basis.clone().unwrap_or_default(),
            standard: duty.standard.clone(),
            days: duty.days.map(|n| n.to_string()).unwrap_or_default(),
            photo: yes_no(atlas.category(&duty.category).is_some_and(|c| c.photo_required)).to_owned(),
        }
    }

    /// Who answers for the category of `code`.
    pub fn checked(&self, code: &str, atlas: &Atlas) -> Result<Duty> {
        let mut check = Check::new();
        let org = |text: &str| atlas.org_named(text).map(|org| org.id);
        let lead = check.parse("lead", "grid-error-no-org", org(&self.lead));
        let mut assisting = Vec::new();
        let names = self.assist.split(['、', ';', '；', ',', '，', '\n']).map(str::trim);
        for name in names.filter(|n| !n.is_empty()) {
            match org(name) {
                Some(id) if Some(id) == lead || assisting.contains(&id) => {}
                Some(id) => assisting.push(id),
                None => check.push(
                    linli_kernel::FieldError::new("assist", "grid-error-no-org-named").with("name", name),
                ),
            }
        }
        let section = match self.section.trim() {
            "" => None,
            text => check.parse("section", "grid-error-no-section", section_word(atlas, text)),
        };
        let basis = check.optional("basis", Some(&self.basis), 200);
        let standard = check.optional("standard", Some(&self.standard), 500).unwrap_or_default();
        let days = match self.days.trim() {
            "" => None,
            text => {
                let days = text.parse().ok().filter(|n: &u16| (1..=365).contains(n));
                check.parse("days", "grid-error-days", days)
            }
        };
        check.done()?;
        let lead = lead.ok_or_else(|| linli_kernel::Error::field("lead", "grid-error-no-org"))?;
        Ok(Duty { category: code.to_owned(), lead, assisting, section, basis, standard, days })
    }

    /// The three categories of the row, the branch first; `photo` belongs to the third.
    pub fn categories(&self, atlas: &Atlas) -> Result<Vec<Category>> {
        let mut check = Check::new();
        let code = self.code.trim();
        check.require(
            code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()),
            "code",
            "grid-error-category-code",
        );
        let photo = check.parse("photo", "grid-error-yes-no", yes(&self.photo));
        let mut tree = Vec::new();
        for (digits, field, name) in
            [(2, "level1", &self.level1), (4, "level2", &self.level2), (6, "level3", &self.level3)]
        {
            let name = check.text(field, name, 40);
            let Some(own) = code.get(..digits) else { continue };
            let known = atlas.category(own);
            tree.push(Category {
                code: own.to_owned(),
                name,
                parent: if digits > 2 { code.get(..digits - 2).map(str::to_owned) } else { None },
                photo_required: if digits == 6 {
                    photo.unwrap_or_default()
                } else {
                    known.is_some_and(|c| c.photo_required)
                },
                active: known.is_none_or(|c| c.active),
            });
        }
        check.done()?;
        Ok(tree)
    }
}

/// A category as text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the fields of Category, as typed")]
pub struct CategoryText {
    pub code: String,
    pub name: String,
    pub photo: String,
    pub active: String,
}

impl From<&Category> for CategoryText {
    fn from(category: &Category) -> Self {
        Self {
            code: category.code.clone(),
            name: category.name.clone(),
            photo: yes_no(category.photo_required).to_owned(),
            active: yes_no(category.active).to_owned(),
        }
    }
}

impl CategoryText {
    /// The category; its branch must be there.
    pub fn checked(&self, atlas: &Atlas) -> Result<Category> {
        let mut check = Check::new();
        let code = self.code.trim();
        let fits = matches!(code.len(), 2 | 4 | 6) && code.bytes().all(|b| b.is_ascii_digit());
        check.require(fits, "code", "grid-error-category-code");
        let parent = if fits && code.len() > 2 { code.get(..code.len() - 2) } else { None };
        check.require(parent.is_none_or(|p| atlas.category(p).is_some()), "code", "grid-error-no-branch");
        let name = check.text("name", &self.name, 40);
        let photo = check.parse("photo", "grid-error-yes-no", yes(&self.photo));
        let active = check.parse("active", "grid-error-yes-no", yes(&self.active));
        check.done()?;
        Ok(Category {
            code: code.to_owned(),
            name,
            parent: parent.map(str::to_owned),
            photo_required: photo.unwrap_or_default(),
            active: active.unwrap_or_default(),
        })
    }
}

fn sections(atlas: &Atlas) -> impl Iterator<Item = (&str, &str)> {
    let sections = atlas.orgs().filter(|o| o.kind == OrgKind::Section && o.active);
    sections.filter_map(|o| Some((o.duty_code.as_deref()?, o.short.as_str())))
}

fn section_word(atlas: &Atlas, text: &str) -> Option<String> {
    sections(atlas).find(|(word, name)| *word == text || *name == text).map(|(word, _)| word.to_owned())
}

/// `city` as the streets call it: `城市管理办公室`.
pub fn section_name(atlas: &Atlas, word: &str) -> String {
    sections(atlas).find(|(w, _)| *w == word).map_or(word, |(_, name)| name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use linli_kernel::Error;

    fn keys<T: std::fmt::Debug>(result: Result<T>) -> Vec<(String, String)> {
        match result {
            Err(Error::Invalid(fields)) => fields.into_iter().map(|f| (f.field, f.key)).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_area_goes_to_text_and_back() {
        let code: AreaCode = "371002001001001".parse().unwrap();
        let contact = |name: &str| {
            Some(Contact { account: None, name: name.into(), phone: Some("13800138000".into()) })
        };
        let area = Area {
            kind: Some(GridKind::Dedicated),
            residents: 900,
            worker: contact("王小明"),
            deputy: contact("李雷"),
            supervision_phone: Some("06315231234".into()),
            ..Area::named(code.clone(), "第1网格")
        };
        assert_eq!(AreaText::from(&area).checked(&code, Some(&area)).unwrap(), area);
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let text = AreaText {
            kind: "大网格".into(),
            residents: "many".into(),
            worker_phone: "123".into(),
            deputy_phone: "13800138000".into(),
            ..AreaText::default()
        };
        let code: AreaCode = "371002001001001".parse().unwrap();
        let found: Vec<_> = keys(text.checked(&code, None)).into_iter().map(|k| k.0).collect();
        assert_eq!(found, ["name", "kind", "residents", "worker_phone", "deputy"]);
        let street: AreaCode = "371002001".parse().unwrap();
        let text = AreaText { name: "街道".into(), worker: "王".into(), ..AreaText::default() };
        assert_eq!(keys(text.checked(&street, None)), [("worker".into(), "grid-error-only-grids".into())]);
    }

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
