//! Answers as tables, as ODK exports them: one row per form sent, and a table per repeat that points back by `KEY`.

use rust_xlsxwriter::{Format, Workbook, XlsxError};

use crate::{
    instance::Instance,
    model::{Form, Kind, NodeId},
};

/// What Excel holds in one cell.
const CELL: usize = 32_000;
/// What Excel holds in one sheet.
const ROWS: usize = 1_048_575;

/// One form sent.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Its own id: `KEY`.
    pub key: String,
    /// What the caller knows of it, in the order of the headers given.
    pub about: Vec<String>,
    /// The answers, evaluated.
    pub answers: Instance,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name: the form's id or the repeat's.
    pub name: String,
    /// The first row.
    pub header: Vec<String>,
    /// Which columns hold numbers, for each of `header`: a workbook has them as numbers, so that they can be summed.
    pub numbers: Vec<bool>,
    /// The others.
    pub rows: Vec<Vec<String>>,
}

/// The tables of a form. `about` heads what the caller knows of each form sent.
pub fn tables(form: &Form, about: &[String], sent: &[Sent]) -> Vec<Table> {
    let mut tables = vec![table(form, 0, about, sent)];
    let repeats = (0..form.nodes.len()).filter(|id| form.node(*id).kind == Kind::Repeat);
    tables.extend(repeats.map(|id| table(form, id, &[], sent)));
    tables
}

/// The questions directly under a form or repeat, those of its groups included.
fn columns(form: &Form, section: NodeId) -> Vec<NodeId> {
    let mut found = Vec::new();
    for id in &form.node(section).children {
        match form.node(*id).kind {
            Kind::Group => found.extend(columns(form, *id)),
            kind if kind.holds_answer() => found.push(*id),
            _ => {}
        }
    }
    found
}

/// A column's name: the names of the groups and its own, `group-question`.
fn header(form: &Form, id: NodeId, section: NodeId) -> String {
    let (path, above) = (form.path(id), form.path(section));
    path[above.len() + 1..].replace('/', "-")
}

fn table(form: &Form, section: NodeId, about: &[String], sent: &[Sent]) -> Table {
    let asked = columns(form, section);
    let headed = |id: &NodeId| -> Vec<String> {
        let name = header(form, *id, section);
        if form.node(*id).kind == Kind::Geopoint {
            ["Latitude", "Longitude", "Altitude", "Accuracy"]
                .iter()
                .map(|part| format!("{name}-{part}"))
                .collect()
        } else {
            vec![name]
        }
    };
    let mut head: Vec<String> = about.to_vec();
    let mut numbers = vec![false; head.len()];
    for id in &asked {
        let names = headed(id);
        let kind = form.node(*id).kind;
        let number = matches!(kind, Kind::Integer | Kind::Decimal | Kind::Geopoint);
        numbers.extend(names.iter().map(|_| number));
        head.extend(names);
    }
    head.push("KEY".to_owned());
    if section != 0 {
        head.push("PARENT_KEY".to_owned());
    }
    numbers.resize(head.len(), false);
    let mut rows = Vec::new();
    for one in sent {
        let repeats = &form.node(section).repeats;
        for at in one.answers.expand(form, section, &[], repeats.len()) {
            let mut row = if section == 0 { one.about.clone() } else { Vec::new() };
            row.extend(asked.iter().flat_map(|id| cells(form, one, *id, &at)));
            row.push(key(form, &one.key, repeats, &at));
            if section != 0 {
                row.push(key(form, &one.key, &repeats[..repeats.len() - 1], &at));
            }
            rows.push(row);
        }
    }
    Table { name: form.node(section).name.clone(), header: head, numbers, rows }
}

fn cells(form: &Form, one: &Sent, id: NodeId, at: &[usize]) -> Vec<String> {
    let value = if one.answers.is_relevant(id, at) { one.answers.value(id, at) } else { "" };
    if form.node(id).kind == Kind::Geopoint {
        let mut parts: Vec<String> = value.split_whitespace().take(4).map(str::to_owned).collect();
        parts.resize(4, String::new());
        parts
    } else {
        vec![value.to_owned()]
    }
}

/// `uuid:…/people[2]`
fn key(form: &Form, key: &str, repeats: &[NodeId], at: &[usize]) -> String {
    let numbers = repeats.iter().zip(at).map(|(id, n)| format!("/{}[{}]", form.node(*id).name, n + 1));
    numbers.fold(key.to_owned(), |key, part| key + &part)
}

/// Adds the tables of another version: rows come under the columns of their names, new columns come last.
pub fn merge(tables: &mut Vec<Table>, more: Vec<Table>) {
    for new in more {
        let Some(table) = tables.iter_mut().find(|table| table.name == new.name) else {
            tables.push(new);
            continue;
        };
        let places: Vec<usize> = new
            .header
            .iter()
            .zip(&new.numbers)
            .map(|(name, number)| {
                if let Some(place) = table.header.iter().position(|known| known == name) {
                    // What was asked as text in one version is text for all.
                    table.numbers[place] &= number;
                    return place;
                }
                table.header.push(name.clone());
                table.numbers.push(*number);
                table.header.len() - 1
            })
            .collect();
        for row in &mut table.rows {
            row.resize(table.header.len(), String::new());
        }
        for cells in new.rows {
            let mut row = vec![String::new(); table.header.len()];
            for (place, cell) in places.iter().zip(cells) {
                row[*place] = cell;
            }
            table.rows.push(row);
        }
    }
}

/// A number as Excel holds it: fifteen digits. What would come back otherwise (`007`, longer ones) stays text.
fn number(text: &str) -> Option<f64> {
    let plain = text.strip_prefix('-').unwrap_or(text);
    let digits = plain.bytes().filter(u8::is_ascii_digit).count();
    let written = plain.bytes().all(|b| b.is_ascii_digit() || b == b'.') && digits > 0 && digits <= 15;
    let padded = plain.len() > 1 && plain.starts_with('0') && !plain.starts_with("0.");
    (written && !padded).then(|| text.parse().ok()).flatten()
}

/// The tables as one workbook: numbers where a number was asked, all else text; nothing that looks like a formula
/// becomes one.
pub fn workbook(tables: &[Table]) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let head = Format::new().set_bold();
    let mut names: Vec<String> = Vec::new();
    for table in tables {
        let sheet = book.add_worksheet_with_low_memory();
        let sheet = sheet?;
        let mut name: String = table.name.chars().filter(|c| !"[]:*?/\\'".contains(*c)).take(28).collect();
        if name.is_empty() || names.iter().any(|n| n.eq_ignore_ascii_case(&name)) {
            name = format!("{name}_{}", names.len() + 1);
        }
        sheet.set_name(&name)?;
        names.push(name);
        sheet.set_freeze_panes(1, 0)?;
        for (column, text) in (0_u16..).zip(&table.header) {
            sheet.set_column_width(column, 18)?;
            sheet.write_string_with_format(0, column, text, &head)?;
        }
        for (row, cells) in (1_u32..).zip(table.rows.iter().take(ROWS)) {
            for (column, text) in (0_u16..).zip(cells) {
                let asked = table.numbers.get(usize::from(column)).copied().unwrap_or_default();
                if let Some(number) = asked.then(|| number(text)).flatten() {
                    sheet.write_number(row, column, number)?;
                } else if !text.is_empty() {
                    sheet.write_string(row, column, text.chars().take(CELL).collect::<String>())?;
                }
            }
        }
    }
    book.save_to_buffer()
}

/// One table as CSV, with a mark that tells Excel of UTF-8; what looks like a formula is quoted.
pub fn csv(table: &Table) -> Vec<u8> {
    let mut out = b"\xef\xbb\xbf".to_vec();
    {
        let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(&mut out);
        // Writing to memory does not fail.
        let _ = writer.write_record(table.header.iter().map(|cell| safe(cell)));
        for row in &table.rows {
            let _ = writer.write_record(row.iter().map(|cell| safe(cell)));
        }
        let _ = writer.flush();
    }
    out
}

/// A cell that a spreadsheet would run is made text; a number stays one.
fn safe(cell: &str) -> String {
    let runs = cell.starts_with(['=', '+', '@', '\t', '\r'])
        || (cell.starts_with('-') && cell.parse::<f64>().is_err());
    if runs { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_are_those_that_come_back_as_they_were() {
        for (text, value) in [("0", 0.0), ("42", 42.0), ("-3", -3.0), ("0.5", 0.5), ("120.38", 120.38)] {
            assert_eq!(number(text), Some(value), "{text}");
        }
        for text in ["", "-", ".", "007", "1e5", "NaN", "inf", "=1", "1.2.3", "3710020010010051", "12 "] {
            assert_eq!(number(text), None, "{text}");
        }
    }
}
