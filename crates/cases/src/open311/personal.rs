//! What somebody wrote, without what tells who they are (去标识化): numbers of phones, identity cards and accounts however
//! they are spaced, addresses of mail, names that are said to be somebody's own, and the reporter's own name.
//!
//! A machine that reads does not find everything; so what was written is told at all only where it was written for
//! everybody to read, and a category that is sensitive is never told.

use std::sync::LazyLock;

use regex_lite::{Captures, Regex};

const MASK: &str = "****";
/// So many digits are no house number and no price any more.
const DIGITS: usize = 7;

/// The hundred commonest family names, which nine in ten people have.
const FAMILIES: &str = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常";

#[expect(clippy::expect_used, reason = "a pattern of ours, compiled by a test")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a sound pattern")
}

/// Digits with at most one sign between two of them.
static NUMBER: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"[0-9０-９](?:[ \t\-－—–.．·、()（）]?[0-9０-９xXｘＸ]){6,}"));
/// A day, which has as many digits as a phone.
static DAY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^(?:19|20)[0-9]{2}[\-.](?:0?[1-9]|1[0-2])[\-.](?:[0-2]?[0-9]|3[01])(?: [0-9]{1,2})?$")
});
static MAIL: LazyLock<Regex> = LazyLock::new(|| pattern(r"[A-Za-z0-9._%+\-]+[@＠][A-Za-z0-9.\-]+"));
static ACCOUNT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)(微信号?|wechat|wx|qq号?)([:： 是]*)[A-Za-z0-9_\-]{5,}"));
/// A name that is said to be one.
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        "(我叫|我是|本人|姓名|联系人|名字叫|名字是)([:： ]*)([{FAMILIES}][一-龥]{{1,2}})([^一-龥]|$|先生|女士)"
    ))
});
/// The same in Latin letters.
static NAMED_LATIN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"((?i:my name is|i am called|contact person:?))( +)([A-Z][A-Za-z'\-]+(?: [A-Z][A-Za-z'\-]+)?)")
});

/// The text as everybody may read it; `own` are names of the reporter.
pub(super) fn without(text: &str, own: &[String]) -> String {
    let text = own
        .iter()
        .map(|name| name.trim())
        .filter(|name| name.chars().count() > 1)
        .fold(text.to_owned(), |text, name| text.replace(name, MASK));
    let text = MAIL.replace_all(&text, MASK);
    let text = ACCOUNT.replace_all(&text, |found: &Captures<'_>| format!("{}{}{MASK}", &found[1], &found[2]));
    let text = NUMBER.replace_all(&text, |found: &Captures<'_>| {
        let digits = found[0].chars().filter(|c| !is_sign(*c)).count();
        if digits < DIGITS || DAY.is_match(&found[0]) { found[0].to_owned() } else { MASK.to_owned() }
    });
    let text = NAMED
        .replace_all(&text, |found: &Captures<'_>| format!("{}{}{MASK}{}", &found[1], &found[2], &found[4]));
    NAMED_LATIN
        .replace_all(&text, |found: &Captures<'_>| format!("{}{}{MASK}", &found[1], &found[2]))
        .into_owned()
}

fn is_sign(c: char) -> bool {
    !(c.is_ascii_digit() || ('０'..='９').contains(&c) || matches!(c, 'x' | 'X' | 'ｘ' | 'Ｘ'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        without(text, &[])
    }

    #[test]
    fn numbers_go_however_they_are_spaced() {
        for (text, told_as) in [
            (
                "3号楼，找13800138000或0631-5231234，身份证37100219900101001X。",
                "3号楼，找****或****，身份证****。",
            ),
            ("电话138 1234 5678", "电话****"),
            ("电话138-1234-5678或１３８１２３４５６７８", "电话****或****"),
            ("(0631)5231234", "(****"),
            ("卡号6222 0200 1234 5678 901", "卡号****"),
            ("写信给a.b@example.com，微信号：abc_123456，QQ 12345", "写信给****，微信号：****，QQ ****"),
        ] {
            assert_eq!(told(text), told_as);
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        for text in [
            "12-3-401室",
            "2026-11-30 08:00停水，2026.11.30恢复",
            "罚款 120000 元，已经 3 次、5 天",
            "我是常住居民，我是业主，本人住在3号楼",
            "My name is not important",
        ] {
            assert_eq!(told(text), text);
        }
    }

    #[test]
    fn names_that_are_said_go() {
        assert_eq!(told("我是李小明，住3号楼"), "我是****，住3号楼");
        assert_eq!(told("联系人：王芳 下午在家"), "联系人：**** 下午在家");
        assert_eq!(told("我叫陈华"), "我叫****");
        assert_eq!(told("My name is Anna Berg and I live here"), "My name is **** and I live here");
        assert_eq!(without("欧阳天一反映：楼道灯坏", &["欧阳天一".to_owned()]), "****反映：楼道灯坏");
    }
}
