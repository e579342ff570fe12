//! Which column of a sheet means what: guessed from its heading.

use std::collections::BTreeMap;

use linli_kernel::{Error, FieldError, Result, text, text_enum};
use serde::{Deserialize, Serialize};

text_enum! {
    /// What a column can mean.
    pub enum Column {
        /// 网格编码, or community and grid by name
        Grid = "grid",
        /// 社区/村
        Community = "community",
        /// 详细地址
        Address = "address",
        /// 小区、街路巷门牌
        Place = "place",
        /// 楼栋
        Building = "building",
        /// 单元
        Unit = "unit",
        /// 户号
        Door = "door",
        /// 房屋用途
        Usage = "usage",
        /// 姓名
        Name = "name",
        /// 性别
        Sex = "sex",
        /// 出生日期
        Birth = "birth",
        /// 身份证号
        IdNumber = "id_number",
        /// 电话
        Phone = "phone",
        /// 与户主关系
        Relation = "relation",
        /// 户籍/流动
        Residence = "residence",
        /// 核实日期
        Confirmed = "confirmed",
    }
}

impl Column {
    /// Whether a row without it is wrong in any case.
    pub(super) const fn is_needed(self) -> bool {
        matches!(self, Self::Grid | Self::Name)
    }

    /// Headings that mean it, the surest first.
    const fn words(self) -> &'static [&'static str] {
        match self {
            Self::Grid => &["网格编码", "网格代码", "所属网格", "网格名称", "网格", "grid"],
            Self::Community => &["所属社区", "社区名称", "村居", "社区", "村", "community"],
            Self::Address => &["详细地址", "现住址", "居住地址", "住址", "家庭住址", "地址", "address"],
            Self::Place => &["小区名称", "小区", "街路巷", "estate"],
            Self::Building => &["楼栋号", "楼号", "楼栋", "栋", "幢", "building"],
            Self::Unit => &["单元号", "单元", "unit", "staircase"],
            Self::Door => &["房间号", "户号", "房号", "室号", "门牌号", "房间", "door"],
            Self::Usage => &["房屋用途", "房屋性质", "用途", "usage", "useofthehome"],
            Self::Name => &["居民姓名", "人员姓名", "姓名", "name"],
            Self::Sex => &["性别", "sex"],
            Self::Birth => &["出生日期", "出生年月", "生日", "birth"],
            Self::IdNumber => &[
                "身份证号码",
                "公民身份号码",
                "身份证号",
                "身份证",
                "证件号码",
                "证件号",
                "id_number",
                "identitynumber",
            ],
            Self::Phone => &["联系电话", "手机号码", "手机号", "联系方式", "电话", "手机", "phone"],
            Self::Relation => &["与户主关系", "户主关系", "关系", "relation"],
            Self::Residence => {
                &["户籍类型", "人口类型", "户籍性质", "人员类别", "户籍", "residence", "registered"]
            }
            Self::Confirmed => &["核实日期", "核实时间", "采集日期", "更新日期", "confirmed"],
        }
    }
}

/// Which heading stands for which column.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mapping(pub BTreeMap<Column, String>);

/// The place of each column in a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Places(BTreeMap<Column, usize>);

impl Mapping {
    /// The likely meaning of each heading. An exact word wins over one that is only contained, and no
    /// column means two things.
    pub fn guess(headings: &[String]) -> Self {
        // 姓名 * is a column that must be filled in.
        let normal: Vec<String> =
            headings.iter().map(|h| text::normalise(h).replace([' ', '*'], "")).collect();
        let mut mapping = Self::default();
        let mut taken = vec![false; headings.len()];
        for exact in [true, false] {
            for &column in Column::ALL {
                if mapping.0.contains_key(&column) {
                    continue;
                }
                let fits = |n: usize, word: &str| {
                    !taken[n] && if exact { normal[n] == word } else { normal[n].contains(word) }
                };
                let found = column.words().iter().find_map(|word| (0..normal.len()).find(|n| fits(*n, word)));
                if let Some(n) = found {
                    taken[n] = true;
                    mapping.0.insert(column, headings[n].clone());
                }
            }
        }
        mapping
    }

    /// Finds the headings in this file; says what is missing.
    pub(super) fn places(&self, headings: &[String]) -> Result<Places> {
        let mut places = Places::default();
        let mut wrong = Vec::new();
        for (&column, heading) in self.0.iter().filter(|(_, heading)| !heading.trim().is_empty()) {
            match headings.iter().position(|h| h == heading) {
                Some(n) => drop(places.0.insert(column, n)),
                None => wrong.push(
                    FieldError::new(column.as_str(), "household-column-absent").with("column", heading),
                ),
            }
        }
        let has = |column| places.0.contains_key(&column);
        if !has(Column::Name) {
            wrong.push(FieldError::new("name", "household-column-needed"));
        }
        if !(has(Column::Address) || has(Column::Place) && has(Column::Door)) {
            wrong.push(FieldError::new("address", "household-column-needed"));
        }
        if !has(Column::Grid) {
            wrong.push(FieldError::new("grid", "household-column-needed"));
        }
        if wrong.is_empty() { Ok(places) } else { Err(Error::Invalid(wrong)) }
    }
}

impl Places {
    /// The text of a column in a row; empty where the column or the text is absent.
    pub(super) fn cell<'r>(&self, cells: &'r [String], column: Column) -> &'r str {
        self.0.get(&column).and_then(|n| cells.get(*n)).map_or("", |cell| cell.trim())
    }

    /// Whether a column of numbers that must not be shown stands at this place.
    pub(super) fn is_secret(&self, at: usize) -> bool {
        [Column::IdNumber, Column::Phone].iter().any(|column| self.0.get(column) == Some(&at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_understood() {
        let headings: Vec<String> = [
            "序号",
            "社区",
            "网格编码",
            "小区",
            "楼号",
            "单元",
            "房间号",
            "姓名",
            "身份证号码",
            "联系电话",
            "与户主关系",
            "户籍类型",
        ]
        .map(str::to_owned)
        .to_vec();
        let mapping = Mapping::guess(&headings);
        assert_eq!(mapping.0.len(), 11);
        assert_eq!(mapping.0[&Column::Building], "楼号");
        assert_eq!(mapping.0[&Column::Relation], "与户主关系");
        let places = mapping.places(&headings).unwrap();
        assert!(places.is_secret(8) && places.is_secret(9) && !places.is_secret(7));
        let short: Vec<String> = ["姓名", "电话"].map(str::to_owned).to_vec();
        let Err(Error::Invalid(wrong)) = Mapping::guess(&short).places(&short) else { panic!("accepted") };
        assert_eq!(wrong.iter().map(|w| w.field.as_str()).collect::<Vec<_>>(), ["address", "grid"]);
    }
}
