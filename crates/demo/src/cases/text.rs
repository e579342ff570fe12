//! What people write, from a small grammar of our own.

use std::collections::HashMap;

use linli_cases::model::Source;
use linli_grid::defaults::{DataError, Duty};
use serde::Deserialize;

use crate::rng::Dice;

const FILE: &str = include_str!("../../data/phrases.csv");

/// The words for one category.
#[derive(Debug, Clone)]
pub(super) struct Phrase {
    /// About a place, not about the reporter's own affair.
    pub(super) about_place: bool,
    problems: Vec<String>,
    effects: Vec<String>,
    done: Vec<String>,
}

/// The words for all categories, in the order of the duty list.
#[derive(Debug)]
pub(super) struct Phrases(Vec<Phrase>);

#[derive(Deserialize)]
struct Row {
    code: String,
    style: String,
    problems: String,
    effects: String,
    done: String,
}

impl Phrases {
    pub(super) fn read(duties: &[Duty]) -> Result<Self, DataError> {
        let rows: Result<Vec<Row>, csv::Error> =
            csv::Reader::from_reader(FILE.as_bytes()).into_deserialize().collect();
        let rows = rows.map_err(|cause| DataError::Table { file: "phrases.csv", cause })?;
        let split = |text: &str| text.split(';').map(str::to_owned).collect::<Vec<_>>();
        let mut known: HashMap<String, Phrase> = rows
            .into_iter()
            .map(|row| {
                let phrase = Phrase {
                    about_place: row.style == "place",
                    problems: split(&row.problems),
                    effects: split(&row.effects),
                    done: split(&row.done),
                };
                (row.code, phrase)
            })
            .collect();
        // A category that came later says its own name until somebody gives it words.
        let own = |duty: &Duty| Phrase {
            about_place: true,
            problems: vec![duty.level3.clone()],
            effects: vec!["影响居民生活".to_owned()],
            done: vec![duty.standard.clone()],
        };
        Ok(Self(duties.iter().map(|d| known.remove(&d.code).unwrap_or_else(|| own(d))).collect()))
    }

    pub(super) fn of(&self, duty: usize) -> &Phrase {
        &self.0[duty]
    }
}

/// What is wrong, the same for everybody who reports it.
#[derive(Debug, Clone)]
pub(super) struct Trouble {
    pub(super) problem: String,
    pub(super) effect: String,
    pub(super) done: String,
    pub(super) about_place: bool,
}

impl Phrase {
    pub(super) fn trouble(&self, dice: &mut Dice) -> Trouble {
        let mut one = |list: &Vec<String>| dice.pick(list).cloned().unwrap_or_default();
        Trouble {
            problem: one(&self.problems),
            effect: one(&self.effects),
            done: one(&self.done),
            about_place: self.about_place,
        }
    }
}

const SINCE: &[&str] = &[
    "已经一个多星期了",
    "从上周开始的",
    "昨天晚上发现的",
    "反复好几回了",
    "有半个月了",
    "今天早上发现的",
    "天天如此",
    "",
];
const ASKS: &[&str] =
    &["请尽快处理", "希望安排人来看看", "盼回复", "请核实处理", "麻烦给个说法", "希望有关部门管一管", "谢谢"];

fn opening(source: Source, dice: &mut Dice) -> &'static str {
    dice.word(match source {
        Source::Grid => &["巡查发现，", "入户走访时居民反映，", "日常巡查中看到，", "楼长告知，"],
        Source::Hotline => &["市民来电反映，", "来电人称，", "市民咨询并反映，", "来电：", "市民再次来电，"],
        Source::Property => &["物业巡检发现，", "业主在群里反映，物业核实，"],
        Source::Rider => &["送餐途中看到，", "骑手随手拍：", "送件时发现，"],
        Source::Inspection => &["专项检查发现，", "月抽查发现，"],
        Source::Resident | Source::Open311 => &["你好，", "", "我要反映，", "工作人员您好，", "麻烦问一下，"],
    })
}

/// The title and the text of a report.
pub(super) fn report(
    source: Source,
    area: &str,
    address: &str,
    trouble: &Trouble,
    dice: &mut Dice,
) -> (String, String) {
    let Trouble { problem, effect, about_place, .. } = trouble;
    let title = match dice.below(4) {
        0 => format!("{area}{problem}"),
        1 => format!("反映{problem}的问题"),
        2 => format!("{problem}，{effect}"),
        _ => format!("关于{area}{problem}"),
    };
    let begin = opening(source, dice);
    let subject = match (about_place, dice.below(3)) {
        (true, _) => format!("{address}{problem}"),
        (false, 0) => format!("本人住{address}，{problem}"),
        (false, 1) => format!("{problem}（家住{address}）"),
        (false, _) => format!("我是{area}居民，{problem}"),
    };
    let mut parts = vec![subject];
    let since = dice.word(SINCE);
    if !since.is_empty() {
        parts.push(since.to_owned());
    }
    if dice.chance(0.75) {
        parts.push(effect.clone());
    }
    if source == Source::Grid {
        parts.push(dice.word(&["已现场拍照", "已设提示", "已联系责任方", "已做劝导"]).to_owned());
    }
    let end = dice.word(ASKS);
    let mut text = format!("{begin}{}", parts.join("，"));
    text.push('。');
    if source != Source::Grid {
        text.push_str(end);
        text.push('。');
    }
    (title, text)
}

/// The reply to the reporter.
pub(super) fn reply(problem: &str, done: &str, phone: &str, dice: &mut Dice) -> String {
    match dice.below(4) {
        0 => format!("您好，您反映的“{problem}”已办理：{done}。如还有问题，请拨打{phone}。"),
        1 => format!("您好！关于“{problem}”，我们到现场核实后，{done}。感谢您对社区工作的监督。"),
        2 => format!("居民朋友您好，{done}。后续由网格员跟进，电话{phone}。"),
        _ => format!("您好，经核实情况属实。{done}。对给您带来的不便表示歉意。"),
    }
}

/// Reasons and notes that come up in the course of a case.
pub(super) mod notes {
    pub(crate) const PLAN: &[&str] = &[
        "先控制现场，两日内拿出整改清单，逐项销号",
        "组织现场会，明确牵头和配合单位及时间表",
        "分两步：先恢复功能，再彻底改造",
    ];
    pub(crate) const JOINT: &[&str] = &[
        "涉及多家单位，需街道协调",
        "网格无执法权，请科室和部门到场",
        "问题反复，需要联合整治",
        "超出社区处置能力",
    ];
    pub(crate) const TOUGH: &[&str] =
        &["两次联合处置未解决，请区级协调", "涉及历史遗留和资金安排，需区级研究", "权属不清，多部门意见不一"];
    pub(crate) const RETURN: &[&str] =
        &["该路段不在管护范围内", "属专业部门职责，街道科室无相应权限", "经现场确认，责任主体为另一单位"];
    pub(crate) const RETURN_DECIDED: &[&str] =
        &["按主责清单，由指定单位牵头", "退回理由成立，改派", "首接单位先行处置"];
    pub(crate) const EXTEND: &[&str] =
        &["材料采购需要时间", "需连续晴天才能施工", "当事人在外地，约定下周到场"];
    pub(crate) const SUSPEND: &[&str] =
        &["需列入明年改造计划", "等待供热季结束后施工", "司法程序进行中", "需春季补植"];
    pub(crate) const QUESTION: &[&str] =
        &["请问具体是几号楼几单元？", "能否补充现场照片？", "方便什么时间上门查看？"];
    pub(crate) const ANSWER: &[&str] = &["三号楼二单元门口", "照片已发", "晚上六点以后都在家"];
    pub(crate) const REWORK: &[&str] =
        &["现场复查仍未恢复", "只处理了一半，请继续", "居民反映又出现同样情况"];
    pub(crate) const REOPEN: &[&str] = &["处理后第二天又坏了", "回复说解决了，实际没人来", "只清了一部分"];
    pub(crate) const PRAISE: &[&str] =
        &["处理得很快，谢谢", "态度好，解决了", "希望以后保持", "基本满意", ""];
    pub(crate) const BLAME: &[&str] = &["没有真正解决", "拖得太久", "和反映的不是一回事"];
    pub(crate) const SUPERVISE: &[&str] =
        &["请每周报送进展", "按方案时间表推进，下周现场督办", "已列入月度督办事项"];
    pub(crate) const DECLINE: &[&str] =
        &["已进入诉讼程序，请依法律途径解决", "反映事项不在本区范围内", "内容不完整且无法联系核实"];
}
