//! Which column of an export means what: guessed from its heading, kept as a preset (导入方案).

use std::collections::BTreeMap;

use linli_kernel::{Error, FieldError, Result, text, text_enum};
use serde::{Deserialize, Serialize};

text_enum! {
    /// What a column can mean.
    pub enum Field {
        /// 热线自己的编号
        Number = "number",
        /// 主题
        Title = "title",
        /// 内容
        Text = "text",
        /// 诉求时间
        At = "at",
        /// 反映人
        Reporter = "reporter",
        /// 联系电话
        Phone = "phone",
        /// 地点
        Address = "address",
        /// 区划、网格
        Area = "area",
        /// 分类
        Category = "category",
        /// 性质
        Nature = "nature",
        /// 是否紧急
        Urgent = "urgent",
        /// 是否保密
        Hidden = "hidden",
        /// 答复
        Reply = "reply",
        /// 答复时间
        RepliedAt = "replied_at",
    }
}

impl Field {
    /// Without these there is no case.
    pub const REQUIRED: [Self; 3] = [Self::Number, Self::Text, Self::At];

    /// Headings that mean it, the surest first.
    const fn words(self) -> &'static [&'static str] {
        match self {
            Self::Number => &[
                "留言编号",
                "工单编号",
                "工单号",
                "诉求编号",
                "受理编号",
                "案件编号",
                "热线编号",
                "来电编号",
                "流水号",
                "编号",
                "number",
            ],
            Self::Title => &["留言主题", "诉求标题", "工单标题", "主题", "标题", "title", "subject"],
            Self::Text => &[
                "留言详情",
                "诉求内容",
                "工单内容",
                "诉求详情",
                "反映内容",
                "来电内容",
                "问题描述",
                "留言内容",
                "详情",
                "内容",
                "描述",
                "text",
                "description",
            ],
            Self::At => &[
                "留言时间",
                "诉求时间",
                "来电时间",
                "反映时间",
                "受理时间",
                "登记时间",
                "创建时间",
                "提交时间",
                "received",
                "time",
            ],
            Self::Reporter => {
                &["留言用户", "反映人", "诉求人", "来电人", "市民姓名", "联系人", "姓名", "用户", "reporter"]
            }
            Self::Phone => &["联系电话", "来电号码", "手机号码", "手机号", "联系方式", "电话", "phone"],
            Self::Address => &[
                "事发地址",
                "诉求地址",
                "事发地点",
                "发生地点",
                "详细地址",
                "地址",
                "地点",
                "位置",
                "address",
            ],
            Self::Area => {
                &["区划代码", "网格编码", "所属网格", "网格", "所属社区", "社区", "所属镇街", "镇街", "area"]
            }
            Self::Category => &[
                "三级分类",
                "二级分类",
                "一级分类",
                "诉求类别",
                "问题分类",
                "问题类型",
                "诉求分类",
                "分类",
                "类别",
                "category",
            ],
            Self::Nature => &["诉求性质", "工单类型", "诉求类型", "诉求目的", "性质", "nature"],
            Self::Urgent => &["是否紧急", "紧急程度", "紧急", "urgent"],
            Self::Hidden => &["是否保密", "隐去身份", "信息保密", "保密", "hidden"],
            Self::Reply => &[
                "答复意见",
                "答复内容",
                "回复内容",
                "办理结果",
                "处理结果",
                "反馈内容",
                "办结意见",
                "答复",
                "reply",
            ],
            Self::RepliedAt => &["答复时间", "回复时间", "办结时间", "反馈时间", "处理时间", "replied"],
        }
    }
}

/// Which heading stands for which field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mapping(pub BTreeMap<Field, String>);

/// A mapping that fits one file: the place of each field in a row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Places(BTreeMap<Field, usize>);

impl Mapping {
    /// The likely meaning of each heading. An exact word wins over one that is only contained, and no
    /// column means two things.
    pub fn guess(headings: &[String]) -> Self {
        let mut mapping = Self::default();
        mapping.complete(Field::ALL, headings);
        mapping
    }

    /// Looks for `wanted` among the headings that mean nothing yet.
    fn complete(&mut self, wanted: &[Field], headings: &[String]) {
        let mapping = self;
        let normal: Vec<String> = headings.iter().map(|h| text::normalise(h).replace(' ', "")).collect();
        let mut taken: Vec<bool> = headings.iter().map(|h| mapping.0.values().any(|m| m == h)).collect();
        for exact in [true, false] {
            for &field in wanted {
                if mapping.0.contains_key(&field) {
                    continue;
                }
                let fits = |n: &usize, word: &str| {
                    !taken[*n] && if exact { normal[*n] == word } else { normal[*n].contains(word) }
                };
                let found = field.words().iter().find_map(|word| (0..normal.len()).find(|n| fits(n, word)));
                if let Some(n) = found {
                    taken[n] = true;
                    mapping.0.insert(field, headings[n].clone());
                }
            }
        }
    }

    /// What a preset means for this file: where its column is there, that one; where it is not, what a guess
    /// finds among the columns that are left. A field that the preset leaves out stays out, unless no case is
    /// without it, or nothing of the preset is in the file.
    #[must_use]
    pub fn fitted(&self, headings: &[String]) -> Self {
        let mut fitted = Self::default();
        for (&field, heading) in &self.0 {
            if let Some(n) = place(headings, heading) {
                fitted.0.insert(field, headings[n].clone());
            }
        }
        if fitted.0.is_empty() {
            return Self::guess(headings);
        }
        let wants = |field: &Field| self.named(*field).is_some() || Field::REQUIRED.contains(field);
        let wanted: Vec<Field> = Field::ALL.iter().copied().filter(wants).collect();
        fitted.complete(&wanted, headings);
        fitted
    }

    /// The columns that are named here and are not in the file.
    pub fn absent(&self, headings: &[String]) -> Vec<(Field, String)> {
        Field::ALL
            .iter()
            .filter_map(|&field| Some((field, self.named(field)?)))
            .filter(|(_, heading)| place(headings, heading).is_none())
            .map(|(field, heading)| (field, heading.to_owned()))
            .collect()
    }

    fn named(&self, field: Field) -> Option<&str> {
        self.0.get(&field).map(|heading| heading.trim()).filter(|heading| !heading.is_empty())
    }

    /// Finds the headings in this file; says which are missing.
    pub fn places(&self, headings: &[String]) -> Result<Places> {
        let mut places = Places::default();
        let mut wrong = Vec::new();
        for (&field, heading) in &self.0 {
            match place(headings, heading) {
                Some(n) => drop(places.0.insert(field, n)),
                None if heading.trim().is_empty() => {}
                None => wrong
                    .push(FieldError::new(field.as_str(), "hotline-column-absent").with("column", heading)),
            }
        }
        for field in Field::REQUIRED {
            if !places.0.contains_key(&field) && !wrong.iter().any(|w| w.field == field.as_str()) {
                wrong.push(FieldError::new(field.as_str(), "hotline-column-needed"));
            }
        }
        if wrong.is_empty() { Ok(places) } else { Err(Error::Invalid(wrong)) }
    }
}

/// Where this heading stands, whatever its width and case.
fn place(headings: &[String], heading: &str) -> Option<usize> {
    let wanted = text::normalise(heading);
    headings.iter().position(|h| text::normalise(h) == wanted)
}

impl Places {
    /// The cell of a field in a row, trimmed; nothing where the column or the text is absent.
    pub fn cell<'r>(&self, row: &'r csv::StringRecord, field: Field) -> Option<&'r str> {
        let cell = row.get(*self.0.get(&field)?)?;
        Some(cell.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')).filter(|c| !c.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(line: &str) -> Vec<(Field, String)> {
        let headings: Vec<String> = line.split(',').map(str::to_owned).collect();
        Mapping::guess(&headings).0.into_iter().collect()
    }

    #[test]
    fn headings_are_understood() {
        let known = guess("留言编号,留言用户,留言主题,留言时间,留言详情,答复意见,答复时间");
        let expect = [
            (Field::Number, "留言编号"),
            (Field::Title, "留言主题"),
            (Field::Text, "留言详情"),
            (Field::At, "留言时间"),
            (Field::Reporter, "留言用户"),
            (Field::Reply, "答复意见"),
            (Field::RepliedAt, "答复时间"),
        ];
        assert_eq!(known, expect.map(|(f, h)| (f, h.to_owned())));
        // Part of a longer heading, odd spaces, and the most precise of several categories.
        let odd = guess("12345工单编号, 诉求 内容 ,受理时间（北京时间）,一级分类,三级分类,诉求人电话");
        assert!(odd.contains(&(Field::Number, "12345工单编号".into())));
        assert!(odd.contains(&(Field::Text, " 诉求 内容 ".into())));
        assert!(odd.contains(&(Field::Category, "三级分类".into())));
        assert!(odd.contains(&(Field::At, "受理时间（北京时间）".into())));
    }

    #[test]
    fn a_preset_is_no_worse_than_a_guess() {
        let headings = |line: &str| -> Vec<String> { line.split(',').map(str::to_owned).collect() };
        let preset: Mapping = serde_json::from_str(
            r#"{"number":"工单编号","text":"主题","at":"来电时间","reply":"办理结果","nature":""}"#,
        )
        .unwrap();
        // One column has another name now: that field alone is guessed, from what is left.
        let file = headings("工单编号,主题,内容,登记时间,地址");
        let absent = [(Field::At, "来电时间".to_owned()), (Field::Reply, "办理结果".to_owned())];
        assert_eq!(preset.absent(&file), absent);
        let fitted = preset.fitted(&file);
        let expect = [(Field::Number, "工单编号"), (Field::Text, "主题"), (Field::At, "登记时间")];
        let own: Vec<(Field, &str)> = fitted.0.iter().map(|(f, h)| (*f, h.as_str())).collect();
        assert_eq!(own, expect, "what the preset leaves out stays out");
        fitted.places(&file).unwrap();
        // Nothing of it is there: it was made for another file.
        let other = headings("编号,内容,受理时间,地址");
        assert_eq!(preset.fitted(&other), Mapping::guess(&other));
        // All of it is there: exactly the preset.
        let own = headings("工单编号,主题,来电时间,办理结果,地址");
        assert_eq!((preset.fitted(&own).0.len(), preset.absent(&own)), (4, vec![]));
    }

    #[test]
    fn what_is_missing_is_named() {
        let headings: Vec<String> = ["编号", "内容"].map(str::to_owned).to_vec();
        let Err(Error::Invalid(wrong)) = Mapping::guess(&headings).places(&headings) else {
            panic!("accepted")
        };
        assert_eq!(wrong, [FieldError::new("at", "hotline-column-needed")]);
        let mut preset = Mapping::guess(&headings);
        preset.0.insert(Field::At, "来电时间".into());
        let Err(Error::Invalid(wrong)) = preset.places(&headings) else { panic!("accepted") };
        assert_eq!(wrong[0].key, "hotline-column-absent");
    }
}
