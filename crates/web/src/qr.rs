//! QR codes as a drawing inside the page, for print and for another phone's camera.

use linli_kernel::{Error, Result};
use qrcode::{EcLevel, QrCode, render::svg};

use crate::{Markup, markup::escaped};

/// The address as a picture; `label` says what it is for.
pub fn drawing(address: &str, label: &str) -> Result<Markup> {
    let code = QrCode::with_error_correction_level(address, EcLevel::M).map_err(Error::internal)?;
    let picture = code.render::<svg::Color<'_>>().min_dimensions(180, 180).build();
    // The drawing alone: a page has no room for the prologue of a file.
    let start = picture.find("<svg").unwrap_or_default();
    let svg = picture[start..].replacen(
        "<svg",
        &format!("<svg class=\"qr\" role=\"img\" aria-label=\"{}\"", escaped(label)),
        1,
    );
    Ok(Markup::trusted(svg))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_is_one_element_without_inline_style() {
        let svg = drawing("https://huancui.example/t/abc", "查看\"进展\"").unwrap().to_string();
        assert!(svg.starts_with("<svg class=\"qr\" role=\"img\" aria-label=\"查看&quot;进展&quot;\""));
        assert!(svg.ends_with("</svg>") && !svg.contains("style="));
    }
}
