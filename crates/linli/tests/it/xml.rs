//! Reading plain XML, and holding it against JSON that should say the same.

use std::collections::BTreeMap;

use quick_xml::{Reader, events::Event};
use serde_json::Value;

/// An element: its text, or its children in order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) children: Vec<Element>,
}

/// Reads a document without attributes and namespaces; anything else fails the test.
pub(crate) fn parsed(xml: &[u8]) -> Element {
    let mut reader = Reader::from_reader(xml);
    let mut open = vec![Element { name: String::new(), text: String::new(), children: vec![] }];
    let mut declared = false;
    loop {
        match reader.read_event().unwrap() {
            Event::Decl(decl) => {
                assert_eq!(&*decl.encoding().unwrap().unwrap(), "utf-8");
                declared = true;
            }
            Event::Start(tag) => {
                assert_eq!(tag.attributes().count(), 0);
                let name = tag.name().as_ref().to_owned();
                assert!(!name.contains(':'));
                open.push(Element { name, text: String::new(), children: vec![] });
            }
            Event::Text(text) => open.last_mut().unwrap().text.push_str(&text),
            Event::GeneralRef(entity) => {
                let sign = match &*entity {
                    "lt" => "<",
                    "gt" => ">",
                    "amp" => "&",
                    "quot" => "\"",
                    "apos" => "'",
                    other => panic!("entity {other}"),
                };
                open.last_mut().unwrap().text.push_str(sign);
            }
            Event::End(_) => {
                let done = open.pop().unwrap();
                open.last_mut().unwrap().children.push(done);
            }
            Event::Eof => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(declared, "an XML declaration");
    open.pop().unwrap().children.pop().unwrap()
}

/// Whether an element says what a JSON value says: lists have items of this name, nothing is an empty element.
pub(crate) fn same(element: &Element, value: &Value, items: &BTreeMap<&str, &str>) -> bool {
    match value {
        Value::Null => element.text.is_empty() && element.children.is_empty(),
        Value::String(text) => element.text == *text && element.children.is_empty(),
        Value::Bool(yes) => element.text == yes.to_string(),
        Value::Number(number) => {
            element.text.parse::<f64>().ok().zip(number.as_f64()).is_some_and(|(a, b)| (a - b).abs() < 1e-9)
        }
        Value::Array(all) => {
            let name = items[element.name.as_str()];
            element.children.len() == all.len()
                && element
                    .children
                    .iter()
                    .zip(all)
                    .all(|(child, one)| child.name == name && same(child, one, items))
        }
        Value::Object(map) => {
            element.children.len() == map.len()
                && element.children.iter().all(|c| map.get(&c.name).is_some_and(|one| same(c, one, items)))
        }
    }
}
