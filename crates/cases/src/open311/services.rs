//! What can be reported: the leaves of the category tree, and the questions that belong to each.

use std::collections::{BTreeMap, BTreeSet};

use linli_access::{Authorise, Target};
use linli_grid::{Atlas, AtlasPort, Category};
use linli_kernel::{AreaCode, Result, error::Check};
use linli_store::{Conn, Entry, Op, settings};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::format::{Fault, Fields, Node};

/// The document of this interface among the settings.
pub const SETTING: &str = "open311";

/// What an administrator says about this interface.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Questions by service code.
    pub attributes: BTreeMap<String, Vec<Attribute>>,
    /// Categories (and those below) of which nothing but the state is told.
    pub sensitive: Vec<String>,
    /// The jurisdictions that this address serves, if several: each call must then name one.
    pub jurisdictions: Vec<Jurisdiction>,
}

/// A part of the district that answers under a name of its own.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jurisdiction {
    /// Its `jurisdiction_id`.
    pub id: String,
    /// Where it is.
    pub area: AreaCode,
}

/// One question.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attribute {
    /// Its id.
    pub code: String,
    /// Whether an answer is wanted; else it is a notice.
    #[serde(default = "yes")]
    pub variable: bool,
    /// `string`, `number`, `datetime`, `text`, `singlevaluelist` or `multivaluelist`.
    pub datatype: Datatype,
    /// Whether it must be answered.
    #[serde(default)]
    pub required: bool,
    /// How to answer.
    #[serde(default)]
    pub datatype_description: String,
    /// The question.
    pub description: String,
    /// What can be chosen: key and name.
    #[serde(default)]
    pub values: Vec<(String, String)>,
}

const fn yes() -> bool {
    true
}

linli_kernel::text_enum! {
    /// What an answer looks like.
    pub enum Datatype {
        /// One line.
        String = "string",
        /// A number.
        Number = "number",
        /// A moment.
        Datetime = "datetime",
        /// Several lines.
        Text = "text",
        /// One of the values.
        One = "singlevaluelist",
        /// Some of the values.
        Some = "multivaluelist",
    }
}

/// The settings, or those that are shipped.
pub async fn settings(conn: &mut Conn) -> Result<Settings> {
    Ok(settings::get(conn, SETTING).await?.unwrap_or_default())
}

/// Saves the settings. The caller commits.
pub async fn save(op: &mut Op, told: &Settings) -> Result<()> {
    let district = op.district.area.clone();
    op.permit("setting.edit", &Target::at(&district))?;
    let atlas = op.district.port::<AtlasPort>()?.get();
    let mut check = Check::new();
    for (code, attributes) in &told.attributes {
        let field = format!("attributes.{code}");
        check.require(leaves(&atlas).any(|c| c.code == *code), &field, "case-category-unknown");
        let mut codes = BTreeSet::new();
        let sound = attributes.iter().all(|a| {
            let lists = matches!(a.datatype, Datatype::One | Datatype::Some);
            !a.code.is_empty() && codes.insert(a.code.as_str()) && lists != a.values.is_empty()
        });
        check.require(sound, &field, "error-value");
    }
    check.require(
        told.sensitive.iter().all(|c| atlas.category(c).is_some()),
        "sensitive",
        "case-category-unknown",
    );
    let mut ids = BTreeSet::new();
    let sound = told.jurisdictions.iter().all(|j| !j.id.trim().is_empty() && ids.insert(j.id.as_str()));
    check.require(sound, "jurisdictions", "error-value");
    let inside = |area: &AreaCode| district.contains(area) && atlas.area(area).is_some();
    check.require(told.jurisdictions.iter().all(|j| inside(&j.area)), "jurisdictions", "case-area-unknown");
    check.done()?;
    let before = settings(&mut op.tx).await?;
    settings::put(&mut op.tx, SETTING, told, op.now).await?;
    let detail = json!({ "from": before, "to": told });
    op.log(Entry {
        action: "setting.edit",
        subject: "setting",
        subject_id: SETTING.to_owned(),
        area: district,
        detail,
    })
    .await
}

/// The categories that have none below.
pub fn leaves(atlas: &Atlas) -> impl Iterator<Item = &Category> {
    let branches: BTreeSet<&str> = atlas.categories().filter_map(|c| c.parent.as_deref()).collect();
    atlas.categories().filter(move |c| c.active && !branches.contains(c.code.as_str()))
}

/// One service by its code.
pub fn find<'a>(atlas: &'a Atlas, code: &str) -> Result<&'a Category, Fault> {
    leaves(atlas)
        .find(|c| c.code == code)
        .ok_or_else(|| Fault::absent(format!("service_code {code} was not found")))
}

/// The list of services.
pub fn list(atlas: &Atlas, settings: &Settings) -> Node {
    let service = |category: &Category| {
        let path = atlas.category_path(&category.code);
        let group = path.split(" / ").next().unwrap_or_default().to_owned();
        Node::Map(vec![
            ("service_code", category.code.clone().into()),
            ("service_name", category.name.clone().into()),
            ("description", path.clone().into()),
            ("metadata", Node::Bool(settings.attributes.get(&category.code).is_some_and(|a| !a.is_empty()))),
            ("type", "realtime".into()),
            ("keywords", path.replace(" / ", ",").into()),
            ("group", group.into()),
        ])
    };
    Node::List("service", leaves(atlas).map(service).collect())
}

/// The questions of one service.
pub fn definition(code: &str, settings: &Settings) -> Node {
    let empty = Vec::new();
    let attributes = settings.attributes.get(code).unwrap_or(&empty);
    let attribute = |(order, a): (i64, &Attribute)| {
        let values = a
            .values
            .iter()
            .map(|(key, name)| Node::Map(vec![("key", key.clone().into()), ("name", name.clone().into())]));
        let mut fields = vec![
            ("variable", Node::Bool(a.variable)),
            ("code", a.code.clone().into()),
            ("datatype", a.datatype.as_str().into()),
            ("required", Node::Bool(a.required)),
            ("datatype_description", a.datatype_description.clone().into()),
            ("order", Node::Int(order)),
            ("description", a.description.clone().into()),
        ];
        if matches!(a.datatype, Datatype::One | Datatype::Some) {
            fields.push(("values", Node::List("value", values.collect())));
        }
        Node::Map(fields)
    };
    Node::Map(vec![
        ("service_code", code.into()),
        ("attributes", Node::List("attribute", (1..).zip(attributes).map(attribute).collect())),
    ])
}

/// The answers of a report as lines of its text.
pub fn answers(attributes: &[Attribute], fields: &Fields) -> Result<Vec<String>, Fault> {
    let mut lines = Vec::new();
    for attribute in attributes.iter().filter(|a| a.variable) {
        let given = fields.attribute(&attribute.code);
        if given.is_empty() {
            if attribute.required {
                return Err(Fault::bad(format!("attribute[{}] is required", attribute.code)));
            }
            continue;
        }
        let wrong = |what: &str| Err(Fault::bad(format!("attribute[{}] is {what}", attribute.code)));
        if given.len() > 1 && attribute.datatype != Datatype::Some {
            return wrong("given twice");
        }
        let mut words = Vec::new();
        for answer in &given {
            match attribute.datatype {
                Datatype::Number if answer.parse::<f64>().is_err() => return wrong("no number"),
                Datatype::Datetime if super::requests::moment(answer).is_none() => {
                    return wrong("no date-time");
                }
                Datatype::One | Datatype::Some => {
                    match attribute.values.iter().find(|(key, _)| key == answer) {
                        Some((_, name)) => words.push(name.clone()),
                        None => return wrong("none of its values"),
                    }
                }
                _ => words.push(answer.clone()),
            }
        }
        lines.push(format!("{}：{}", attribute.description, words.join("、")));
    }
    Ok(lines)
}
