//! The duty list and its categories as people type them (主责清单、事项分类).

use linli_kernel::{Error, FieldError, Result, actor::OrgId, error::Check};
use serde::{Deserialize, Serialize};

use super::{yes, yes_no};
use crate::{Atlas, Category, Duty, OrgKind};

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
                None => check.push(FieldError::new("assist", "grid-error-no-org-named").with("name", name)),
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
        let lead = lead.ok_or_else(|| Error::field("lead", "grid-error-no-org"))?;
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
