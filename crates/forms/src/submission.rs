//! What field apps send: the answers as XML, photos beside it by name.

use crate::{
    engine::Engine,
    instance::{Instance, MOST_REPEATS},
    model::{Form, Kind, NodeId},
    xml::{Element, Writer, XmlError, parse},
};

/// Why a submission cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubmissionError {
    /// The XML.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// The root has no form id.
    #[error("the XML does not say which form it answers")]
    NoForm,
    /// Without it, a repetition could not be told from a second visit.
    #[error("the XML has no instanceID")]
    NoInstance,
    /// Answers under a key that we do not have.
    #[error("the answers are encrypted")]
    Encrypted,
    /// More instances of a repeat than there may be.
    #[error("a repeat has too many instances")]
    TooMany,
}

/// A submission before its form is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// `id` of the root.
    pub form: String,
    /// `version` of the root; empty when there is none.
    pub version: String,
    /// `meta/instanceID`
    pub instance: String,
    /// `meta/instanceName`
    pub name: String,
    root: Element,
}

impl Submission {
    /// Reads the XML.
    pub fn read(bytes: &[u8]) -> Result<Self, SubmissionError> {
        let root = parse(bytes)?;
        if root.child("base64EncryptedKey").is_some() || root.attribute("encrypted") == Some("yes") {
            return Err(SubmissionError::Encrypted);
        }
        let form =
            root.attribute("id").map(str::trim).filter(|id| !id.is_empty()).ok_or(SubmissionError::NoForm)?;
        let meta = |name: &str| {
            let meta = root.children.iter().filter(|child| child.name == "meta");
            meta.filter_map(|m| m.child(name)).map(|e| e.text.trim().to_owned()).find(|text| !text.is_empty())
        };
        let instance = meta("instanceID").or_else(|| root.attribute("instanceID").map(str::to_owned));
        Ok(Self {
            form: form.to_owned(),
            version: root.attribute("version").unwrap_or_default().to_owned(),
            instance: instance.filter(|id| id.chars().count() <= 200).ok_or(SubmissionError::NoInstance)?,
            name: meta("instanceName").unwrap_or_default(),
            root,
        })
    }

    /// The answers, and the paths of what the form does not ask.
    pub fn answers(&self, form: &Form) -> Result<(Instance, Vec<String>), SubmissionError> {
        let mut reading = Reading { form, instance: Instance::default(), strange: Vec::new() };
        reading.section(0, &[], &self.root)?;
        Ok((reading.instance, reading.strange))
    }
}

struct Reading<'a> {
    form: &'a Form,
    instance: Instance,
    strange: Vec<String>,
}

impl Reading<'_> {
    fn section(&mut self, section: NodeId, at: &[usize], element: &Element) -> Result<(), SubmissionError> {
        for child in &element.children {
            if section == 0 && child.name == "meta" {
                continue;
            }
            let Some(id) = self.form.child(section, &child.name) else {
                self.strange.push(format!("{}/{}", self.form.path(section), child.name));
                continue;
            };
            match self.form.node(id).kind {
                Kind::Group => self.section(id, at, child)?,
                // A template is the app's pattern for further instances, not an answer.
                Kind::Repeat if child.attribute("template").is_some() => {}
                Kind::Repeat => {
                    let number = self.instance.count(id, at);
                    if number >= MOST_REPEATS {
                        return Err(SubmissionError::TooMany);
                    }
                    self.instance.set_count(id, at, number + 1);
                    let inner: Vec<usize> = at.iter().copied().chain([number]).collect();
                    self.section(id, &inner, child)?;
                }
                kind if kind.holds_answer() => self.instance.set(id, at, child.text.trim()),
                _ => {}
            }
        }
        Ok(())
    }
}

/// Writes answers as a field app would send them: for tests, and for those who want their answers back.
pub fn write(engine: &Engine<'_>, instance: &Instance, instance_id: &str) -> String {
    let form = engine.form;
    let mut writer = Writer::new();
    let mut attributes = vec![("id", form.id.as_str())];
    if !form.version.is_empty() {
        attributes.push(("version", &form.version));
    }
    writer.begin(&form.node(0).name, &attributes);
    write_section(form, instance, 0, &[], &mut writer);
    writer.begin("meta", &[]);
    writer.text("instanceID", &[], instance_id);
    let name = engine.instance_name(instance);
    if !name.is_empty() {
        writer.text("instanceName", &[], &name);
    }
    writer.done()
}

fn write_section(form: &Form, instance: &Instance, section: NodeId, at: &[usize], writer: &mut Writer) {
    for id in &form.node(section).children {
        let node = form.node(*id);
        if !instance.is_relevant(*id, at) {
            continue;
        }
        match node.kind {
            Kind::Group => {
                writer.begin(&node.name, &[]);
                write_section(form, instance, *id, at, writer);
                writer.end();
            }
            Kind::Repeat => {
                for number in 0..instance.count(*id, at) {
                    let inner: Vec<usize> = at.iter().copied().chain([number]).collect();
                    writer.begin(&node.name, &[]);
                    write_section(form, instance, *id, &inner, writer);
                    writer.end();
                }
            }
            _ => writer.text(&node.name, &[], instance.value(*id, at)),
        }
    }
}
