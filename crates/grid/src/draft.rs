//! From what people type or import to checked values. One set of checks for forms and for files, pure.

mod area;
mod duty;
mod org;

pub use area::AreaText;
pub use duty::{CategoryText, DutyText, section_name};
pub use org::{Neighbours, OrgText};

/// `是`, `yes`, a ticked box.
pub fn yes(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "是" | "yes" | "y" | "true" | "1" | "on" | "常驻" | "启用" | "√" => Some(true),
        "" | "否" | "no" | "n" | "false" | "0" | "非常驻" | "停用" | "×" => Some(false),
        _ => None,
    }
}

const fn yes_no(yes: bool) -> &'static str {
    if yes { "是" } else { "否" }
}

#[cfg(test)]
mod tests {
    use linli_kernel::{Error, Result};

    /// Which fields are wrong, and how.
    pub(super) fn keys<T: std::fmt::Debug>(result: Result<T>) -> Vec<(String, String)> {
        match result {
            Err(Error::Invalid(fields)) => fields.into_iter().map(|f| (f.field, f.key)).collect(),
            other => panic!("{other:?}"),
        }
    }
}
