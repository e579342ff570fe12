//! What is known of a person, and what somebody says of one.

use chrono::NaiveDate;
use linli_kernel::{Result, Timestamp, error::Check, person::parse_phone, text::normalise};

use super::{Field, IdNumber, Relation, Residence, Sex};

/// A person as the rules see one, in clear; never serialised, never logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// 姓名
    pub name: String,
    /// 性别
    pub sex: Sex,
    /// 出生日期
    pub birth: Option<NaiveDate>,
    /// 身份证号
    pub id_number: Option<IdNumber>,
    /// 联系电话, digits only.
    pub phone: Option<String>,
    /// 与户主关系
    pub relation: Relation,
    /// 户籍/流动
    pub residence: Residence,
}

/// What is said of one field: nothing, that there is none, or a value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Say<T> {
    /// Nothing was said: the field stays as it is.
    #[default]
    Nothing,
    /// There is none.
    No,
    /// It is this.
    Is(T),
}

impl<T> Say<T> {
    /// From a form's field: an empty one says nothing.
    pub fn of(value: Option<T>) -> Self {
        value.map_or(Self::Nothing, Self::Is)
    }

    /// The value, if one was said.
    pub const fn value(&self) -> Option<&T> {
        if let Self::Is(value) = self { Some(value) } else { None }
    }
}

/// What somebody says of a person; [`Facts::read`] makes it from a form or a row of a sheet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// 姓名
    pub name: Option<String>,
    /// 性别
    pub sex: Option<Sex>,
    /// 出生日期
    pub birth: Say<NaiveDate>,
    /// 身份证号
    pub id_number: Say<IdNumber>,
    /// 联系电话
    pub phone: Say<String>,
    /// 与户主关系
    pub relation: Option<Relation>,
    /// 户籍/流动
    pub residence: Option<Residence>,
}

/// A person's fields as texts, as forms and sheets bring them. Empty says nothing; `-` says that there is none.
#[derive(Debug, Clone, Default, serde::Deserialize, serde::Serialize)]
#[serde(default)]
pub struct Texts {
    /// 姓名
    pub name: String,
    /// 性别: a code of GB/T 2261.1, 男 or 女.
    pub sex: String,
    /// 出生日期: 1949-12-31, 19491231, 1949/12/31, 1949年12月31日.
    pub birth: String,
    /// 身份证号
    pub id_number: String,
    /// 联系电话
    pub phone: String,
    /// 与户主关系: the code or the word.
    pub relation: String,
    /// 户籍/流动: the code or the word.
    pub residence: String,
}

/// The longest name; some have an ethnic or foreign name in full.
const NAME: usize = 50;

impl Facts {
    /// Reads texts, telling of all that is wrong at once. `today` bounds the day of birth.
    pub fn read(texts: &Texts, now: Timestamp) -> Result<Self> {
        let mut check = Check::new();
        let facts = Self::checked(texts, now, &mut check);
        check.done()?;
        Ok(facts)
    }

    /// As [`Facts::read`], into a check that has more to look at.
    pub fn checked(texts: &Texts, now: Timestamp, check: &mut Check) -> Self {
        let name = check.optional("name", Some(&name_form(&texts.name)), NAME);
        if let Some(name) = &name {
            check.require(!name.chars().any(|c| c.is_ascii_digit()), "name", "household-name-bad");
        }
        let id_number = said(check, "id_number", "household-id-bad", &texts.id_number, IdNumber::parse);
        let phone = said(check, "phone", "household-phone-bad", &texts.phone, parse_phone);
        let birth = said(check, "birth", "household-birth-bad", &texts.birth, |text| {
            parse_date(text).filter(|day| *day <= now.china_date())
        });
        let sex = word(check, "sex", "household-sex-bad", &texts.sex, parse_sex);
        let relation = word(check, "relation", "household-relation-bad", &texts.relation, parse_relation);
        let residence =
            word(check, "residence", "household-residence-bad", &texts.residence, parse_residence);
        if let Say::Is(number) = &id_number {
            check.require(number.birth() <= now.china_date(), "id_number", "household-id-bad");
            // What the number says counts; a form that says otherwise has a slip in one of the two.
            let other_day = birth.value().is_some_and(|day| *day != number.birth());
            check.require(!other_day, "birth", "household-birth-not-id");
            let other_sex = sex.is_some_and(|s| matches!(s, Sex::Male | Sex::Female) && s != number.sex());
            check.require(!other_sex, "sex", "household-sex-not-id");
        }
        Self { name, sex, birth, id_number, phone, relation, residence }
    }

    /// Which fields something is said of.
    pub fn fields(&self) -> Vec<Field> {
        let said = [
            (Field::Name, self.name.is_some()),
            (Field::Sex, self.sex.is_some()),
            (Field::Birth, self.birth != Say::Nothing),
            (Field::IdNumber, self.id_number != Say::Nothing),
            (Field::Phone, self.phone != Say::Nothing),
            (Field::Relation, self.relation.is_some()),
            (Field::Residence, self.residence.is_some()),
        ];
        said.into_iter().filter(|(_, said)| *said).map(|(field, _)| field).collect()
    }

    /// The person these facts alone make; there must be a name.
    pub fn person(&self) -> Result<Person> {
        let name = self.name.clone().ok_or_else(|| linli_kernel::Error::field("name", "error-required"))?;
        let id_number = self.id_number.value().cloned();
        Ok(Person {
            name,
            sex: id_number.as_ref().map(IdNumber::sex).or(self.sex).unwrap_or(Sex::Unknown),
            birth: id_number.as_ref().map(IdNumber::birth).or_else(|| self.birth.value().copied()),
            phone: self.phone.value().cloned(),
            relation: self.relation.unwrap_or(Relation::Other),
            residence: self.residence.unwrap_or(Residence::Unknown),
            id_number,
        })
    }
}

/// One space between words, none between Han; the dot of long names in one form.
fn name_form(text: &str) -> String {
    let text = text.trim().replace(['•', '・', '．', '･'], "·");
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let joined = out.chars().last().zip(word.chars().next());
        let han = |c| linli_kernel::text::is_han(c);
        if joined.is_some_and(|(a, b)| !(han(a) && han(b))) {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

pub(super) fn said<T>(
    check: &mut Check,
    field: &str,
    key: &str,
    text: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Say<T> {
    match text.trim() {
        "" => Say::Nothing,
        "-" | "－" | "无" => Say::No,
        text => check.parse(field, key, parse(text)).map_or(Say::Nothing, Say::Is),
    }
}

fn word<T>(
    check: &mut Check,
    field: &str,
    key: &str,
    text: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Option<T> {
    let text = normalise(text);
    if text.is_empty() { None } else { check.parse(field, key, parse(&text)) }
}

/// A day as people and spreadsheets write it.
pub fn parse_date(text: &str) -> Option<NaiveDate> {
    let text = normalise(text).replace(['/', '.', '年', '月'], "-").replace('日', "");
    let day = text.split([' ', 't']).next()?;
    let day = day.trim_end_matches('-');
    let parts: Vec<&str> = day.split('-').collect();
    match parts[..] {
        [year, month, day] => {
            NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
        }
        [whole] if whole.len() == 8 => NaiveDate::parse_from_str(whole, "%Y%m%d").ok(),
        _ => None,
    }
    .filter(|day| *day >= NaiveDate::from_ymd_opt(1880, 1, 1).unwrap_or_default())
}

fn parse_sex(text: &str) -> Option<Sex> {
    match text {
        "男" | "男性" | "m" | "male" => Some(Sex::Male),
        "女" | "女性" | "f" | "female" => Some(Sex::Female),
        "未知" => Some(Sex::Unknown),
        "未说明" => Some(Sex::Unstated),
        code => code.parse().ok(),
    }
}

fn parse_relation(text: &str) -> Option<Relation> {
    Some(match text {
        "户主" | "本人" => Relation::Head,
        "配偶" | "夫" | "妻" | "丈夫" | "妻子" => Relation::Spouse,
        "子" | "儿子" | "长子" | "次子" | "独生子" | "三子" => Relation::Son,
        "女" | "女儿" | "长女" | "次女" | "独生女" | "三女" => Relation::Daughter,
        "孙子" | "孙女" | "外孙子" | "外孙女" | "孙子女" | "孙" | "外孙" => {
            Relation::Grandchild
        }
        "父" | "母" | "父亲" | "母亲" | "父母" | "岳父" | "岳母" | "公公" | "婆婆" => {
            Relation::Parent
        }
        "祖父" | "祖母" | "外祖父" | "外祖母" | "祖父母" => Relation::Grandparent,
        "兄" | "弟" | "姐" | "妹" | "兄弟姐妹" | "哥哥" | "弟弟" | "姐姐" | "妹妹" => {
            Relation::Sibling
        }
        "其他亲属" | "亲属" | "儿媳" | "女婿" => Relation::Relative,
        "非亲属" | "其他" | "租户" | "保姆" => Relation::Other,
        code => return code.parse().ok(),
    })
}

fn parse_residence(text: &str) -> Option<Residence> {
    Some(match text {
        "户籍" | "户籍人口" | "常住" | "常住户籍" | "本地" => Residence::Registered,
        "流动" | "流动人口" | "外来" | "外地" => Residence::Floating,
        "境外" | "境外人员" | "外籍" => Residence::Overseas,
        code => return code.parse().ok(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use linli_kernel::Error;

    fn now() -> Timestamp {
        "2026-11-23T09:00:00+08:00".parse().unwrap()
    }

    fn wrong(texts: &Texts) -> Vec<String> {
        match Facts::read(texts, now()) {
            Err(Error::Invalid(faults)) => faults.into_iter().map(|f| f.key).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_form_is_read_as_people_fill_it() {
        let texts = Texts {
            name: " 王  小明 ".into(),
            sex: "男".into(),
            birth: "1988年8月8日".into(),
            phone: "138 0013-8000".into(),
            relation: "长子".into(),
            residence: "流动人口".into(),
            ..Texts::default()
        };
        let facts = Facts::read(&texts, now()).unwrap();
        assert_eq!(facts.name.as_deref(), Some("王小明"));
        assert_eq!(facts.birth, Say::Is(NaiveDate::from_ymd_opt(1988, 8, 8).unwrap()));
        assert_eq!(facts.phone, Say::Is("13800138000".into()));
        assert_eq!(facts.id_number, Say::Nothing);
        assert_eq!((facts.relation, facts.residence), (Some(Relation::Son), Some(Residence::Floating)));
        let person = facts.person().unwrap();
        assert_eq!((person.sex, person.id_number), (Sex::Male, None));
        assert_eq!(
            Facts::read(&Texts { phone: "无".into(), ..Texts::default() }, now()).unwrap().phone,
            Say::No
        );
        let long = Facts::read(&Texts { name: "Mary  Ann Smith".into(), ..Texts::default() }, now()).unwrap();
        assert_eq!(long.name.as_deref(), Some("Mary Ann Smith"));
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let texts = Texts {
            name: "13800138000".into(),
            sex: "先生".into(),
            birth: "2027-01-01".into(),
            id_number: "110105194912310021".into(),
            phone: "1380013".into(),
            relation: "邻居的猫".into(),
            residence: "月球".into(),
        };
        let keys = ["name", "id", "phone", "birth", "sex", "relation", "residence"];
        assert_eq!(wrong(&texts), keys.map(|k| format!("household-{k}-bad")));
    }

    #[test]
    fn the_number_tells_sex_and_birth() {
        let id_number = "11010519491231002X".to_owned();
        let facts = Facts::read(
            &Texts { name: "李某".into(), id_number: id_number.clone(), ..Texts::default() },
            now(),
        );
        let person = facts.unwrap().person().unwrap();
        assert_eq!((person.sex, person.birth), (Sex::Female, NaiveDate::from_ymd_opt(1949, 12, 31)));
        let slips = Texts { id_number, sex: "1".into(), birth: "19491230".into(), ..Texts::default() };
        assert_eq!(wrong(&slips), ["household-birth-not-id", "household-sex-not-id"]);
    }

    #[test]
    fn days_as_spreadsheets_write_them() {
        let day = NaiveDate::from_ymd_opt(1949, 1, 2);
        for text in [
            "1949-01-02",
            "1949/1/2",
            "19490102",
            "1949.1.2",
            "１９４９年１月２日",
            "1949-01-02 00:00:00",
            "1949-01-02T00:00:00",
        ] {
            assert_eq!(parse_date(text), day, "{text}");
        }
        for text in ["1949-13-01", "490102", "昨天", "0001-01-01", "2-3"] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }
}
