//! Reading the two tables, with errors that a lawyer with a spreadsheet can follow.

use linli_kernel::Role;

/// What is wrong in a table, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}, line {line}, column {column}: {fault}")]
pub struct BadTable {
    /// Which of the two files.
    pub file: &'static str,
    /// Counted from 1, the heading included.
    pub line: usize,
    /// Counted from 1.
    pub column: usize,
    /// What is wrong.
    pub fault: String,
}

/// How far a right reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// 辖区: everything in the post's area.
    Area,
    /// 本单位: only where the post's organisation takes part.
    Org,
    /// 辖区或本单位: either of them.
    Either,
}

impl Reach {
    /// Whether the post's area counts.
    pub const fn area(self) -> bool {
        matches!(self, Self::Area | Self::Either)
    }

    /// Whether the post's organisation counts.
    pub const fn org(self) -> bool {
        matches!(self, Self::Org | Self::Either)
    }
}

/// What a role means and demands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duty {
    /// The role.
    pub role: Role,
    /// 岗位: its Chinese name.
    pub zh: String,
    /// Its English name.
    pub en: String,
    /// 二次验证: whether log-in takes a second factor.
    pub second_factor: bool,
    /// 互斥: of the roles in one group, an account holds one at most.
    pub exclusive: Option<String>,
}

/// One row of the table of rights.
#[derive(Debug, Clone)]
pub(super) struct Rights {
    pub action: String,
    pub zh: String,
    pub en: String,
    /// One place per `Role::ALL`.
    reach: Vec<Option<Reach>>,
    /// Whether an API key may be given this.
    pub client: bool,
}

impl Rights {
    pub(super) fn of(&self, role: Role) -> Option<Reach> {
        let place = Role::ALL.iter().position(|&r| r == role)?;
        self.reach.get(place).copied().flatten()
    }
}

/// The rows with their line numbers; every row as long as the heading.
struct Sheet {
    file: &'static str,
    rows: Vec<(usize, Vec<String>)>,
}

impl Sheet {
    fn read(file: &'static str, text: &str) -> Result<Self, BadTable> {
        // A spreadsheet program may have saved a byte-order mark.
        let text = text.trim_start_matches('\u{feff}');
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let mut rows: Vec<(usize, Vec<String>)> = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|e| {
                let line = e.position().map_or(0, csv::Position::line);
                BadTable { file, line: usize::try_from(line).unwrap_or(0), column: 1, fault: e.to_string() }
            })?;
            let line = record.position().map_or(0, csv::Position::line);
            let line = usize::try_from(line).unwrap_or(0);
            rows.push((line, record.iter().map(str::to_owned).collect()));
        }
        let sheet = Self { file, rows };
        let width = sheet.rows.first().map_or(0, |(_, heading)| heading.len());
        match sheet.rows.iter().find(|(_, cells)| cells.len() != width) {
            Some((line, cells)) => Err(sheet.bad(
                *line,
                cells.len().min(width) + 1,
                format!("{width} cells are wanted, {} are there", cells.len()),
            )),
            None if sheet.rows.len() < 2 => Err(sheet.bad(1, 1, "the table is empty".to_owned())),
            None => Ok(sheet),
        }
    }

    fn bad(&self, line: usize, column: usize, fault: String) -> BadTable {
        BadTable { file: self.file, line, column, fault }
    }

    fn heading(&self, wanted: &[&str]) -> Result<(), BadTable> {
        let (line, heading) = &self.rows[0];
        for (place, want) in wanted.iter().enumerate() {
            let found = heading.get(place).map_or("", String::as_str);
            if found != *want {
                return Err(self.bad(*line, place + 1, format!("“{want}” is wanted here, not “{found}”")));
            }
        }
        if heading.len() > wanted.len() {
            let extra = &heading[wanted.len()];
            return Err(self.bad(*line, wanted.len() + 1, format!("nobody knows the column “{extra}”")));
        }
        Ok(())
    }

    fn once(&self) -> Result<(), BadTable> {
        let mut seen = std::collections::HashMap::new();
        for (line, cells) in &self.rows {
            if let Some(before) = seen.insert(&cells[0], line) {
                return Err(self.bad(*line, 1, format!("“{}” stands in line {before} already", cells[0])));
            }
        }
        Ok(())
    }
}

pub(super) fn rights(text: &str) -> Result<Vec<Rights>, BadTable> {
    let sheet = Sheet::read("permissions.csv", text)?;
    let mut wanted = vec!["action", "事项", "what"];
    wanted.extend(Role::ALL.iter().map(|r| r.as_str()));
    wanted.push("api_client");
    sheet.heading(&wanted)?;
    sheet.once()?;
    let mut rows = Vec::new();
    for (line, cells) in &sheet.rows[1..] {
        let named = cells[0]
            .split_once('.')
            .is_some_and(|(noun, verb)| [noun, verb].iter().all(|word| is_word(word)));
        if !named {
            return Err(sheet.bad(*line, 1, format!("“{}” is no action such as case.read", cells[0])));
        }
        let mut reach = Vec::new();
        for (place, cell) in cells.iter().enumerate().skip(3) {
            reach.push(match cell.as_str() {
                "" => None,
                "辖区" => Some(Reach::Area),
                "本单位" => Some(Reach::Org),
                "辖区或本单位" => Some(Reach::Either),
                other => {
                    let fault = format!("“{other}” is not 辖区, 本单位, 辖区或本单位 or empty");
                    return Err(sheet.bad(*line, place + 1, fault));
                }
            });
        }
        let client = reach.pop().flatten();
        if client.is_some_and(Reach::org) {
            let fault = "a key has an area, not an organisation: 辖区 or empty".to_owned();
            return Err(sheet.bad(*line, cells.len(), fault));
        }
        rows.push(Rights {
            action: cells[0].clone(),
            zh: cells[1].clone(),
            en: cells[2].clone(),
            reach,
            client: client.is_some(),
        });
    }
    Ok(rows)
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

pub(super) fn duties(text: &str) -> Result<Vec<Duty>, BadTable> {
    let sheet = Sheet::read("roles.csv", text)?;
    sheet.heading(&["role", "岗位", "what", "二次验证", "互斥"])?;
    sheet.once()?;
    let mut duties = Vec::new();
    for (line, cells) in &sheet.rows[1..] {
        let role = cells[0].parse().map_err(|e| sheet.bad(*line, 1, format!("{e}")))?;
        let second_factor = match cells[3].as_str() {
            "是" => true,
            "" => false,
            other => return Err(sheet.bad(*line, 4, format!("“{other}” is neither 是 nor empty"))),
        };
        let exclusive = Some(cells[4].clone()).filter(|group| !group.is_empty());
        duties.push(Duty { role, zh: cells[1].clone(), en: cells[2].clone(), second_factor, exclusive });
    }
    let missing = Role::ALL.iter().find(|&&role| !duties.iter().any(|d| d.role == role));
    missing.map_or(Ok(duties), |role| {
        Err(sheet.bad(sheet.rows.len() + 1, 1, format!("the role {role} has no row")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(from: &str, to: &str) -> BadTable {
        assert!(super::super::PERMISSIONS.contains(from));
        rights(&super::super::PERMISSIONS.replacen(from, to, 1)).unwrap_err()
    }

    #[test]
    fn errors_name_the_place() {
        let bad =
            edited("case.report,登记案件,Register a case,辖区", "case.report,登记案件,Register a case,全区");
        assert_eq!((bad.line, bad.column), (2, 4), "{bad}");
        let bad = edited("case.list,", "case.report,");
        assert_eq!((bad.line, bad.column), (3, 1), "{bad}");
        let bad = edited("case.list,", "case list,");
        assert_eq!((bad.line, bad.column), (3, 1), "{bad}");
        let bad = edited(",street_centre,", ",street_center,");
        assert_eq!((bad.line, bad.column), (1, 6), "{bad}");
        let bad = edited("See the list of cases,", "See the list, of cases,");
        assert_eq!(bad.line, 3, "{bad}");
        assert_eq!(bad.to_string(), "permissions.csv, line 3, column 16: 15 cells are wanted, 16 are there");
    }

    #[test]
    fn what_a_spreadsheet_saves_is_read() {
        let saved = format!("\u{feff}{}", super::super::PERMISSIONS.replace('\n', "\r\n"));
        assert_eq!(rights(&saved).unwrap().len(), rights(super::super::PERMISSIONS).unwrap().len());
    }

    #[test]
    fn every_role_has_a_row() {
        let all = super::super::ROLES;
        assert_eq!(duties(all).unwrap().len(), Role::ALL.len());
        let less: Vec<&str> = all.lines().filter(|l| !l.starts_with("auditor")).collect();
        assert!(duties(&less.join("\n")).unwrap_err().fault.contains("auditor"));
    }
}
