//! The lists that field apps ask for: which forms there are, and which files belong to one.

use std::collections::BTreeMap;

use crate::xml::Writer;

/// `X-OpenRosa-Version`
pub const VERSION: &str = "1.0";

/// One form of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// `formID`
    pub id: String,
    /// `name`
    pub name: String,
    /// `version`
    pub version: String,
    /// MD5 of the XForm, in hexadecimal: apps load the form again when it differs.
    pub md5: String,
    /// Where the XForm is.
    pub download: String,
    /// Where its manifest is, if it has one.
    pub manifest: Option<String>,
}

/// The form list.
pub fn form_list(forms: &[Listed]) -> String {
    let mut writer = Writer::new();
    writer.begin("xforms", &[("xmlns", "http://openrosa.org/xforms/xformsList")]);
    for form in forms {
        writer.begin("xform", &[]);
        writer.text("formID", &[], &form.id);
        writer.text("name", &[], &form.name);
        writer.text("version", &[], &form.version);
        writer.text("hash", &[], &format!("md5:{}", form.md5));
        writer.text("downloadUrl", &[], &form.download);
        if let Some(manifest) = &form.manifest {
            writer.text("manifestUrl", &[], manifest);
        }
        writer.end();
    }
    writer.done()
}

/// The manifest: the files of a form by name, each with its MD5 and address. Forms of this program need none.
pub fn manifest(files: &BTreeMap<String, (String, String)>) -> String {
    let mut writer = Writer::new();
    writer.begin("manifest", &[("xmlns", "http://openrosa.org/xforms/xformsManifest")]);
    for (name, (md5, address)) in files {
        writer.begin("mediaFile", &[]);
        writer.text("filename", &[], name);
        writer.text("hash", &[], &format!("md5:{md5}"));
        writer.text("downloadUrl", &[], address);
        writer.end();
    }
    writer.done()
}

/// What a field app shows to its user after sending.
pub fn answer(message: &str) -> String {
    let mut writer = Writer::new();
    writer.begin("OpenRosaResponse", &[("xmlns", "http://openrosa.org/http/response")]);
    writer.text("message", &[("nature", "")], message);
    writer.done()
}
