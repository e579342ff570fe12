//! An area as people type it (网格、社区).

use linli_kernel::{AreaCode, Result, area::AreaLevel, error::Check, person};
use serde::{Deserialize, Serialize};

use crate::{Area, Contact, GridKind};

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draft::tests::keys;

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
}
