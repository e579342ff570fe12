//! Search (检索): by identity number, phone, name or part of it, pinyin initials, and address.

use linli_access::{Access, Scope};
use linli_kernel::{
    AreaCode, Result, Timestamp, Value,
    person::{mask_phone, parse_phone},
    text::{self, Term},
    text_enum,
};
use linli_store::{Conn, Where};
use serde::Serialize;

use crate::{
    model::{DwellingId, IdNumber, ResidentId, ResidentState, Sex, Usage},
    rules,
    store::{
        Seal,
        people::{RESIDENT, Resident},
    },
};

text_enum! {
    /// By what something was searched.
    pub enum By {
        /// 身份证号
        IdNumber = "id_number",
        /// 电话
        Phone = "phone",
        /// 姓名、首字母、地址
        Words = "words",
    }
}

/// What somebody typed, understood. Numbers are hashed at once and kept nowhere else.
#[derive(Debug, Clone)]
pub enum Question {
    /// An identity number, by its hash.
    IdNumber(Vec<u8>),
    /// A phone, by its hash.
    Phone(Vec<u8>),
    /// A name, initials or an address.
    Words(String),
    /// Nothing that can be asked.
    Nothing,
}

impl Question {
    /// Understands what was typed.
    pub fn new(access: &Access, typed: &str) -> Result<Self> {
        let seal = Seal::new(access);
        let typed = typed.trim();
        if let Some(number) = IdNumber::parse(typed) {
            return Ok(Self::IdNumber(seal.id_hash(&number)?));
        }
        if let Some(phone) = parse_phone(typed) {
            return Ok(Self::Phone(seal.phone_hash(&phone)?));
        }
        let words = text::normalise(typed);
        // A number that is neither would only be looked for among doors, and must not stand in a log.
        let long_number = words.chars().filter(char::is_ascii_digit).count() > 8;
        let empty = long_number || !words.chars().any(char::is_alphanumeric);
        Ok(if empty { Self::Nothing } else { Self::Words(words) })
    }

    /// By what it asks.
    pub const fn by(&self) -> By {
        match self {
            Self::IdNumber(_) => By::IdNumber,
            Self::Phone(_) => By::Phone,
            Self::Words(_) | Self::Nothing => By::Words,
        }
    }
}

/// A person who was found; number and phone are masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FoundPerson {
    /// In the order of registration: where the next page starts.
    pub n: i64,
    /// Who.
    pub id: ResidentId,
    /// 姓名
    pub name: String,
    /// 性别
    pub sex: Sex,
    /// 出生日期
    pub birth: Option<String>,
    /// `138****5678`
    pub phone: Option<String>,
    /// Whether they live here.
    pub state: ResidentState,
    /// Their home.
    pub dwelling: Option<DwellingId>,
    /// Its address.
    pub address: Option<String>,
    /// The grid, or the last one.
    pub area: AreaCode,
    /// When all of it was last confirmed.
    pub confirmed_at: Option<Timestamp>,
}

/// A home that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct FoundHome {
    /// In the order of registration.
    pub n: i64,
    /// Which one.
    pub id: DwellingId,
    /// Its address.
    pub address: String,
    /// Its grid.
    pub area: AreaCode,
    /// How it is used.
    pub usage: Usage,
    /// When it was last confirmed.
    pub confirmed_at: Option<Timestamp>,
    /// How many live there.
    pub residents: i64,
}

/// What was found: people, and homes by their address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Found {
    /// People.
    pub people: Vec<FoundPerson>,
    /// More people than shown: the `n` after which the next begin.
    pub more_people: Option<i64>,
    /// Homes.
    pub homes: Vec<FoundHome>,
    /// More homes than shown.
    pub more_homes: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct Row {
    #[sqlx(flatten)]
    resident: Resident,
    address: Option<String>,
}

/// The one area that holds exactly what is asked for, if there is one: its word shortens every list.
pub(super) fn single<'a>(scope: &'a Scope, area: Option<&'a AreaCode>) -> Option<&'a AreaCode> {
    match (area, scope.areas.as_slice()) {
        (Some(area), [only]) => Some(if area.contains(only) { only } else { area }),
        (Some(area), _) if scope.covers(area, &[]) => Some(area),
        (None, [only]) => Some(only),
        _ => None,
    }
}

/// Searches within the scope, and within `area` if given; in the order of registration after `after`.
pub async fn find(
    conn: &mut Conn,
    access: &Access,
    scope: &Scope,
    area: Option<&AreaCode>,
    question: &Question,
    after: i64,
    size: usize,
) -> Result<Found> {
    let mut found = Found::default();
    let limit = i64::try_from(size + 1).unwrap_or(i64::MAX);
    let place = single(scope, area);
    let everywhere = area.is_none() && *scope == Scope::everything();
    let people = match question {
        Question::Nothing => return Ok(found),
        Question::IdNumber(hash) => Some(condition("r.id_hash = ?", hash.clone())),
        Question::Phone(hash) => Some(condition("r.phone_hash = ?", hash.clone())),
        Question::Words(words) => {
            // Pairs of a long name could stand elsewhere in it; the name itself decides.
            let long = |p: &&str| p.chars().all(text::is_han) && p.chars().count() > 2;
            let parts: Vec<&str> = words.split(' ').filter(long).collect();
            let terms = rules::person_query(words);
            (!terms.is_empty()).then(|| {
                let list = Words { number: "r.n", table: "resident_words", terms, exact: parts.is_empty() };
                let mut rows = list.condition(conn, place, everywhere, after, limit);
                for part in &parts {
                    rows.and("r.name LIKE ?", vec![format!("%{part}%").into()]);
                }
                rows
            })
        }
    };
    if let Some(mut rows) = people {
        within(&mut rows, "r", scope, area);
        rows.and("r.n > ?", vec![after.into()]);
        let limit = rows.bind(limit);
        let sql = format!(
            "SELECT {RESIDENT}, d.address FROM resident r LEFT JOIN dwelling d ON d.id = r.dwelling_id{} ORDER BY r.n LIMIT {limit}",
            rows.text()
        );
        let list: Vec<Row> = conn.all(&sql, rows.args()).await?;
        found.more_people = more(&list, size, |row| row.resident.n);
        let seal = Seal::new(access);
        found.people = list.into_iter().take(size).map(|row| shown(row, seal)).collect::<Result<_>>()?;
    }
    if let Question::Words(words) = question {
        let terms = rules::address_query(words);
        if !terms.is_empty() {
            let list = Words { number: "d.n", table: "dwelling_words", terms, exact: true };
            let mut rows = list.condition(conn, place, everywhere, after, limit);
            within(&mut rows, "d", scope, area);
            rows.and("d.n > ? AND d.closed_at IS NULL", vec![after.into()]);
            let limit = rows.bind(limit);
            let sql = format!(
                "SELECT d.n, d.id, d.address, d.area, d.usage, d.confirmed_at,
                        (SELECT count(*) FROM resident r WHERE r.dwelling_id = d.id) AS residents
                 FROM dwelling d{} ORDER BY d.n LIMIT {limit}",
                rows.text()
            );
            let list: Vec<FoundHome> = conn.all(&sql, rows.args()).await?;
            found.more_homes = more(&list, size, |row| row.n);
            found.homes = list.into_iter().take(size).collect();
        }
    }
    Ok(found)
}

fn condition(text: &str, hash: Vec<u8>) -> Where {
    let mut rows = Where::new();
    rows.and(text, vec![hash.into()]);
    rows
}

/// A list of words: the table, what it must have, and how its rows are numbered.
pub(super) struct Words<'a> {
    pub(super) number: &'a str,
    pub(super) table: &'a str,
    pub(super) terms: Vec<Term>,
    /// Nothing that the words find is dropped by a later condition but by place.
    pub(super) exact: bool,
}

impl Words<'_> {
    /// The rows that have all the words. The word table gives them in the order of their numbers, so where
    /// the words say all, the first rows are the page, and a page reads no more of a long list than it shows.
    pub(super) fn condition(
        mut self,
        conn: &Conn,
        place: Option<&AreaCode>,
        all: bool,
        after: i64,
        limit: i64,
    ) -> Where {
        self.terms.extend(place.and_then(rules::area_term));
        let query: Value = conn.words_query(&self.terms).into();
        let condition = conn.dialect("w.words MATCH ?", "w.words @@ to_tsquery('simple', ?)");
        let mut values = vec![query, after.into()];
        let mut cut = "";
        if self.exact && (place.is_some() || all) {
            cut = " ORDER BY w.rowid LIMIT ?";
            values.push(limit.into());
        }
        let mut rows = Where::new();
        let (number, table) = (self.number, self.table);
        rows.and(
            &format!("{number} IN (SELECT w.rowid FROM {table} w WHERE {condition} AND w.rowid > ?{cut})"),
            values,
        );
        rows
    }
}

pub(super) fn within(rows: &mut Where, table: &str, scope: &Scope, area: Option<&AreaCode>) {
    let column = format!("{table}.area");
    scope.filter(rows, &column, "");
    if let Some(area) = area {
        rows.within(&column, std::slice::from_ref(area));
    }
}

fn more<T>(list: &[T], size: usize, n: impl Fn(&T) -> i64) -> Option<i64> {
    (list.len() > size).then(|| list.get(size.checked_sub(1)?).map(n)).flatten()
}

fn shown(row: Row, seal: Seal<'_>) -> Result<FoundPerson> {
    let phone = row.resident.person(seal)?.phone;
    let r = row.resident;
    Ok(FoundPerson {
        n: r.n,
        id: r.id,
        name: r.name,
        sex: r.sex,
        birth: r.birth,
        phone: phone.as_deref().map(mask_phone),
        state: r.state,
        dwelling: r.dwelling_id,
        address: row.address,
        area: r.area,
        confirmed_at: r.confirmed_at,
    })
}
