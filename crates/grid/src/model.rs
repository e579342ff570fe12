//! The words of areas, grids and organisations.

use linli_kernel::{AreaCode, text_enum};

text_enum! {
    /// What a grid is (网格类型).
    pub enum GridKind {
        /// 基础网格: homes and streets
        Basic = "basic",
        /// 专属网格: a market, a campus, an industrial park, an office block
        Dedicated = "dedicated",
    }
}

text_enum! {
    /// What kind of organisation can hold a case (承办单位类型).
    pub enum OrgKind {
        /// 区级全响应中心
        DistrictCentre = "district_centre",
        /// 12345热线专席
        Hotline = "hotline",
        /// 委员会成员部门
        Department = "department",
        /// 镇街全响应中心
        StreetCentre = "street_centre",
        /// 镇街科室: the standing crew of a street
        Section = "section",
        /// 社区/村
        Community = "community",
        /// 网格团队
        Grid = "grid",
    }
}

impl OrgKind {
    /// The level at which it works: a return goes to the centre one level above this.
    pub const fn level(self) -> linli_kernel::area::AreaLevel {
        use linli_kernel::area::AreaLevel;
        match self {
            Self::DistrictCentre | Self::Hotline | Self::Department => AreaLevel::District,
            Self::StreetCentre | Self::Section => AreaLevel::Street,
            Self::Community => AreaLevel::Community,
            Self::Grid => AreaLevel::Grid,
        }
    }
}

/// `环翠楼街道` of `371002001`: the official name, and how people say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AreaName {
    /// The statistical code.
    pub code: AreaCode,
    /// As the statistical list writes it.
    pub official: String,
    /// Without the office's name: `海城居委会` is `海城社区`, `桥头村委会` is `桥头村`.
    pub short: String,
}

/// How people say the name of a community or village.
pub fn short_name(official: &str) -> String {
    let Some(stem) = ["居民委员会", "居委会"].iter().find_map(|office| official.strip_suffix(office))
    else {
        let village = ["村民委员会", "村委会"].iter().find_map(|office| official.strip_suffix(office));
        return village.map_or_else(|| official.to_owned(), |stem| format!("{stem}村"));
    };
    if stem.ends_with("社区") { stem.to_owned() } else { format!("{stem}社区") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_people_say_them() {
        assert_eq!(short_name("海城居委会"), "海城社区");
        assert_eq!(short_name("育海社区居委会"), "育海社区");
        assert_eq!(short_name("滨河社区居民委员会"), "滨河社区");
        assert_eq!(short_name("桥头村委会"), "桥头村");
        assert_eq!(short_name("温泉镇"), "温泉镇");
    }
}
