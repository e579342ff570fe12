//! Places as they are registered: house, staircase, door.

use linli_kernel::AreaCode;

use super::{BuildingId, BuildingKind, Usage};

/// A house to register.
#[derive(Debug, Clone, PartialEq)]
pub struct NewBuilding {
    /// The grid it stands in.
    pub area: AreaCode,
    /// What it is.
    pub kind: BuildingKind,
    /// 小区, or 街路巷 and its number.
    pub place: String,
    /// 楼栋, as people say it: 3号楼.
    pub name: String,
    /// WGS-84 latitude and longitude.
    pub point: Option<(f64, f64)>,
    /// Storeys.
    pub floors: Option<i64>,
}

/// A door to register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDwelling {
    /// The house.
    pub building: BuildingId,
    /// 单元, if the house has them: 2单元.
    pub unit: Option<String>,
    /// 楼层
    pub floor: Option<i64>,
    /// 户: 501
    pub door: String,
    /// How it is used.
    pub usage: Usage,
    /// Somebody was there and has seen that it is so; a door that was only written down is not confirmed yet.
    pub seen: bool,
}
