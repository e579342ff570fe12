//! One row of an export as a message, or what is wrong with it.

use linli_grid::Atlas;
use linli_kernel::{AreaCode, FieldError, Timestamp, person::parse_phone, text};
use sha2::{Digest, Sha256};

use super::{
    columns::{Field, Places},
    times,
};
use crate::model::Nature;

/// The longest message: whole petitions are pasted into such systems.
pub const TEXT_MAX: usize = 20_000;
const TITLE_MAX: usize = 100;

/// A message of the hotline.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The hotline's own number.
    pub number: String,
    /// One line.
    pub title: String,
    /// In the citizen's words.
    pub text: String,
    /// When it was told.
    pub at: Timestamp,
    /// Who.
    pub reporter: Option<String>,
    /// A phone that can be called.
    pub phone: Option<String>,
    /// Where, in words.
    pub address: String,
    /// The area, if it is one of ours.
    pub area: Option<AreaCode>,
    /// The category, if it is one of ours.
    pub category: Option<String>,
    /// The hotline's category, where it is none of ours.
    pub category_said: Option<String>,
    /// What is wanted.
    pub nature: Nature,
    /// It cannot wait.
    pub urgent: bool,
    /// Those who work on it do not see who it was.
    pub hidden: bool,
    /// The official reply, and when it was given.
    pub reply: Option<(String, Timestamp)>,
}

impl Message {
    /// What tells two messages of one number apart: all that was said, but not the reply, which comes later.
    pub(super) fn fingerprint(&self) -> linli_kernel::Result<Vec<u8>> {
        let said = (
            (&self.number, &self.title, &self.text, self.at, &self.reporter, &self.phone, &self.address),
            (&self.area, &self.category, &self.category_said, self.nature, self.urgent, self.hidden),
        );
        let said = serde_json::to_vec(&said).map_err(linli_kernel::Error::internal)?;
        Ok(Sha256::digest(said).to_vec())
    }
}

/// What a text looks like when nothing invisible is in it: no zero-width characters, one kind of line end.
fn clean(cell: &str) -> String {
    let plain: String = cell
        .replace("\r\n", "\n")
        .chars()
        .map(|c| if c == '\r' { '\n' } else { c })
        .filter(|c| !matches!(c, '\u{200B}'..='\u{200F}' | '\u{FEFF}' | '\u{2060}'))
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .collect();
    plain.trim().to_owned()
}

/// One line: whatever parts words is one space.
fn line(cell: &str) -> String {
    clean(cell).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn says_yes(cell: &str) -> bool {
    let word = text::normalise(cell);
    ["是", "1", "y", "yes", "true", "紧急", "特急", "保密", "隐去"].contains(&word.as_str())
}

fn nature(cell: &str) -> Option<Nature> {
    let by_word = [
        ("投诉", Nature::Complaint),
        ("举报", Nature::Tip),
        ("求助", Nature::Help),
        ("咨询", Nature::Question),
        ("建议", Nature::Suggestion),
    ];
    by_word.into_iter().find(|(word, _)| cell.contains(word)).map(|(_, nature)| nature)
}

/// The one category of this code or name; several of one name are none.
fn category(atlas: &Atlas, said: &str) -> Option<String> {
    let name = said.rsplit(['/', '>', '＞', '-']).next().unwrap_or(said).trim();
    if let Some(known) = atlas.category(said).filter(|c| c.active) {
        return Some(known.code.clone());
    }
    let mut same = atlas.categories().filter(|c| c.active && c.name == name);
    let first = same.next()?;
    same.next().is_none().then(|| first.code.clone())
}

/// The one area of this code or name inside the district.
fn area(atlas: &Atlas, district: &AreaCode, said: &str) -> Option<AreaCode> {
    if let Ok(code) = said.parse::<AreaCode>() {
        return Some(code).filter(|code| district.contains(code) && atlas.area(code).is_some());
    }
    let mut same = atlas.areas().filter(|a| a.name == said || a.official.as_deref() == Some(said));
    let first = same.next()?;
    same.next().is_none().then(|| first.code.clone())
}

impl Message {
    /// Reads a row; says everything that is wrong with it at once.
    pub fn read(
        row: &csv::StringRecord,
        places: &Places,
        atlas: &Atlas,
        district: &AreaCode,
        now: Timestamp,
    ) -> Result<Self, Vec<FieldError>> {
        let mut wrong = Vec::new();
        let mut fault = |field: Field, key: &str| wrong.push(FieldError::new(field.as_str(), key));
        let cell = |field| places.cell(row, field);
        let number = cell(Field::Number).map(line).unwrap_or_default();
        if number.is_empty() {
            fault(Field::Number, "hotline-number-absent");
        } else if number.chars().count() > 60 || number.chars().any(char::is_whitespace) {
            fault(Field::Number, "hotline-number-bad");
        }
        let text = cell(Field::Text).map(clean).unwrap_or_default();
        if text.is_empty() {
            fault(Field::Text, "hotline-text-absent");
        } else if text.chars().count() > TEXT_MAX {
            fault(Field::Text, "hotline-text-long");
        }
        let at = cell(Field::At).and_then(times::parse);
        match at {
            None => fault(Field::At, "hotline-time-bad"),
            Some(at) if at > now => fault(Field::At, "hotline-time-ahead"),
            Some(_) => {}
        }
        let replied = cell(Field::RepliedAt);
        let replied_at = replied.and_then(times::parse);
        let reply = cell(Field::Reply).map(clean).filter(|r| !r.is_empty());
        if replied.is_some() && replied_at.is_none() {
            fault(Field::RepliedAt, "hotline-time-bad");
        } else if replied_at.is_some_and(|r| r > now) {
            fault(Field::RepliedAt, "hotline-time-ahead");
        } else if reply.is_some() && replied_at.zip(at).is_some_and(|(replied, at)| replied < at) {
            fault(Field::RepliedAt, "hotline-reply-before");
        }
        let Some(at) = at.filter(|_| wrong.is_empty()) else { return Err(wrong) };
        let title = cell(Field::Title).map(line).filter(|t| !t.is_empty());
        let title = title.unwrap_or_else(|| line(text.lines().next().unwrap_or_default()));
        let said = cell(Field::Category).map(line);
        let known = said.as_deref().and_then(|said| category(atlas, said));
        let place = cell(Field::Area).map(line);
        let area = place.as_deref().and_then(|said| area(atlas, district, said));
        // A place that is none of our areas is still what was said.
        let mut address = cell(Field::Address).map(line).unwrap_or_default();
        if let (Some(place), None) = (&place, &area) {
            format!("{place} {address}").trim().clone_into(&mut address);
        }
        Ok(Self {
            number,
            title: title.chars().take(TITLE_MAX).collect(),
            at,
            reporter: cell(Field::Reporter).map(line).map(|name| name.chars().take(40).collect()),
            phone: cell(Field::Phone).and_then(parse_phone),
            address: address.chars().take(200).collect(),
            area,
            category_said: said.filter(|_| known.is_none()),
            category: known,
            nature: cell(Field::Nature).and_then(nature).unwrap_or_else(|| guess_nature(&text)),
            urgent: cell(Field::Urgent).is_some_and(says_yes),
            hidden: cell(Field::Hidden).is_some_and(says_yes),
            reply: reply.map(|reply| (reply, replied_at.unwrap_or(at))),
            text,
        })
    }
}

/// Where the export does not say what is wanted, it is a complaint unless the message says otherwise.
fn guess_nature(text: &str) -> Nature {
    let start: String = text.chars().take(40).collect();
    nature(&start).unwrap_or(Nature::Complaint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hotline::columns::Mapping;

    fn read(cells: [&str; 7]) -> Result<Message, Vec<String>> {
        let headings =
            ["编号", "主题", "内容", "诉求时间", "联系电话", "答复", "答复时间"].map(str::to_owned);
        let places = Mapping::guess(&headings).places(&headings).unwrap();
        let now = "2026-11-23T09:00:00+08:00".parse().unwrap();
        let district = "371002".parse().unwrap();
        Message::read(&cells.iter().collect(), &places, &Atlas::default(), &district, now)
            .map_err(|wrong| wrong.into_iter().map(|w| format!("{} {}", w.field, w.key)).collect())
    }

    #[test]
    fn a_row_is_a_message() {
        let message = read([
            "  530 ",
            "路灯\u{200b}不　亮",
            "\u{3000}\u{3000}三天了\r\n没人管 ",
            "2019/11/10 18:59:24",
            "138****8000",
            "",
            "",
        ])
        .unwrap();
        assert_eq!((message.number.as_str(), message.title.as_str()), ("530", "路灯不 亮"));
        assert_eq!(message.text, "三天了\n没人管");
        assert_eq!(message.at.rfc3339(), "2019-11-10T18:59:24+08:00");
        assert_eq!((message.phone, message.reply, message.nature), (None, None, Nature::Complaint));
        let answered =
            read(["1", "", "咨询：何时供暖", "2019-11-10", "", "已供暖", "2019-11-12 09:00"]).unwrap();
        assert_eq!((answered.title.as_str(), answered.nature), ("咨询：何时供暖", Nature::Question));
        assert_eq!(answered.reply.unwrap().1.rfc3339(), "2019-11-12T09:00:00+08:00");
    }

    #[test]
    fn every_fault_of_a_row_is_told_at_once() {
        assert_eq!(
            read(["", "", "", "昨天", "", "好", "后天"]).unwrap_err(),
            [
                "number hotline-number-absent",
                "text hotline-text-absent",
                "at hotline-time-bad",
                "replied_at hotline-time-bad"
            ]
        );
        assert_eq!(read(["1", "", "x", "2027-01-01", "", "", ""]).unwrap_err(), ["at hotline-time-ahead"]);
        assert_eq!(
            read(["1", "", "x", "2020-01-02", "", "好", "2020-01-01"]).unwrap_err(),
            ["replied_at hotline-reply-before"]
        );
        let long = "长".repeat(TEXT_MAX + 1);
        assert_eq!(read(["1 2", "", &long, "2020-01-02", "", "", ""]).unwrap_err().len(), 2);
    }
}
