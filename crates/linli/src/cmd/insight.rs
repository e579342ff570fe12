//! `linli insight`: what many cases say together.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use linli_text::hot::{Background, HotCase, HotIndex, HotOptions};
use serde_json::json;

use crate::table::{Table, TableError};

/// What to find out.
#[derive(Subcommand)]
pub enum Insight {
    /// Hot issues: many people, one place, one problem
    Hot(HotArgs),
}

/// Where the messages are.
#[derive(Args)]
pub struct HotArgs {
    /// Messages (CSV, UTF-8 or GB18030) with number, person, subject, time, text, opponents, supporters
    file: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// How many issues, hottest first
    #[arg(long, default_value_t = 20)]
    top: usize,
    /// Mean likeness that makes two groups one
    #[arg(long, default_value_t = HotOptions::default().likeness)]
    likeness: f32,
    /// Days after which likeness counts half
    #[arg(long, default_value_t = HotOptions::default().half_life)]
    half_life: f32,
}

/// Days since 1970 of a date such as 2019/8/23, 2019-08-23 or 2019年8月23日.
fn day(text: &str) -> Option<i64> {
    let mut numbers =
        text.split(|c: char| !c.is_ascii_digit()).filter(|p| !p.is_empty()).map(str::parse::<i64>);
    let (y, m, d) = (numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?);
    if !(1900..=2200).contains(&y) || !(1..=12).contains(&m) || !(1..=31).contains(&d) {
        return None;
    }
    let (y, m) = if m <= 2 { (y - 1, m + 9) } else { (y, m - 3) };
    let era = y.div_euclid(400);
    let year_of_era = y - era * 400;
    let day_of_year = (153 * m + 2) / 5 + d - 1;
    Some(era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468)
}

/// The date of a number of days since 1970.
fn date(day: i64) -> String {
    let z = day + 719_468;
    let era = z.div_euclid(146_097);
    let of_era = z - era * 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let m = (5 * of_year + 2) / 153;
    let d = of_year - (153 * m + 2) / 5 + 1;
    let (m, carry) = if m < 10 { (m + 3, 0) } else { (m - 9, 1) };
    format!("{:04}-{m:02}-{d:02}", year_of_era + era * 400 + carry)
}

/// Reads messages; columns go by their Chinese or English names.
pub(super) fn messages(table: &Table) -> Result<Vec<HotCase>, TableError> {
    let text = match table.any_column(&["留言详情", "text", "内容", "诉求内容", "detail", "content"])
    {
        Some(at) => at,
        None => table.column("留言详情")?,
    };
    let id = table.any_column(&["留言编号", "id", "编号", "工单号", "number"]);
    let person = table.any_column(&["留言用户", "user", "person", "用户", "来电人"]);
    let title = table.any_column(&["留言主题", "title", "主题", "标题", "subject"]);
    let time = table.any_column(&["留言时间", "time", "时间", "created_at", "date", "来电时间"]);
    let against = table.any_column(&["反对数", "opponents", "against"]);
    let support = table.any_column(&["点赞数", "supporters", "likes", "support"]);
    let number = |row: usize, column: Option<usize>| -> Result<u32, TableError> {
        let Some(column) = column else { return Ok(0) };
        match table.field(row, column) {
            "" => Ok(0),
            written => written
                .parse()
                .map_err(|_| table.field_error(row, column, format!("«{written}» is not a count"))),
        }
    };
    let mut out = Vec::with_capacity(table.len());
    for row in 0..table.len() {
        let get = |column: Option<usize>| column.map_or("", |c| table.field(row, c));
        if get(Some(text)).is_empty() && get(title).is_empty() {
            continue;
        }
        let day = match time {
            Some(column) => {
                let written = table.field(row, column);
                day(written).ok_or_else(|| {
                    table.field_error(row, column, format!("«{written}» is not a date such as 2019-08-23"))
                })?
            }
            None => 0,
        };
        let id = id.map_or_else(|| (row + 1).to_string(), |c| table.field(row, c).to_owned());
        let person = person
            .map(|c| table.field(row, c))
            .filter(|p| !p.is_empty())
            .map_or_else(|| format!("#{row}"), ToOwned::to_owned);
        out.push(HotCase {
            id,
            person,
            title: get(title).to_owned(),
            text: get(Some(text)).to_owned(),
            day,
            supporters: number(row, support)?,
            opponents: number(row, against)?,
            area: String::new(),
        });
    }
    Ok(out)
}

/// All messages linked; what is common is learned from the messages themselves.
pub(super) fn index(cases: Vec<HotCase>, options: HotOptions) -> HotIndex {
    let mut background = Background::default();
    for case in &cases {
        background.learn(&case.title, &case.text);
    }
    let mut index = HotIndex::new(background, options);
    for case in cases {
        index.add(case);
    }
    index
}

fn hot(args: &HotArgs) -> Result<(), Box<dyn std::error::Error>> {
    let cases = messages(&Table::open(&args.file)?)?;
    let count = cases.len();
    let options = HotOptions { likeness: args.likeness, half_life: args.half_life, ..HotOptions::default() };
    let index = index(cases, options);
    let issues = index.issues();
    let id = |i: usize| index.cases()[i].id.as_str();
    if args.json {
        let list: Vec<_> = issues
            .iter()
            .take(args.top)
            .enumerate()
            .map(|(rank, issue)| {
                json!({
                    "rank": rank + 1,
                    "name": issue.name,
                    "place": issue.place,
                    "problem": issue.problem,
                    "heat": issue.heat,
                    "heat_parts": {"people": issue.parts[0], "support": issue.parts[1], "quiet": issue.parts[2]},
                    "cohesion": issue.cohesion,
                    "focus": issue.focus,
                    "people": issue.people,
                    "supporters": issue.supporters,
                    "opponents": issue.opponents,
                    "from": date(issue.days.0),
                    "to": date(issue.days.1),
                    "centre": id(issue.centre),
                    "members": issue.members.iter().map(|&i| id(i)).collect::<Vec<_>>(),
                })
            })
            .collect();
        println!("{}", json!({"messages": count, "issues": issues.len(), "top": list}));
        return Ok(());
    }
    println!("{count} messages, {} issues of two people or more", issues.len());
    for (rank, issue) in issues.iter().take(args.top).enumerate() {
        println!(
            "{:>3}. {}  heat {:.0} = people {:.0} + support {:.0} + quiet {:.0}; {} messages, {} to {}",
            rank + 1,
            issue.name,
            issue.heat,
            issue.parts[0],
            issue.parts[1],
            issue.parts[2],
            issue.members.len(),
            date(issue.days.0),
            date(issue.days.1)
        );
        let members: Vec<&str> = issue.members.iter().map(|&i| id(i)).collect();
        println!("     {}", members.join(" "));
    }
    Ok(())
}

/// Runs one of the questions.
pub(super) fn run(what: Insight) -> Result<(), Box<dyn std::error::Error>> {
    match what {
        Insight::Hot(args) => hot(&args),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_in_all_spellings_and_back() {
        for text in ["2019/8/3 12:00:01", "2019-08-03", "2019年8月3日"] {
            assert_eq!(date(day(text).unwrap()), "2019-08-03");
        }
        assert_eq!(day("1970-01-01"), Some(0));
        assert_eq!(date(day("2020-02-29").unwrap()), "2020-02-29");
        assert_eq!(day("yesterday"), None);
        assert_eq!(day("2019-13-01"), None);
    }
}
