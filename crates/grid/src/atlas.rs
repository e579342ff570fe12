//! The atlas (底图): areas, organisations, categories and the duty list of a district, read once and
//! held in memory, because every page names places and every case asks who is responsible.

mod port;
mod things;

use std::collections::{BTreeMap, HashMap};

use linli_kernel::{AreaCode, actor::OrgId, area::AreaLevel, text};

pub use port::{AtlasPort, TOPIC, follow, refresh};
pub use things::{Area, Category, Contact, Duty, Org};

use crate::{
    geofile::GeoFiles,
    geometry::{GridIndex, Wgs84},
    model::OrgKind,
    seed::department_code,
};

/// Everything at one moment. Immutable: a change makes a new one.
#[derive(Debug, Default)]
pub struct Atlas {
    areas: BTreeMap<AreaCode, Area>,
    orgs: Vec<Org>,
    org_by_id: HashMap<OrgId, usize>,
    org_by_code: HashMap<String, usize>,
    teams: HashMap<AreaCode, OrgId>,
    sections: HashMap<(AreaCode, String), OrgId>,
    categories: BTreeMap<String, Category>,
    duties: HashMap<String, Duty>,
    index: GridIndex,
    initials: HashMap<AreaCode, String>,
    files: GeoFiles,
}

impl Atlas {
    /// Puts the tables together; organisations come in the order in which lists show them.
    pub fn new(areas: Vec<Area>, orgs: Vec<Org>, categories: Vec<Category>, duties: Vec<Duty>) -> Self {
        let index = GridIndex::build(
            areas
                .iter()
                .filter(|a| a.level() == AreaLevel::Grid)
                .filter_map(|a| Some((a.code.clone(), a.shape.as_ref()?))),
        );
        let initials = areas.iter().map(|a| (a.code.clone(), text::initials(&a.name))).collect();
        let mut atlas = Self { index, initials, ..Self::default() };
        for (i, org) in orgs.iter().enumerate() {
            atlas.org_by_id.insert(org.id, i);
            atlas.org_by_code.insert(org.code.clone(), i);
            if !org.active {
                continue;
            }
            match org.kind {
                OrgKind::Section => {
                    let word = org.duty_code.clone().unwrap_or_default();
                    atlas.sections.insert((org.area.clone(), word), org.id);
                }
                OrgKind::DistrictCentre | OrgKind::StreetCentre | OrgKind::Community | OrgKind::Grid => {
                    atlas.teams.entry(org.area.clone()).or_insert(org.id);
                }
                OrgKind::Hotline | OrgKind::Department => {}
            }
        }
        atlas.areas = areas.into_iter().map(|a| (a.code.clone(), a)).collect();
        atlas.orgs = orgs;
        atlas.categories = categories.into_iter().map(|c| (c.code.clone(), c)).collect();
        atlas.duties = duties.into_iter().map(|d| (d.category.clone(), d)).collect();
        atlas
    }

    /// The area with this code.
    pub fn area(&self, code: &AreaCode) -> Option<&Area> {
        self.areas.get(code)
    }

    /// Every area, in order of code.
    pub fn areas(&self) -> impl Iterator<Item = &Area> {
        self.areas.values()
    }

    /// Every area inside `code` (and itself), in order of code.
    pub fn within(&self, code: &AreaCode) -> impl Iterator<Item = &Area> {
        self.areas.range(code.clone()..).map(|(_, area)| area).take_while(move |a| starts(&a.code, code))
    }

    /// The name as people say it; the code where the area is unknown.
    pub fn name<'a>(&'a self, code: &'a AreaCode) -> &'a str {
        self.area(code).map_or(code.as_str(), |a| a.name.as_str())
    }

    /// `鲸园街道 · 塔山社区 · 第3网格`; the district itself only for the district.
    pub fn path(&self, code: &AreaCode) -> String {
        let levels = [AreaLevel::Street, AreaLevel::Community, AreaLevel::Grid];
        let parts: Vec<AreaCode> = levels.into_iter().filter_map(|level| code.at(level)).collect();
        if parts.is_empty() {
            return self.name(code).to_owned();
        }
        parts.iter().map(|part| self.name(part)).collect::<Vec<_>>().join(" · ")
    }

    /// The areas one level below, in order of code.
    pub fn children(&self, code: &AreaCode) -> impl Iterator<Item = &Area> {
        let (code, digits) = (code.clone(), code.as_str().len() + 3);
        self.areas
            .range(code.clone()..)
            .map(|(_, area)| area)
            .take_while(move |a| starts(&a.code, &code))
            .filter(move |a| a.code.as_str().len() == digits)
    }

    /// Areas by a part of the name, the beginning of the code, or pinyin initials; larger areas first.
    pub fn search(&self, words: &str, limit: usize) -> Vec<&Area> {
        let words = text::normalise(words);
        if words.is_empty() {
            return Vec::new();
        }
        let mut found: Vec<&Area> = self
            .areas
            .values()
            .filter(|a| {
                a.name.contains(&words)
                    || a.official.as_ref().is_some_and(|o| o.contains(&words))
                    || a.code.as_str().starts_with(&words)
                    || self.initials.get(&a.code).is_some_and(|i| i.starts_with(&words))
            })
            .collect();
        found.sort_by_key(|a| (a.level(), &a.code));
        found.truncate(limit);
        found
    }

    /// The organisation with this id.
    pub fn org(&self, id: OrgId) -> Option<&Org> {
        self.org_by_id.get(&id).and_then(|i| self.orgs.get(*i))
    }

    /// The organisation with this code.
    pub fn org_by_code(&self, code: &str) -> Option<&Org> {
        self.org_by_code.get(code).and_then(|i| self.orgs.get(*i))
    }

    /// The organisation that people call so: by code, by its word in the duty list (departments), by
    /// name, or by short name where only one has it.
    pub fn org_named(&self, text: &str) -> Option<&Org> {
        let text = text.trim();
        let known = self.org_by_code(text).or_else(|| self.org_by_code(&department_code(text)));
        let known = known.or_else(|| self.orgs.iter().find(|o| o.active && o.name == text));
        known.or_else(|| {
            let mut called = self.orgs.iter().filter(|o| o.active && o.short == text);
            called.next().filter(|_| called.next().is_none())
        })
    }

    /// Every organisation, the higher levels first.
    pub fn orgs(&self) -> impl Iterator<Item = &Org> {
        self.orgs.iter()
    }

    /// The name as people say it; a dash where the organisation is unknown.
    pub fn org_name(&self, id: OrgId) -> &str {
        self.org(id).map_or("—", |org| org.short.as_str())
    }

    /// What [`Atlas::org_named`] finds this organisation by: its short name, or its code where several
    /// are called the same.
    pub fn org_label(&self, id: OrgId) -> &str {
        self.org(id).map_or("—", |org| {
            let unique = self.org_named(&org.short).is_some_and(|found| found.id == id);
            if unique { org.short.as_str() } else { org.code.as_str() }
        })
    }

    /// The grid of a place; none outside every grid.
    pub fn locate(&self, place: Wgs84) -> Option<&AreaCode> {
        self.index.locate(place)
    }

    /// Grids by place, for neighbours and places a little off.
    pub const fn index(&self) -> &GridIndex {
        &self.index
    }

    /// Areas as files for maps.
    pub const fn files(&self) -> &GeoFiles {
        &self.files
    }

    /// The grid team, community, street centre or district centre of exactly that area.
    pub fn team(&self, code: &AreaCode) -> Option<OrgId> {
        self.teams.get(code).copied()
    }

    /// The section `word` (`city`, `peace`, …) of the street that `area` lies in.
    pub fn section(&self, area: &AreaCode, word: &str) -> Option<OrgId> {
        self.sections.get(&(area.at(AreaLevel::Street)?, word.to_owned())).copied()
    }

    /// The category with this code.
    pub fn category(&self, code: &str) -> Option<&Category> {
        self.categories.get(code)
    }

    /// Every category, each branch before its twigs.
    pub fn categories(&self) -> impl Iterator<Item = &Category> {
        self.categories.values()
    }

    /// `城乡建设 / 物业管理 / 物业收费争议`.
    pub fn category_path(&self, code: &str) -> String {
        let mut names = Vec::new();
        let mut next = self.category(code);
        while let Some(category) = next {
            names.push(category.name.as_str());
            // A ring cannot be saved, but a hand-made row must not hang a page either.
            next = category
                .parent
                .as_deref()
                .filter(|p| p.len() < category.code.len())
                .and_then(|p| self.category(p));
        }
        names.reverse();
        names.join(" / ")
    }

    /// Who answers for the category, or for the branch it hangs on.
    pub fn duty(&self, category: &str) -> Option<&Duty> {
        if let Some(duty) = self.duties.get(category) {
            return Some(duty);
        }
        let parent = self.category(category)?.parent.as_deref().filter(|p| p.len() < category.len())?;
        self.duty(parent)
    }

    /// The row of exactly this category.
    pub fn own_duty(&self, category: &str) -> Option<&Duty> {
        self.duties.get(category)
    }
}

fn starts(code: &AreaCode, prefix: &AreaCode) -> bool {
    prefix.contains(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> AreaCode {
        text.parse().unwrap()
    }

    fn atlas() -> Atlas {
        let areas = [
            ("371002", "环翠区"),
            ("371002001", "环翠楼街道"),
            ("371002001001", "塔山社区"),
            ("371002001001003", "第3网格"),
            ("371002001002", "北山社区"),
            ("371002002", "鲸园街道"),
        ];
        let category = |code: &str, parent: Option<&str>| Category {
            code: code.to_owned(),
            name: format!("类{code}"),
            parent: parent.map(str::to_owned),
            photo_required: false,
            active: true,
        };
        let duty = Duty {
            category: "0101".to_owned(),
            lead: OrgId(uuid::Uuid::nil()),
            assisting: vec![],
            section: None,
            basis: None,
            standard: String::new(),
            days: None,
        };
        Atlas::new(
            areas.into_iter().map(|(c, n)| Area::named(code(c), n)).collect(),
            vec![],
            vec![category("01", None), category("0101", Some("01")), category("010101", Some("0101"))],
            vec![duty],
        )
    }

    #[test]
    fn places_have_names_and_paths() {
        let atlas = atlas();
        assert_eq!(atlas.path(&code("371002001001003")), "环翠楼街道 · 塔山社区 · 第3网格");
        assert_eq!(atlas.path(&code("371002")), "环翠区");
        assert_eq!(atlas.name(&code("371002009")), "371002009");
        let below: Vec<_> = atlas.children(&code("371002001")).map(|a| a.name.as_str()).collect();
        assert_eq!(below, ["塔山社区", "北山社区"]);
        assert_eq!(atlas.within(&code("371002001")).count(), 4);
    }

    #[test]
    fn places_are_found_as_people_type_them() {
        let atlas = atlas();
        let names = |words: &str| -> Vec<&str> {
            atlas.search(words, 10).into_iter().map(|a| a.name.as_str()).collect()
        };
        assert_eq!(names("hcl"), ["环翠楼街道"]);
        assert_eq!(names("塔山"), ["塔山社区"]);
        assert_eq!(names("3710020010"), ["塔山社区", "北山社区", "第3网格"]);
        assert!(names("  ").is_empty());
    }

    #[test]
    fn a_duty_falls_back_to_its_branch() {
        let atlas = atlas();
        assert_eq!(atlas.duty("010101").unwrap().category, "0101");
        assert_eq!(atlas.duty("01"), None);
        assert_eq!(atlas.category_path("010101"), "类01 / 类0101 / 类010101");
    }
}
