//! The form as XForm XML, for apps that speak OpenRosa. What pyxform would write from the same sheets.

use quick_xml::escape::escape;

use crate::{
    model::{Form, Kind, NO_LANGUAGE, Node, NodeId, PROPERTY, Piece, Text},
    xml::{Writer, plain},
    xpath::{Expr, unparse},
};

const NAMESPACES: &[(&str, &str)] = &[
    ("xmlns", "http://www.w3.org/2002/xforms"),
    ("xmlns:h", "http://www.w3.org/1999/xhtml"),
    ("xmlns:ev", "http://www.w3.org/2001/xml-events"),
    ("xmlns:xsd", "http://www.w3.org/2001/XMLSchema"),
    ("xmlns:jr", "http://openrosa.org/javarosa"),
    ("xmlns:orx", "http://openrosa.org/xforms"),
    ("xmlns:odk", "http://www.opendatakit.org/xforms"),
];

/// Writes the form.
pub fn write(form: &Form) -> String {
    let mut xform = XForm { form, writer: Writer::new() };
    xform.writer.begin("h:html", NAMESPACES);
    xform.writer.begin("h:head", &[]);
    xform.writer.text("h:title", &[], &form.title);
    xform.writer.begin("model", &[("odk:xforms-version", "1.0.0")]);
    if xform.is_translated() {
        xform.itext();
    }
    xform.instance();
    xform.lists();
    xform.binds();
    xform.writer.end();
    xform.writer.end();
    xform.writer.begin("h:body", &[]);
    xform.controls(0);
    xform.writer.done()
}

/// The type of a question's answer in the data.
pub(crate) const fn bind_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Integer => "int",
        Kind::Decimal => "decimal",
        Kind::Date | Kind::Today => "date",
        Kind::Time => "time",
        Kind::DateTime | Kind::Start | Kind::End => "dateTime",
        Kind::Geopoint => "geopoint",
        Kind::Image => "binary",
        _ => "string",
    }
}

/// Where a repeat is met while the empty answers are written: apps copy the template for further instances.
#[derive(Clone, Copy, PartialEq)]
enum Inside {
    /// In the form or its groups: a template and a first instance.
    Form,
    /// Directly in a template: a template.
    Template,
    /// In an instance: an instance.
    Instance,
}

struct XForm<'a> {
    form: &'a Form,
    writer: Writer,
}

impl XForm<'_> {
    /// Whether words come from the table of translations.
    fn is_translated(&self) -> bool {
        self.form.languages.len() > 1 || self.form.languages.first().is_some_and(|l| l != NO_LANGUAGE)
    }

    fn path(&self, id: NodeId) -> String {
        self.form.path(id)
    }

    /// Words as XML, values as `output`.
    fn pieces(&self, pieces: &[Piece], context: NodeId) -> String {
        pieces
            .iter()
            .map(|piece| match piece {
                Piece::Words(words) => escape(plain(words).as_str()).into_owned(),
                Piece::Value(expr) => {
                    let path = unparse(expr, self.form, context, false);
                    format!("<output value=\"{}\"/>", escape(path.as_str()))
                }
            })
            .collect()
    }

    /// The table of translations; what a language lacks is a dash, as field apps expect every entry.
    fn itext(&mut self) {
        self.writer.begin("itext", &[]);
        for (n, language) in self.form.languages.iter().enumerate() {
            let mut attributes = vec![("lang", language.as_str())];
            if n == self.form.default_language {
                attributes.push(("default", "true()"));
            }
            self.writer.begin("translation", &attributes);
            for list in &self.form.lists {
                for (place, choice) in list.choices.iter().enumerate() {
                    self.entry(&format!("{}-{place}", list.name), &choice.label, n, 0);
                }
            }
            for (id, node) in self.form.nodes.iter().enumerate() {
                let path = self.path(id);
                for (text, end) in [
                    (&node.label, "label"),
                    (&node.hint, "hint"),
                    (&node.constraint_message, "jr:constraintMsg"),
                    (&node.required_message, "jr:requiredMsg"),
                ] {
                    if !text.is_empty() {
                        self.entry(&format!("{path}:{end}"), text, n, id);
                    }
                }
            }
            self.writer.end();
        }
        self.writer.end();
    }

    fn entry(&mut self, id: &str, text: &Text, language: usize, context: NodeId) {
        let value =
            text.0.get(&language).map_or_else(|| "-".to_owned(), |pieces| self.pieces(pieces, context));
        self.writer.begin("text", &[("id", id)]);
        self.writer.raw("value", &[], &value);
        self.writer.end();
    }

    fn instance(&mut self) {
        let form = self.form;
        self.writer.begin("instance", &[]);
        let mut attributes = vec![("id", form.id.as_str())];
        if !form.version.is_empty() {
            attributes.push(("version", &form.version));
        }
        self.writer.begin(&form.node(0).name, &attributes);
        self.answers(0, Inside::Form);
        self.writer.begin("meta", &[]);
        self.writer.empty("instanceID", &[]);
        if form.instance_name.is_some() {
            self.writer.empty("instanceName", &[]);
        }
        self.writer.end();
        self.writer.end();
        self.writer.end();
    }

    fn answers(&mut self, section: NodeId, inside: Inside) {
        let form = self.form;
        for id in &form.node(section).children {
            let node = form.node(*id);
            match node.kind {
                Kind::Repeat => {
                    if inside != Inside::Instance {
                        self.writer.begin(&node.name, &[("jr:template", "")]);
                        self.answers(*id, Inside::Template);
                        self.writer.end();
                    }
                    if inside != Inside::Template {
                        self.writer.begin(&node.name, &[]);
                        self.answers(*id, Inside::Instance);
                        self.writer.end();
                    }
                }
                Kind::Group => {
                    self.writer.begin(&node.name, &[]);
                    self.answers(*id, if inside == Inside::Template { Inside::Form } else { inside });
                    self.writer.end();
                }
                _ => match &node.default {
                    Some(Expr::Text(text)) => self.writer.text(&node.name, &[], text),
                    _ => self.writer.empty(&node.name, &[]),
                },
            }
        }
    }

    fn lists(&mut self) {
        for list in &self.form.lists {
            self.writer.begin("instance", &[("id", &list.name)]);
            self.writer.begin("root", &[]);
            for (n, choice) in list.choices.iter().enumerate() {
                self.writer.begin("item", &[]);
                if self.is_translated() {
                    self.writer.text("itextId", &[], &format!("{}-{n}", list.name));
                }
                self.writer.text("name", &[], &choice.name);
                if !self.is_translated() {
                    let label = self.pieces(choice.label.pieces(0, 0), 0);
                    self.writer.raw("label", &[], &label);
                }
                for (key, value) in &choice.extra {
                    self.writer.text(key, &[], value);
                }
                self.writer.end();
            }
            self.writer.end();
            self.writer.end();
        }
    }

    fn binds(&mut self) {
        let form = self.form;
        let root = form.node(0).name.as_str();
        for (id, node) in form.nodes.iter().enumerate().skip(1) {
            self.bind(id, node);
            if let Some(expr) = node.default.as_ref().filter(|expr| !matches!(expr, Expr::Text(_))) {
                let event = if node.repeats.is_empty() {
                    "odk-instance-first-load"
                } else {
                    "odk-instance-first-load odk-new-repeat"
                };
                let (path, value) = (self.path(id), unparse(expr, form, id, false));
                self.writer.empty("setvalue", &[("ref", &path), ("event", event), ("value", &value)]);
            }
        }
        let id = format!("/{root}/meta/instanceID");
        let attributes =
            [("nodeset", id.as_str()), ("type", "string"), ("readonly", "true()"), ("jr:preload", "uid")];
        self.writer.empty("bind", &attributes);
        if let Some(expr) = &form.instance_name {
            let (path, value) = (format!("/{root}/meta/instanceName"), unparse(expr, form, 0, false));
            self.writer.empty("bind", &[("nodeset", &path), ("type", "string"), ("calculate", &value)]);
        }
    }

    fn bind(&mut self, id: NodeId, node: &Node) {
        let mut attributes: Vec<(&str, String)> = vec![("nodeset", self.path(id))];
        if !node.kind.is_section() {
            attributes.push(("type", bind_type(node.kind).to_owned()));
        }
        if self.is_fixed(id, node) && node.read_only.is_none() {
            attributes.push(("readonly", "true()".to_owned()));
        }
        for (name, expr) in [
            ("readonly", &node.read_only),
            ("required", &node.required),
            ("relevant", &node.relevant),
            ("constraint", &node.constraint),
            ("calculate", &node.calculation),
        ] {
            if let Some(expr) = expr {
                attributes.push((name, unparse(expr, self.form, id, false)));
            }
        }
        for (name, text) in
            [("jr:constraintMsg", &node.constraint_message), ("jr:requiredMsg", &node.required_message)]
        {
            if !text.is_empty() {
                let words = if self.is_translated() {
                    format!("jr:itext('{}:{name}')", self.path(id))
                } else {
                    text.words(0, 0)
                };
                attributes.push((name, words));
            }
        }
        let preload = match node.kind {
            Kind::Start => Some(("timestamp", "start")),
            Kind::End => Some(("timestamp", "end")),
            Kind::Today => Some(("date", "today")),
            Kind::Property => node.parameters.get(PROPERTY).map(|which| ("property", which.as_str())),
            _ => None,
        };
        if let Some((what, which)) = preload {
            attributes.extend([("jr:preload", what.to_owned()), ("jr:preloadParams", which.to_owned())]);
        }
        if let Some(pixels) = node.parameters.get("max-pixels") {
            attributes.push(("orx:max-pixels", pixels.clone()));
        }
        if node.kind.is_section() && attributes.len() == 1 {
            return;
        }
        let attributes: Vec<(&str, &str)> = attributes.iter().map(|(k, v)| (*k, v.as_str())).collect();
        self.writer.empty("bind", &attributes);
    }

    /// Notes, and the generated counts of repeats, are never changed by people.
    fn is_fixed(&self, id: NodeId, node: &Node) -> bool {
        let counts = || {
            let next = self.form.nodes.get(id + 1);
            next.and_then(|repeat| repeat.count.as_ref())
                .is_some_and(|expr| matches!(expr, Expr::Node(n, _) if *n == id))
        };
        node.kind == Kind::Note || (node.kind == Kind::Calculate && counts())
    }

    fn controls(&mut self, section: NodeId) {
        let form = self.form;
        for id in form.node(section).children.iter().copied() {
            let node = form.node(id);
            if !node.is_shown() {
                continue;
            }
            let path = self.path(id);
            let mut attributes = vec![("ref", path.as_str())];
            if !node.appearance.is_empty() {
                attributes.push(("appearance", &node.appearance));
            }
            match node.kind {
                Kind::Group => {
                    self.writer.begin("group", &attributes);
                    self.words(id, &node.label, "label");
                    self.controls(id);
                    self.writer.end();
                }
                Kind::Repeat => self.repeat(id, node, &path),
                _ => self.question(id, node, attributes),
            }
        }
    }

    fn repeat(&mut self, id: NodeId, node: &Node, path: &str) {
        self.writer.begin("group", &[("ref", path)]);
        self.words(id, &node.label, "label");
        let count = node.count.as_ref().map(|expr| unparse(expr, self.form, id, false));
        let mut attributes = vec![("nodeset", path)];
        if let Some(count) = &count {
            attributes.push(("jr:count", count));
        }
        if !node.appearance.is_empty() {
            attributes.push(("appearance", &node.appearance));
        }
        self.writer.begin("repeat", &attributes);
        self.controls(id);
        self.writer.end();
        self.writer.end();
    }

    fn question<'t>(&mut self, id: NodeId, node: &'t Node, mut attributes: Vec<(&'t str, &'t str)>) {
        let tag = match node.kind {
            Kind::SelectOne => "select1",
            Kind::SelectMultiple => "select",
            Kind::Image => "upload",
            Kind::Acknowledge => "trigger",
            _ => "input",
        };
        if node.kind == Kind::Image {
            attributes.push(("mediatype", "image/*"));
        }
        if let Some(rows) = node.parameters.get("rows") {
            attributes.push(("rows", rows));
        }
        self.writer.begin(tag, &attributes);
        self.words(id, &node.label, "label");
        self.words(id, &node.hint, "hint");
        if let Some(list) = node.list.and_then(|n| self.form.lists.get(n)) {
            let filter = node.choice_filter.as_ref().map(|expr| unparse(expr, self.form, id, true));
            let filter = filter.map_or_else(String::new, |filter| format!("[{filter}]"));
            let nodeset = format!("instance('{}')/root/item{filter}", list.name);
            self.writer.begin("itemset", &[("nodeset", &nodeset)]);
            self.writer.empty("value", &[("ref", "name")]);
            let label = if self.is_translated() { "jr:itext(itextId)" } else { "label" };
            self.writer.empty("label", &[("ref", label)]);
            self.writer.end();
        }
        self.writer.end();
    }

    fn words(&mut self, id: NodeId, text: &Text, end: &str) {
        if text.is_empty() {
            return;
        }
        if self.is_translated() {
            let reference = format!("jr:itext('{}:{end}')", self.path(id));
            self.writer.empty(end, &[("ref", &reference)]);
        } else {
            let words = self.pieces(text.pieces(0, 0), id);
            self.writer.raw(end, &[], &words);
        }
    }
}
