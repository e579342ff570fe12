//! What the `type` of a row means.

use crate::model::Kind;

/// A row's type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RowType {
    /// A question without choices.
    Question(Kind),
    /// What the app or this system knows of itself: the word of `jr:preloadParams`.
    Property(&'static str),
    /// How the app notes each step of filling in.
    Audit,
    /// A question with the choices of a list, and whether "other" is added.
    Select { multiple: bool, list: String, other: bool },
    /// `begin group`, `begin repeat`
    Begin(Kind),
    /// `end group`, `end repeat`
    End(Kind),
    /// XLSForm knows it; we do not offer it.
    Unsupported,
    /// A setting in the old place.
    Setting,
    /// Nobody knows it.
    Unknown,
}

/// The words for each kind of question, as pyxform's dictionary has them.
const QUESTIONS: &[(Kind, &[&str])] = &[
    (Kind::Text, &["text", "string", "q string", "add text prompt"]),
    (Kind::Integer, &["integer", "int", "q int", "add integer prompt"]),
    (Kind::Decimal, &["decimal", "q decimal", "add decimal prompt"]),
    (Kind::Date, &["date", "q date", "add date prompt"]),
    (Kind::Time, &["time"]),
    (
        Kind::DateTime,
        &[
            "dateTime",
            "datetime",
            "date time",
            "q dateTime",
            "q date time",
            "add dateTime prompt",
            "add date time prompt",
        ],
    ),
    (Kind::Note, &["note", "q note", "add note prompt"]),
    (Kind::Image, &["image", "photo", "q image", "q picture", "add image prompt", "add photo prompt"]),
    (Kind::Geopoint, &["geopoint", "gps", "location", "q geopoint", "q location", "add location prompt"]),
    (Kind::Acknowledge, &["acknowledge", "q acknowledge", "add acknowledge prompt", "trigger"]),
    (Kind::Calculate, &["calculate", "q calculate", "add calculate prompt"]),
    (Kind::Hidden, &["hidden"]),
    (Kind::Start, &["start", "start time", "get start time"]),
    (Kind::End, &["end", "end time", "get end time"]),
    (Kind::Today, &["today", "get today"]),
];

/// What is known of the device and its user, by the word of `jr:preloadParams`.
const PROPERTIES: &[(&str, &[&str])] = &[
    ("deviceid", &["deviceid", "device id", "get device id", "imei"]),
    ("username", &["username"]),
    ("email", &["email"]),
    ("phonenumber", &["phonenumber", "phone number", "get phone number"]),
    ("subscriberid", &["subscriberid", "subscriber id", "get subscriber id"]),
    ("simserial", &["simserial", "sim id", "get sim id"]),
    ("uri:deviceid", &["uri:deviceid"]),
    ("uri:username", &["uri:username"]),
    ("uri:email", &["uri:email"]),
    ("uri:phonenumber", &["uri:phonenumber"]),
    ("uri:subscriberid", &["uri:subscriberid"]),
    ("uri:simserial", &["uri:simserial"]),
];

/// Types that XLSForm knows and that are not offered here.
const UNSUPPORTED: &[&str] = &[
    "audio",
    "background-audio",
    "background-geopoint",
    "barcode",
    "csv-external",
    "file",
    "geoshape",
    "geotrace",
    "number of days in last month",
    "number of days in last six months",
    "number of days in last year",
    "osm",
    "percentage",
    "q audio",
    "q barcode",
    "q geoshape",
    "q geotrace",
    "q video",
    "range",
    "start-geopoint",
    "video",
    "xml-external",
    "add audio prompt",
    "add barcode prompt",
    "add file prompt",
    "add video prompt",
];

const SELECT_ONE: &[&str] =
    &["add select one prompt using", "select one from", "select1", "select_one", "select one"];
const SELECT_MULTIPLE: &[&str] = &[
    "add select multiple prompt using",
    "select all that apply from",
    "select_multiple",
    "select all that apply",
];
const SELECT_ELSEWHERE: &[&str] = &[
    "select_one_external",
    "select_one_from_file",
    "select_multiple_from_file",
    "select one from file",
    "select multiple from file",
    "rank",
    "begin loop over",
    "begin_loop over",
    "begin loop",
    "begin_loop",
    "osm",
];

impl RowType {
    pub(super) fn read(text: &str) -> Self {
        if let Some((kind, _)) = QUESTIONS.iter().find(|(_, words)| words.contains(&text)) {
            return Self::Question(*kind);
        }
        if let Some((property, _)) = PROPERTIES.iter().find(|(_, words)| words.contains(&text)) {
            return Self::Property(property);
        }
        if text == "audit" {
            return Self::Audit;
        }
        if let Some((begins, section)) = section(text) {
            return if begins { Self::Begin(section) } else { Self::End(section) };
        }
        if matches!(text, "form_title" | "set_form_title" | "form_id" | "set_form_id" | "prefix") {
            return Self::Setting;
        }
        let elsewhere = |word: &&&str| text.strip_prefix(**word).is_some_and(|rest| rest.starts_with(' '));
        if UNSUPPORTED.contains(&text) || SELECT_ELSEWHERE.iter().any(|word| elsewhere(&word)) {
            return Self::Unsupported;
        }
        if let Some(end) = text.strip_prefix("end loop").or_else(|| text.strip_prefix("end_loop")) {
            return if end.is_empty() { Self::Unsupported } else { Self::Unknown };
        }
        select(text).unwrap_or(Self::Unknown)
    }
}

fn section(text: &str) -> Option<(bool, Kind)> {
    let (begins, rest) = match text.strip_prefix("begin") {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix("end")?),
    };
    match rest.strip_prefix([' ', '_'])? {
        "group" => Some((begins, Kind::Group)),
        "repeat" | "lgroup" | "looped group" => Some((begins, Kind::Repeat)),
        _ => None,
    }
}

/// `select_one list`, `select_multiple list or_other`.
fn select(text: &str) -> Option<RowType> {
    let commands = SELECT_ONE.iter().map(|c| (c, false)).chain(SELECT_MULTIPLE.iter().map(|c| (c, true)));
    for (command, multiple) in commands {
        let Some(rest) = text.strip_prefix(command).and_then(|rest| rest.strip_prefix(' ')) else { continue };
        let (list, other) = match rest.split_once(' ') {
            None => (rest, false),
            Some((list, "or_other" | "or other" | "or specify other")) => (list, true),
            Some(_) => continue,
        };
        if list.is_empty() {
            continue;
        }
        if list.contains("${") || [".csv", ".xml", ".geojson"].iter().any(|ext| list.ends_with(ext)) {
            return Some(RowType::Unsupported);
        }
        return Some(RowType::Select { multiple, list: list.to_owned(), other });
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_pyxforms() {
        let select = |multiple, list: &str, other| RowType::Select { multiple, list: list.to_owned(), other };
        for (text, meant) in [
            ("text", RowType::Question(Kind::Text)),
            ("int", RowType::Question(Kind::Integer)),
            ("select_one 性别", select(false, "性别", false)),
            ("select one from l", select(false, "l", false)),
            ("select_multiple l or_other", select(true, "l", true)),
            ("select all that apply from l or specify other", select(true, "l", true)),
            ("select_one", RowType::Unknown),
            ("select_one ${a}", RowType::Unsupported),
            ("begin group", RowType::Begin(Kind::Group)),
            ("begin_repeat", RowType::Begin(Kind::Repeat)),
            ("end lgroup", RowType::End(Kind::Repeat)),
            ("end", RowType::Question(Kind::End)),
            ("rank l", RowType::Unsupported),
            ("barcode", RowType::Unsupported),
            ("get device id", RowType::Property("deviceid")),
            ("uri:username", RowType::Property("uri:username")),
            ("audit", RowType::Audit),
            ("Text", RowType::Unknown),
            ("begin grp", RowType::Unknown),
        ] {
            assert_eq!(RowType::read(text), meant, "{text}");
        }
    }
}
