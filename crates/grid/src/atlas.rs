//! The atlas (底图): areas, organisations, categories and the duty list of a district, read once and
//! held in memory, because every page names places and every case asks who is responsible.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, PoisonError, RwLock},
};

use linli_kernel::{
    AreaCode, Result,
    actor::{AccountId, OrgId},
    area::AreaLevel,
    text,
};
use linli_store::{Conn, District};
use tokio::sync::broadcast::error::RecvError;

use crate::{
    geofile::GeoFiles,
    geometry::{GridIndex, Shape, Wgs84},
    model::{GridKind, OrgKind},
    seed::department_code,
    store,
};

/// The kind of the announcement that base data have changed.
pub const TOPIC: &str = "atlas";

/// Somebody on the board of a grid: public by purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// The account, if there is one.
    pub account: Option<AccountId>,
    /// The name on the board.
    pub name: String,
    /// The duty phone on the board.
    pub phone: Option<String>,
}

/// One area of any level.
#[derive(Debug, Clone, PartialEq)]
pub struct Area {
    /// 6, 9, 12 or 15 digits; the length is the level.
    pub code: AreaCode,
    /// As people say it.
    pub name: String,
    /// As the statistical list writes it; grids have none.
    pub official: Option<String>,
    /// Grids only.
    pub kind: Option<GridKind>,
    /// Registered residents.
    pub residents: u32,
    /// Households.
    pub households: u32,
    /// Grids only: the grid worker (网格员).
    pub worker: Option<Contact>,
    /// Grids only: who stands in (代管).
    pub deputy: Option<Contact>,
    /// Grids only: where residents complain about the service (监督电话).
    pub supervision_phone: Option<String>,
    /// Its land, if drawn.
    pub shape: Option<Shape>,
    /// A place inside it, for labels and markers.
    pub centre: Option<Wgs84>,
}

impl Area {
    /// An area of which nothing but the name is known.
    pub fn named(code: AreaCode, name: impl Into<String>) -> Self {
        Self {
            code,
            name: name.into(),
            official: None,
            kind: None,
            residents: 0,
            households: 0,
            worker: None,
            deputy: None,
            supervision_phone: None,
            shape: None,
            centre: None,
        }
    }

    /// The level that the code says.
    pub fn level(&self) -> AreaLevel {
        self.code.level()
    }
}

/// Who can hold a case (承办单位).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Org {
    /// The id that cases and posts keep.
    pub id: OrgId,
    /// Stable word for imports: `371002-centre`, `dept-housing`, or the area's own code.
    pub code: String,
    /// Full name.
    pub name: String,
    /// As people say it.
    pub short: String,
    /// Which kind.
    pub kind: OrgKind,
    /// Where it works.
    pub area: AreaCode,
    /// The organisation above.
    pub parent: Option<OrgId>,
    /// Whether it sits in its centre all day (常驻).
    pub standing: bool,
    /// Its word in the duty list, for departments and sections.
    pub duty_code: Option<String>,
    /// What it is for, one line.
    pub purpose: String,
    /// Whether new cases may go to it.
    pub active: bool,
}

/// A category of the three-level tree (案件类别).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// Two digits per level.
    pub code: String,
    /// Name at its own level.
    pub name: String,
    /// The branch it hangs on.
    pub parent: Option<String>,
    /// Whether solving needs a photo.
    pub photo_required: bool,
    /// Whether new cases may be filed under it.
    pub active: bool,
}

/// A row of the duty list (主责清单).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duty {
    /// The category.
    pub category: String,
    /// Who leads (主责).
    pub lead: OrgId,
    /// Who assists (协办).
    pub assisting: Vec<OrgId>,
    /// The street section that takes it first, by its word; see [`Atlas::section`].
    pub section: Option<String>,
    /// Law or rule, where the list names one (依据).
    pub basis: Option<String>,
    /// What good work looks like (处置标准).
    pub standard: String,
    /// Working days for the work.
    pub days: Option<u16>,
}

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

/// Where the district keeps its present atlas; a port of the district.
#[derive(Debug, Default)]
pub struct AtlasPort(RwLock<Arc<Atlas>>);

impl AtlasPort {
    /// Holds this atlas (tests); the server starts with an empty one and calls [`AtlasPort::reload`].
    pub fn new(atlas: Atlas) -> Self {
        Self(RwLock::new(Arc::new(atlas)))
    }

    /// The present one. Keep it for one request at most.
    pub fn get(&self) -> Arc<Atlas> {
        // A poisoned lock only means that another thread panicked while it held a whole value.
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the tables again.
    pub async fn reload(&self, conn: &mut Conn) -> Result<()> {
        let fresh = Arc::new(store::load(conn).await?);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }
}

/// Reloads the atlas whenever some process says that base data have changed, as long as the district
/// is open.
pub fn follow(district: &Arc<District>) {
    let mut news = district.db.hub().subscribe();
    let district = Arc::downgrade(district);
    tokio::spawn(async move {
        loop {
            match news.recv().await {
                Ok(topic) if topic.kind != TOPIC => continue,
                // What was missed may have been ours.
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
            let Some(district) = district.upgrade() else { return };
            if let Err(error) = refresh(&district).await {
                tracing::error!(%error, "the base data could not be read again");
            }
        }
    });
}

/// Reads the district's base data again.
pub async fn refresh(district: &District) -> Result<()> {
    let mut conn = district.db.read().await?;
    district.port::<AtlasPort>()?.reload(&mut conn).await
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
