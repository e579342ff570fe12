//! Which grid a row means: by its code, by its whole name, or by its short name (第1网格) within one community.

use std::collections::HashMap;

use linli_grid::Atlas;
use linli_kernel::{AreaCode, FieldError, area::AreaLevel, text::normalise};

/// Candidates that a sentence names.
const NAMED: usize = 5;

/// The grids of a district, by all that a sheet may call them.
pub(super) struct Grids {
    /// By code, by the whole path, by community and name.
    whole: HashMap<String, Vec<AreaCode>>,
    communities: HashMap<String, Vec<AreaCode>>,
    /// By community: the short names there.
    short: HashMap<AreaCode, HashMap<String, Vec<AreaCode>>>,
    paths: HashMap<AreaCode, String>,
    within: AreaCode,
}

/// A name without what is written in different ways.
fn bare(text: &str) -> String {
    normalise(text).replace([' ', '·'], "")
}

/// 第1网格, 第一网格, 1号网格, 01网格 and 1 are one name within a community; any other name is itself.
fn short(name: &str) -> String {
    let middle = name.strip_suffix("网格").unwrap_or(name);
    let middle = middle.strip_prefix('第').unwrap_or(middle);
    let middle = middle.strip_suffix('号').unwrap_or(middle);
    let number = if !middle.is_empty() && middle.bytes().all(|b| b.is_ascii_digit()) {
        middle.parse::<u32>().ok()
    } else {
        han(middle)
    };
    number.map_or_else(|| name.to_owned(), |n| n.to_string())
}

/// 十二 is 12; of what is no number below a hundred, nothing.
fn han(text: &str) -> Option<u32> {
    let digit =
        |c: char| "零一二三四五六七八九".chars().position(|d| d == c).and_then(|n| u32::try_from(n).ok());
    let one = |text: &str, absent: u32| {
        let mut chars = text.chars();
        match (chars.next(), chars.next()) {
            (None, _) => Some(absent),
            (Some(c), None) => digit(c),
            _ => None,
        }
    };
    match text.split_once('十') {
        Some((tens, ones)) => Some(one(tens, 1)? * 10 + one(ones, 0)?),
        None => one(text, 0).filter(|n| *n > 0),
    }
}

fn put<K: std::hash::Hash + Eq>(into: &mut HashMap<K, Vec<AreaCode>>, key: K, code: &AreaCode) {
    let all = into.entry(key).or_default();
    if !all.contains(code) {
        all.push(code.clone());
    }
}

impl Grids {
    /// Of `atlas`, for a sheet whose rows lie in `within`.
    pub(super) fn new(atlas: &Atlas, within: AreaCode) -> Self {
        let mut grids = Self {
            whole: HashMap::new(),
            communities: HashMap::new(),
            short: HashMap::new(),
            paths: HashMap::new(),
            within,
        };
        for area in atlas.areas().filter(|a| a.level() == AreaLevel::Community) {
            put(&mut grids.communities, area.code.to_string(), &area.code);
            for name in std::iter::once(&area.name).chain(&area.official) {
                put(&mut grids.communities, bare(name), &area.code);
            }
        }
        for area in atlas.areas().filter(|a| a.level() == AreaLevel::Grid) {
            let path = atlas.path(&area.code);
            put(&mut grids.whole, area.code.to_string(), &area.code);
            put(&mut grids.whole, bare(&path), &area.code);
            grids.paths.insert(area.code.clone(), path);
            let Some(community) = area.code.parent().and_then(|code| atlas.area(&code)) else { continue };
            let (own, there) = (bare(&area.name), grids.short.entry(community.code.clone()).or_default());
            put(there, short(&own), &area.code);
            for name in std::iter::once(&community.name).chain(&community.official).map(|name| bare(name)) {
                put(&mut grids.whole, format!("{name}{own}"), &area.code);
                // 塔山社区第1网格 is called 第1网格 where the community is said.
                if let Some(rest) = own.strip_prefix(&name) {
                    put(there, short(rest), &area.code);
                    put(&mut grids.whole, own.clone(), &area.code);
                }
            }
        }
        grids
    }

    /// The grid that a row names.
    pub(super) fn find(&self, community: &str, grid: &str) -> Result<AreaCode, FieldError> {
        let (community, grid) = (bare(community), bare(grid));
        let said = self.whole.get(&grid).filter(|_| !grid.is_empty());
        if let Some(found) = said {
            return self.one(found, &community);
        }
        let short = short(&grid);
        let in_community = |code: &AreaCode| self.short.get(code).and_then(|there| there.get(&short));
        if !community.is_empty() {
            let named = self.communities.get(&community).into_iter().flatten();
            let found: Vec<AreaCode> = named.filter_map(in_community).flatten().cloned().collect();
            return self.one(&found, "");
        }
        if let Some(own) = self.within.at(AreaLevel::Community) {
            return self.one(in_community(&own).map_or(&[][..], Vec::as_slice), "");
        }
        // Of several communities the sheet must say which: that only one of them has such a grid says nothing.
        let mut near: Vec<&AreaCode> = self
            .short
            .iter()
            .filter(|(code, _)| self.within.contains(code))
            .filter_map(|(c, _)| in_community(c))
            .flatten()
            .collect();
        near.sort();
        if near.is_empty() { Err(unknown()) } else { Err(self.several(&near)) }
    }

    /// The one candidate; of several those within the sheet's area, and of these those of the community that is said.
    fn one(&self, found: &[AreaCode], community: &str) -> Result<AreaCode, FieldError> {
        let said: Vec<&AreaCode> = match self.communities.get(community) {
            Some(all) if found.len() > 1 => {
                found.iter().filter(|grid| all.iter().any(|code| code.contains(grid))).collect()
            }
            _ => found.iter().collect(),
        };
        let near: Vec<&AreaCode> = said.iter().copied().filter(|code| self.within.contains(code)).collect();
        match (near.as_slice(), said.as_slice()) {
            ([one], _) | ([], [one, ..]) => Ok((*one).clone()),
            ([], []) => Err(unknown()),
            (several, _) => Err(self.several(several)),
        }
    }

    fn several(&self, codes: &[&AreaCode]) -> FieldError {
        let names = codes.iter().take(NAMED).filter_map(|code| self.paths.get(*code));
        let mut named = names.map(|path| path.replace(" · ", "")).collect::<Vec<_>>().join("、");
        if codes.len() > NAMED {
            named.push('…');
        }
        FieldError::new("grid", "household-grid-several").with("candidates", named)
    }
}

fn unknown() -> FieldError {
    FieldError::new("grid", "household-grid-unknown")
}

#[cfg(test)]
mod tests {
    use super::*;
    use linli_grid::Area;

    fn code(text: &str) -> AreaCode {
        text.parse().unwrap()
    }

    fn atlas() -> Atlas {
        let areas = [
            ("371002", "环翠区"),
            ("371002001", "环翠楼街道"),
            ("371002002", "鲸园街道"),
            ("371002001001", "塔山社区"),
            ("371002001002", "北山社区"),
            ("371002002001", "塔山社区"),
            ("371002001001001", "第1网格"),
            ("371002001001002", "第十二网格"),
            ("371002001002001", "北山社区第一网格"),
            ("371002001002002", "商圈专属网格"),
            ("371002002001001", "第1网格"),
        ];
        Atlas::new(areas.map(|(c, name)| Area::named(code(c), name)).to_vec(), vec![], vec![], vec![])
    }

    fn found(within: &str, community: &str, grid: &str) -> String {
        match Grids::new(&atlas(), code(within)).find(community, grid) {
            Ok(code) => code.to_string(),
            Err(error) => {
                format!("{} {}", error.key, error.args.into_iter().map(|(_, v)| v).collect::<String>())
            }
        }
    }

    #[test]
    fn short_names_are_those_of_one_community() {
        for grid in
            ["第1网格", "第一网格", "1网格", "1号网格", "01", "１", "371002001001001", "塔山社区第1网格"]
        {
            assert_eq!(found("371002001001", "", grid), "371002001001001", "{grid}");
        }
        for grid in ["12网格", "第12网格", "十二号网格", "第十二网格"] {
            assert_eq!(found("371002001001", "", grid), "371002001001002", "{grid}");
        }
        // Somebody of one grid is within one community too; and the community may be said by its code.
        assert_eq!(found("371002001001001", "", "第1网格"), "371002001001001");
        assert_eq!(found("371002", "371002001002", "1"), "371002001002001");
        for grid in ["第1网格", "北山社区第一网格", "1"] {
            assert_eq!(found("371002001", "北山社区", grid), "371002001002001", "{grid}");
        }
        assert_eq!(found("371002001002", "", "商圈专属网格"), "371002001002002");
        assert_eq!(found("371002001001", "", "第9网格"), "household-grid-unknown ");
        assert_eq!(found("371002001001", "海滨社区", "第1网格"), "household-grid-unknown ");
        assert_eq!(found("371002001001", "", ""), "household-grid-unknown ");
    }

    #[test]
    fn what_may_be_several_names_them() {
        let both = "环翠楼街道塔山社区第1网格、鲸园街道塔山社区第1网格";
        assert_eq!(found("371002", "塔山社区", "第1网格"), format!("household-grid-several {both}"));
        assert_eq!(found("371002", "", "塔山社区第1网格"), format!("household-grid-several {both}"));
        assert_eq!(
            found("371002001", "塔山社区", "第1网格"),
            "371002001001001",
            "one of them is in the street"
        );
        assert_eq!(found("371002", "", "鲸园街道塔山社区第1网格"), "371002002001001");
        // Without the community, a street has several first grids, and a twelfth of which nobody knows whether it is meant.
        assert!(
            found("371002001", "", "1").starts_with("household-grid-several 环翠楼街道塔山社区第1网格、")
        );
        assert_eq!(found("371002001", "", "12"), "household-grid-several 环翠楼街道塔山社区第十二网格");
    }
}
