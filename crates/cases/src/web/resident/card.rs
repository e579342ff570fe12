//! The board of a grid, as it hangs at the door: who is responsible here and how to reach them.

use linli_grid::{Area, Atlas, Contact};

/// Somebody with a phone.
pub(super) struct Face {
    /// The family name, for the round picture.
    pub(super) initial: String,
    pub(super) name: String,
    pub(super) phone: Option<String>,
}

impl From<&Contact> for Face {
    fn from(contact: &Contact) -> Self {
        Self {
            initial: contact.name.chars().take(1).collect(),
            name: contact.name.clone(),
            phone: contact.phone.clone(),
        }
    }
}

/// What a resident should know of a grid.
pub(super) struct Card {
    pub(super) code: String,
    /// `鲸园街道 · 塔山社区 · 第3网格`
    pub(super) path: String,
    pub(super) worker: Option<Face>,
    pub(super) deputy: Option<Face>,
    pub(super) supervision: Option<String>,
}

impl Card {
    pub(super) fn of(atlas: &Atlas, area: &Area) -> Self {
        Self {
            code: area.code.to_string(),
            path: atlas.path(&area.code),
            worker: area.worker.as_ref().map(Face::from),
            deputy: area.deputy.as_ref().map(Face::from),
            supervision: area.supervision_phone.clone(),
        }
    }
}
