//! Urgency (紧急词) and nature (诉求性质) of a text, and the duty list (主责清单).
//!
//! Both are read by short lists of words that a district can replace: a dispatcher must be able to see
//! at once why a case was marked urgent. A word within three characters after 没有, 无, 不, 防止 or 避免 does
//! not count. Where closed cases carry a nature of their own, a [`crate::Suggester`] trained on it is
//! better than [`nature`]; the words are for the first day.
//!
//! Invariants: found words are pieces of the folded text; nothing is found in an empty text.
//! Cost: the text's length times the number of words.

use std::collections::HashMap;

use crate::normalise::fold;

/// A word that says a case cannot wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrgentWord {
    /// The word as it stands in the list.
    pub word: String,
    /// Why it is in the list.
    pub danger: &'static str,
}

const URGENT: &[(&str, &[&str])] = &[
    ("火灾爆炸", &["着火", "起火", "火灾", "爆炸", "燃气泄漏", "煤气泄漏", "天然气泄漏", "漏气", "冒烟"]),
    ("触电", &["触电", "漏电", "电线断", "电线掉", "高压线断"]),
    (
        "坍塌坠落",
        &[
            "坍塌",
            "塌陷",
            "倒塌",
            "垮塌",
            "坠落",
            "高空抛物",
            "墙体脱落",
            "外墙脱落",
            "摇摇欲坠",
            "山体滑坡",
            "泥石流",
        ],
    ),
    ("被困溺水", &["被困", "困人", "溺水", "落水", "掉进", "洪水", "内涝"]),
    (
        "伤亡",
        &["死亡", "有人受伤", "昏迷", "流血", "生命危险", "人命关天", "食物中毒", "煤气中毒", "一氧化碳"],
    ),
    ("轻生暴力", &["自杀", "轻生", "跳楼", "家暴", "持刀", "打人", "殴打", "威胁生命"]),
    ("老幼走失", &["走失", "孩子丢了", "老人失踪"]),
    ("民生断供", &["全楼停水", "全小区停水", "全小区停电", "大面积停电", "断水断电", "暖气全停"]),
];

const BEFORE: &[&str] = &["没有", "未", "无", "不会", "不是", "防止", "避免", "预防", "杜绝", "谨防"];

/// Whether the word at `at` is taken back by what stands before it.
fn denied(chars: &[char], at: usize) -> bool {
    let before: String = chars[at.saturating_sub(4)..at].iter().collect();
    BEFORE
        .iter()
        .any(|word| before.rfind(word).is_some_and(|p| before[p + word.len()..].chars().count() <= 2))
}

fn positions<'a>(chars: &'a [char], word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let length = word.chars().count();
    (0..(chars.len() + 1).saturating_sub(length))
        .filter(move |&at| chars[at..at + length].iter().copied().eq(word.chars()))
}

/// The urgent words of a text with the danger each stands for.
///
/// ```
/// use linli_text::urgent_words;
/// assert_eq!(urgent_words("三楼着火了，老人被困！").len(), 2);
/// assert!(urgent_words("希望加强检查，防止着火").is_empty());
/// ```
#[must_use]
pub fn urgent_words(text: &str) -> Vec<UrgentWord> {
    let chars: Vec<char> = fold(text).chars().collect();
    let mut found: Vec<UrgentWord> = Vec::new();
    for &(danger, words) in URGENT {
        for &word in words {
            if positions(&chars, word).any(|at| !denied(&chars, at)) {
                found.push(UrgentWord { word: word.to_owned(), danger });
            }
        }
    }
    found
}

/// What the writer wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Nature {
    /// 投诉: something is done badly.
    Complaint,
    /// 举报: somebody breaks a rule.
    Report,
    /// 求助: help is needed.
    Help,
    /// 咨询: a question.
    Question,
    /// 建议: an idea.
    Advice,
}

impl Nature {
    /// The field's word.
    pub const fn chinese(self) -> &'static str {
        match self {
            Self::Complaint => "投诉",
            Self::Report => "举报",
            Self::Help => "求助",
            Self::Question => "咨询",
            Self::Advice => "建议",
        }
    }
}

const NATURES: &[(Nature, &[(&str, f64)])] = &[
    (
        Nature::Advice,
        &[
            ("建议", 3.0),
            ("希望能增设", 2.0),
            ("能不能增加", 2.0),
            ("提议", 2.0),
            ("倡议", 2.0),
            ("应该增加", 1.5),
            ("希望增加", 1.5),
        ],
    ),
    (
        Nature::Question,
        &[
            ("咨询", 3.0),
            ("请问", 2.5),
            ("想问", 2.0),
            ("问一下", 2.0),
            ("什么时候", 1.0),
            ("何时", 1.5),
            ("如何办理", 2.0),
            ("怎么办理", 2.0),
            ("需要什么", 1.5),
            ("是否可以", 1.5),
            ("多少钱", 1.0),
        ],
    ),
    (
        Nature::Report,
        &[
            ("举报", 3.5),
            ("涉嫌", 2.0),
            ("违法", 1.2),
            ("违规", 1.2),
            ("非法", 1.5),
            ("诈骗", 1.5),
            ("传销", 2.0),
            ("黑作坊", 2.0),
            ("无证", 1.5),
        ],
    ),
    (
        Nature::Help,
        &[
            ("求助", 3.5),
            ("救救", 2.5),
            ("帮帮", 2.0),
            ("走投无路", 2.0),
            ("恳求", 1.0),
            ("困难补助", 1.5),
            ("申请救助", 2.5),
            ("低保", 1.0),
            ("没有生活来源", 2.0),
        ],
    ),
    (
        Nature::Complaint,
        &[
            ("投诉", 3.5),
            ("扰民", 2.0),
            ("不作为", 1.5),
            ("乱收费", 1.5),
            ("太差", 1.0),
            ("态度恶劣", 2.0),
            ("没人管", 1.5),
            ("无人处理", 1.5),
            ("严重影响", 1.0),
        ],
    ),
];

/// The likeliest nature by its words, its share of all evidence, and the words; `None` when no word
/// speaks.
///
/// ```
/// use linli_text::{Nature, nature};
/// assert_eq!(nature("请问社保卡如何办理？").unwrap().0, Nature::Question);
/// assert!(nature("路灯").is_none());
/// ```
#[must_use]
pub fn nature(text: &str) -> Option<(Nature, f64, Vec<String>)> {
    let chars: Vec<char> = fold(text).chars().collect();
    let mut all = 0.0;
    let mut best: Option<(Nature, f64, Vec<String>)> = None;
    for &(kind, words) in NATURES {
        let mut sum = 0.0;
        let mut because = Vec::new();
        for &(word, weight) in words {
            if let Some(at) = positions(&chars, word).next() {
                // The subject line and the first sentence say it best.
                sum += if at < 30 { weight * 1.5 } else { weight };
                because.push(word.to_owned());
            }
        }
        all += sum;
        if sum > best.as_ref().map_or(0.0, |b| b.1) {
            best = Some((kind, sum, because));
        }
    }
    best.map(|(kind, sum, because)| (kind, sum / all, because))
}

/// Which department answers for which category, with the legal basis: the committee's duty list.
///
/// A category is looked up whole and then by ever shorter prefixes of its path, so that one line can
/// cover a whole branch.
///
/// ```
/// use linli_text::DutyList;
/// let mut duties = DutyList::default();
/// duties.set("城乡建设", "住房和城乡建设局", "");
/// duties.set("城乡建设/城市建设和市政管理/环境卫生", "综合行政执法局", "《城市市容和环境卫生管理条例》");
/// assert_eq!(duties.department("城乡建设/城市建设和市政管理/环境卫生"), Some("综合行政执法局"));
/// assert_eq!(duties.department("城乡建设/村镇建设/其他"), Some("住房和城乡建设局"));
/// assert_eq!(duties.department("卫生计生"), None);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DutyList {
    lines: HashMap<String, (String, String)>,
}

impl DutyList {
    /// Sets who answers for a category (a path with `/`).
    pub fn set(&mut self, category: &str, department: &str, basis: &str) {
        self.lines.insert(category.to_owned(), (department.to_owned(), basis.to_owned()));
    }

    fn line(&self, category: &str) -> Option<&(String, String)> {
        let mut path = category;
        loop {
            if let Some(line) = self.lines.get(path) {
                return Some(line);
            }
            path = path.rsplit_once('/')?.0;
        }
    }

    /// Who answers for a category.
    pub fn department(&self, category: &str) -> Option<&str> {
        self.line(category).map(|(department, _)| department.as_str())
    }

    /// The legal basis of that.
    pub fn basis(&self, category: &str) -> Option<&str> {
        self.line(category).map(|(_, basis)| basis.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urgent_words_say_why_and_denials_do_not_count() {
        let found = urgent_words("电梯困人！有燃气泄漏");
        assert_eq!(found.iter().map(|w| w.danger).collect::<Vec<_>>(), ["火灾爆炸", "被困溺水"]);
        assert!(urgent_words("没有人被困").iter().all(|w| w.word != "被困"));
        assert!(urgent_words("昨天没有来，今天着火").iter().any(|w| w.word == "着火"));
        assert!(urgent_words("").is_empty());
    }

    #[test]
    fn natures_by_their_words() {
        for (text, expected) in [
            ("投诉楼下夜宵摊噪音扰民", Nature::Complaint),
            ("举报某公司涉嫌诈骗", Nature::Report),
            ("建议在路口增设红绿灯", Nature::Advice),
            ("咨询人才落户问题", Nature::Question),
            ("求助：孩子没有书读，帮帮我们", Nature::Help),
        ] {
            let (kind, share, because) = nature(text).unwrap();
            assert_eq!(kind, expected, "{text}");
            assert!(share > 0.5 && !because.is_empty());
        }
    }
}
