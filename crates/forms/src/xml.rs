//! Reading XML that strangers send: no document type, no entities of their own, bounded in every direction.

use std::fmt::Write as _;

use quick_xml::{Reader, escape::escape, events::Event};

/// The largest document.
pub(crate) const BYTES: usize = 2 * 1024 * 1024;
/// Elements within elements.
const DEEPEST: usize = 40;
/// The most elements.
const MOST: usize = 50_000;
/// The most attributes of one element.
const ATTRIBUTES: usize = 40;

/// Why a document is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// Not well-formed.
    #[error("the XML is not well-formed")]
    Malformed,
    /// A document type or an entity of its own.
    #[error("the XML has a document type or entities of its own")]
    Entities,
    /// Too large, too deep, too many.
    #[error("the XML is too large or too deep")]
    TooLarge,
}

/// An element. Prefixes are dropped: field apps differ in them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Element {
    /// Its name without prefix.
    pub(crate) name: String,
    /// Its attributes, without prefixes.
    pub(crate) attributes: Vec<(String, String)>,
    /// The text directly in it.
    pub(crate) text: String,
    /// The elements in it.
    pub(crate) children: Vec<Element>,
}

impl Element {
    /// An attribute.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The first child of a name.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }
}

/// Reads a document.
pub(crate) fn parse(bytes: &[u8]) -> Result<Element, XmlError> {
    if bytes.len() > BYTES {
        return Err(XmlError::TooLarge);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| XmlError::Malformed)?;
    let mut reader = Reader::from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    let mut count = 0;
    loop {
        let event = reader.read_event().map_err(|_| XmlError::Malformed)?;
        match event {
            Event::Start(start) | Event::Empty(start) if root.is_some() => {
                drop(start);
                return Err(XmlError::Malformed);
            }
            Event::Start(start) => {
                count += 1;
                if count > MOST || open.len() >= DEEPEST {
                    return Err(XmlError::TooLarge);
                }
                open.push(element(&start)?);
            }
            Event::Empty(start) => {
                count += 1;
                if count > MOST {
                    return Err(XmlError::TooLarge);
                }
                close(element(&start)?, &mut open, &mut root);
            }
            Event::End(_) => {
                let done = open.pop().ok_or(XmlError::Malformed)?;
                close(done, &mut open, &mut root);
            }
            Event::Text(words) => take(&words.xml10_content(), &mut open)?,
            Event::CData(words) => take(&words.xml10_content(), &mut open)?,
            Event::GeneralRef(name) => {
                let c = reference(&name.xml10_content()).ok_or(XmlError::Entities)?;
                take(c.encode_utf8(&mut [0; 4]), &mut open)?;
            }
            Event::DocType(_) => return Err(XmlError::Entities),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => break,
        }
    }
    if open.is_empty() { root.ok_or(XmlError::Malformed) } else { Err(XmlError::Malformed) }
}

fn local(name: &str) -> String {
    name.rsplit(':').next().unwrap_or(name).to_owned()
}

fn element(start: &quick_xml::events::BytesStart<'_>) -> Result<Element, XmlError> {
    let mut element = Element { name: local(start.name().as_ref()), ..Element::default() };
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|_| XmlError::Malformed)?;
        if element.attributes.len() >= ATTRIBUTES {
            return Err(XmlError::TooLarge);
        }
        let value =
            attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).map_err(|_| XmlError::Entities)?;
        element.attributes.push((local(attribute.key.as_ref()), value.into_owned()));
    }
    Ok(element)
}

fn close(done: Element, open: &mut [Element], root: &mut Option<Element>) {
    match open.last_mut() {
        Some(parent) => parent.children.push(done),
        None => *root = Some(done),
    }
}

fn take(text: &str, open: &mut [Element]) -> Result<(), XmlError> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err(XmlError::Malformed),
    }
    Ok(())
}

/// The five entities of XML and characters by number; nothing else.
fn reference(name: &str) -> Option<char> {
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "apos" => Some('\''),
        "quot" => Some('"'),
        name => {
            let digits = name.strip_prefix('#')?;
            let number = match digits.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(number).filter(|c| *c >= ' ' || matches!(c, '\t' | '\n' | '\r'))
        }
    }
}

/// Writes XML, indented as people read it. Writing to a text does not fail.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    out: String,
    open: Vec<String>,
}

impl Writer {
    pub(crate) fn new() -> Self {
        Self { out: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned(), open: Vec::new() }
    }

    fn tag(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.out.push_str(&"  ".repeat(self.open.len()));
        self.out.push('<');
        self.out.push_str(name);
        for (key, value) in attributes {
            let _ = write!(self.out, " {key}=\"{}\"", escape(plain(value).as_str()));
        }
    }

    pub(crate) fn begin(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.tag(name, attributes);
        self.out.push_str(">\n");
        self.open.push(name.to_owned());
    }

    pub(crate) fn end(&mut self) {
        if let Some(name) = self.open.pop() {
            self.out.push_str(&"  ".repeat(self.open.len()));
            let _ = writeln!(self.out, "</{name}>");
        }
    }

    /// An element without content.
    pub(crate) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.tag(name, attributes);
        self.out.push_str("/>\n");
    }

    /// An element with text.
    pub(crate) fn text(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        self.raw(name, attributes, &escape(plain(text).as_str()));
    }

    /// An element with content that is XML already.
    pub(crate) fn raw(&mut self, name: &str, attributes: &[(&str, &str)], content: &str) {
        self.tag(name, attributes);
        let _ = writeln!(self.out, ">{content}</{name}>");
    }

    pub(crate) fn done(mut self) -> String {
        while !self.open.is_empty() {
            self.end();
        }
        self.out
    }
}

/// Without the characters that XML cannot hold at all.
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .filter(|c| (*c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}')) || matches!(c, '\t' | '\n' | '\r'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn documents_are_read() {
        let root =
            parse("<a x='1 &amp; 2'><orx:b>你&#x597d;<![CDATA[<]]></orx:b><c/></a>".as_bytes()).unwrap();
        assert_eq!(root.attribute("x"), Some("1 & 2"));
        assert_eq!(root.child("b").unwrap().text, "你好<");
        assert_eq!(root.children.len(), 2);
    }

    #[test]
    fn what_is_dangerous_is_refused() {
        let laughs = "<!DOCTYPE a [<!ENTITY l 'l'><!ENTITY m '&l;&l;&l;'>]><a>&m;</a>";
        let deep = "<a>".repeat(100) + &"</a>".repeat(100);
        let many = "<r>".to_owned() + &"<a/>".repeat(MOST + 1) + "</r>";
        let large = format!("<a>{}</a>", " ".repeat(BYTES));
        for (text, error) in [
            (laughs, XmlError::Entities),
            ("<a>&nope;</a>", XmlError::Entities),
            ("<a x='&nope;'/>", XmlError::Entities),
            ("<a>&#0;</a>", XmlError::Entities),
            (&deep, XmlError::TooLarge),
            (&many, XmlError::TooLarge),
            (&large, XmlError::TooLarge),
            ("<a><b></a>", XmlError::Malformed),
            ("<a/><b/>", XmlError::Malformed),
            ("<a>", XmlError::Malformed),
            ("x<a/>", XmlError::Malformed),
            ("", XmlError::Malformed),
        ] {
            assert_eq!(
                parse(text.as_bytes()).unwrap_err(),
                error,
                "{}",
                text.chars().take(40).collect::<String>()
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_comes_back(text in "\\PC{0,60}", value in "[^\\pC\\s]{0,20}") {
            let mut writer = Writer::new();
            writer.text("a", &[("x", &value)], &text);
            let read = parse(writer.done().as_bytes()).unwrap();
            prop_assert_eq!(&read.text, &plain(&text));
            prop_assert_eq!(read.attribute("x").unwrap(), plain(&value));
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "[<>a&;/ !\\[\\]\"='-]{0,60}") {
            let _ = parse(&bytes);
            let _ = parse(text.as_bytes());
        }
    }
}
