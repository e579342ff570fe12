//! What an atlas is made of: areas, organisations, categories, duties.

use linli_kernel::{
    AreaCode,
    actor::{AccountId, OrgId},
    area::AreaLevel,
};

use crate::{
    geometry::{Shape, Wgs84},
    model::{GridKind, OrgKind},
};

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
    /// The street section that takes it first, by its word; see [`Atlas::section`](super::Atlas::section).
    pub section: Option<String>,
    /// Law or rule, where the list names one (依据).
    pub basis: Option<String>,
    /// What good work looks like (处置标准).
    pub standard: String,
    /// Working days for the work.
    pub days: Option<u16>,
}
