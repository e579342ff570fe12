//! What a sheet of accounts would do: every row read against the present, or what is wrong with it. Pure.

use std::collections::{BTreeMap, BTreeSet};

use linli_kernel::{AreaCode, Error, FieldError, Result, Role, actor::OrgId, person};
use linli_web::sheet::{self, Sheet};

use crate::{accounts::parse_login, places::OrgChoice, policy::Policy};

/// The columns: the field, what files call it (the first is how we write it), whether it must be there.
pub const COLUMNS: [(&str, &[&str], bool); 7] = [
    ("login", &["登录名", "账号", "用户名", "login"], true),
    ("name", &["姓名", "人员姓名", "name"], true),
    ("phone", &["手机号", "电话", "联系电话", "手机", "phone"], false),
    ("area", &["管理区划", "区划编码", "所在区划", "area"], false),
    ("role", &["岗位", "角色", "role"], false),
    ("org", &["单位编码", "单位", "org"], false),
    ("post_area", &["岗位区划", "任职区划", "post_area"], false),
];

/// A post that a row asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// As what.
    pub role: Role,
    /// Where.
    pub area: AreaCode,
    /// For which organisation.
    pub org: OrgId,
}

/// A row that makes an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number in the file.
    pub row: u64,
    /// The log-in name.
    pub login: String,
    /// The person.
    pub name: String,
    /// Their phone.
    pub phone: Option<String>,
    /// Where the account is administered.
    pub area: AreaCode,
    /// The post that is asked for.
    pub wish: Option<Wish>,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Its number in the file.
    pub row: u64,
    /// The column and the sentence.
    pub error: FieldError,
    /// What stands there.
    pub given: String,
}

/// What a sheet would do.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// Accounts to be made.
    pub lines: Vec<Line>,
    /// Rows whose account is there already.
    pub known: usize,
    /// What must be mended first.
    pub faults: Vec<Fault>,
    /// The table, to give the wrong rows back.
    pub sheet: Sheet,
}

/// What a sheet is read against.
pub struct Ground<'a> {
    /// The district: nothing outside it is taken.
    pub district: &'a AreaCode,
    /// Who may be what.
    pub policy: &'a Policy,
    /// Organisations that take posts.
    pub orgs: &'a [OrgChoice],
    /// Areas that are there.
    pub areas: &'a BTreeSet<AreaCode>,
    /// Log-in names that are there, with their person's name.
    pub taken: &'a BTreeMap<String, String>,
}

impl Ground<'_> {
    fn role(&self, text: &str) -> Option<Role> {
        text.parse().ok().or_else(|| {
            let named = |role: &Role| self.policy.duty(*role).is_some_and(|d| d.zh == text || d.en == text);
            Role::ALL.iter().copied().find(named)
        })
    }

    fn area(&self, text: &str) -> Option<AreaCode> {
        text.parse().ok().filter(|code| self.district.contains(code) && self.areas.contains(code))
    }

    fn org(&self, text: &str) -> Option<&OrgChoice> {
        self.orgs.iter().find(|o| o.code == text).or_else(|| {
            let mut same = self.orgs.iter().filter(|o| o.name == text);
            same.next().filter(|_| same.next().is_none())
        })
    }
}

/// The log-in names of a sheet, to look them up at once.
pub fn logins(sheet: &Sheet) -> Vec<String> {
    let place = sheet.column(COLUMNS[0].1);
    let cells = sheet.rows.iter().filter_map(|row| row.get(place?));
    cells.filter_map(|cell| parse_login(cell).ok()).collect()
}

struct Reading<'a> {
    row: u64,
    cells: BTreeMap<&'static str, &'a str>,
    faults: Vec<Fault>,
}

impl Reading<'_> {
    fn cell(&self, field: &str) -> &str {
        self.cells.get(field).copied().unwrap_or_default()
    }

    fn wrong(&mut self, field: &str, key: &str) {
        let given = self.cell(field).chars().take(60).collect();
        self.faults.push(Fault { row: self.row, error: FieldError::new(field, key), given });
    }

    /// Reads a cell, if something stands there.
    fn read<T>(&mut self, field: &'static str, key: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.cell(field).to_owned();
        if text.is_empty() {
            return None;
        }
        let found = read(&text);
        if found.is_none() {
            self.wrong(field, key);
        }
        found
    }

    fn line(&mut self, ground: &Ground<'_>) -> Option<Line> {
        let login = self.read("login", "error-login-shape", |t| parse_login(t).ok());
        for needed in ["login", "name"] {
            if self.cell(needed).is_empty() {
                self.wrong(needed, "error-required");
            }
        }
        let name = self.cell("name").to_owned();
        if name.chars().count() > 40 {
            let error = FieldError::new("name", "error-too-long").with("max", "40");
            self.faults.push(Fault { row: self.row, error, given: name.chars().take(60).collect() });
        }
        let phone = self.read("phone", "error-phone", person::parse_phone);
        let area = self.read("area", "error-area", |t| ground.area(t));
        let area = if self.cell("area").is_empty() { Some(ground.district.clone()) } else { area };
        let role = self.read("role", "intake-error-role", |t| ground.role(t));
        let org = self.read("org", "error-org", |t| ground.org(t).cloned());
        let at = self.read("post_area", "error-area", |t| ground.area(t));
        for (one, other) in [("role", "org"), ("org", "role"), ("post_area", "role")] {
            if !self.cell(one).is_empty() && self.cell(other).is_empty() {
                self.wrong(other, "error-required");
            }
        }
        let wish = role.zip(org).map(|(role, org)| Wish { role, area: at.unwrap_or(org.area), org: org.id });
        if !self.faults.is_empty() {
            return None;
        }
        Some(Line { row: self.row, login: login?, name, phone, area: area?, wish })
    }
}

/// Reads the sheet against the present. An error means that it is no table of accounts at all.
pub fn plan(sheet: Sheet, ground: &Ground<'_>) -> Result<Plan> {
    let places: Vec<(&str, Option<usize>)> =
        COLUMNS.iter().map(|(field, names, _)| (*field, sheet.column(names))).collect();
    for ((field, names, needed), (_, place)) in COLUMNS.iter().zip(&places) {
        if *needed && place.is_none() {
            let wrong = FieldError::new("file", "intake-error-column").with("column", names[0]);
            tracing::debug!(field, "a column is missing");
            return Err(Error::Invalid(vec![wrong]));
        }
    }
    let mut plan = Plan::default();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for (row, cells) in sheet.numbered() {
        let cell = |place: &Option<usize>| place.and_then(|n| cells.get(n)).map_or("", |c| c.trim());
        let cells = places.iter().map(|(field, place)| (*field, cell(place))).collect();
        let mut reading = Reading { row, cells, faults: Vec::new() };
        if let Some(line) = reading.line(ground) {
            match ground.taken.get(&line.login) {
                Some(name) if *name == line.name => plan.known += 1,
                Some(_) => reading.wrong("login", "error-login-taken"),
                None if !seen.insert(line.login.clone()) => reading.wrong("login", "intake-error-twice"),
                None => plan.lines.push(line),
            }
        }
        plan.faults.append(&mut reading.faults);
    }
    plan.sheet = sheet;
    Ok(plan)
}

impl Plan {
    /// How many rows are wrong.
    pub fn wrong_rows(&self) -> usize {
        self.faults.iter().map(|f| f.row).collect::<BTreeSet<_>>().len()
    }

    /// The rows that are wrong, with a column that says why.
    pub fn faults_as_table(&self, word: &str, sentence: impl Fn(&FieldError) -> String) -> Result<Vec<u8>> {
        let mut headers = self.sheet.headers.clone();
        headers.push(word.to_owned());
        let mut rows = Vec::new();
        for (number, cells) in self.sheet.numbered() {
            let why: Vec<String> =
                self.faults.iter().filter(|f| f.row == number).map(|f| sentence(&f.error)).collect();
            if !why.is_empty() {
                let mut cells = cells.to_vec();
                cells.resize(self.sheet.headers.len(), String::new());
                cells.push(why.join("；"));
                rows.push(cells);
            }
        }
        sheet::write(&headers, &rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Plan> {
        let policy = Policy::built_in().unwrap();
        let district: AreaCode = "371002".parse().unwrap();
        let street: AreaCode = "371002001".parse().unwrap();
        let areas = BTreeSet::from([district.clone(), street.clone()]);
        let org = OrgChoice {
            id: OrgId(linli_kernel::export::uuid::Uuid::from_u128(4)),
            code: "S001".into(),
            name: "环翠楼街道".into(),
            area: street,
        };
        let taken = BTreeMap::from([("old.hand".to_owned(), "老李".to_owned())]);
        let ground =
            Ground { district: &district, policy: &policy, orgs: &[org], areas: &areas, taken: &taken };
        plan(sheet::read(text.as_bytes(), "a.csv").unwrap(), &ground)
    }

    #[test]
    fn rows_become_accounts_and_wishes() {
        let plan = read("登录名 *,姓名,手机号,岗位,单位编码\nWang.Wu,王五,13800138000,grid_worker,S001\nzhao.liu,赵六,,,\nold.hand,老李,,,\n").unwrap();
        assert_eq!((plan.lines.len(), plan.known, plan.faults.len()), (2, 1, 0));
        let first = &plan.lines[0];
        assert_eq!((first.login.as_str(), first.area.as_str()), ("wang.wu", "371002"));
        let wish = first.wish.as_ref().unwrap();
        assert_eq!((wish.role, wish.area.as_str()), (Role::GridWorker, "371002001"));
        assert_eq!(plan.lines[1].wish, None);
    }

    #[test]
    fn every_wrong_cell_is_told_at_its_row() {
        let plan = read(
            "登录名,姓名,手机号,管理区划,岗位,单位编码\n王五,,123,999999,皇帝,X9\nold.hand,别人,,,,\nab.c,甲,,,grid_worker,\nab.c,乙,,,,\nab.c,丙,,,,\n",
        )
        .unwrap();
        let told: Vec<(u64, &str)> = plan.faults.iter().map(|f| (f.row, f.error.field.as_str())).collect();
        let first = [(2, "login"), (2, "name"), (2, "phone"), (2, "area"), (2, "role"), (2, "org")];
        assert_eq!(told, [&first[..], &[(3, "login"), (4, "org"), (6, "login")]].concat());
        assert_eq!((plan.wrong_rows(), plan.lines.len()), (4, 1));
        let sheet = sheet::read(&plan.faults_as_table("原因", |e| e.key.clone()).unwrap(), "a.xlsx").unwrap();
        assert_eq!((sheet.rows.len(), sheet.headers.last().unwrap().as_str()), (4, "原因"));
    }

    #[test]
    fn a_table_of_something_else_is_refused() {
        let refused = read("编码,名称\n1,甲\n");
        assert!(matches!(refused, Err(Error::Invalid(f)) if f[0].key == "intake-error-column"));
    }
}
