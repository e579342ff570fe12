//! Forms with files: read with limits, pictures made harmless.
//!
//! A picture is decoded within limits of size and memory, turned upright, made at most 2,048 pixels
//! wide and written anew as JPEG: hidden place data, scripts in odd formats and bombs do not survive.

use std::{collections::BTreeMap, io::Cursor};

use axum::extract::{FromRequest, Multipart, Request, multipart::Field};
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, imageops::FilterType};
use linli_kernel::{Error, Result};
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;

use crate::WebError;

/// The largest file of a form.
pub const FILE_LIMIT: usize = 12 * 1024 * 1024;
/// The most files of a form.
pub const FILES_LIMIT: usize = 9;
/// The largest request with files: a form with photos, or an import.
pub const FORM_LIMIT: usize = 128 * 1024 * 1024;
/// The largest request of any other kind.
pub const BODY_LIMIT: usize = 8 * 1024 * 1024;
const TEXT_LIMIT: usize = 64 * 1024;
/// All text fields of a form together.
const TEXTS_LIMIT: usize = 1024 * 1024;
const EDGE: u32 = 2048;
const PIXELS_EDGE: u32 = 16_000;

/// A file as it came.
#[derive(Debug, Clone)]
pub struct File {
    /// The form field.
    pub field: String,
    /// Its name on the sender's machine.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// A form with files.
#[derive(Debug, Default)]
pub struct Upload {
    /// Text fields; of a repeated field, every value.
    pub fields: BTreeMap<String, Vec<String>>,
    /// Files that have a name and content.
    pub files: Vec<File>,
}

impl Upload {
    /// Reads a form with files of at most `file_limit` bytes each.
    pub async fn read(mut form: Multipart, file_limit: usize) -> Result<Self> {
        let broken = |e: axum::extract::multipart::MultipartError| {
            if e.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
                Error::TooLarge("error-file-too-large")
            } else {
                Error::field("form", "error-form-broken")
            }
        };
        let mut upload = Self::default();
        let mut texts = 0;
        while let Some(field) = form.next_field().await.map_err(broken)? {
            let name = field.name().unwrap_or_default().to_owned();
            if let Some(file) = field.file_name().map(str::to_owned) {
                let bytes = bounded(field, file_limit, "error-file-too-large").await?;
                if !bytes.is_empty() {
                    upload.files.push(File { field: name, name: file, bytes });
                }
                if upload.files.len() > FILES_LIMIT {
                    return Err(Error::TooLarge("error-too-many-files"));
                }
            } else {
                let bytes = bounded(field, TEXT_LIMIT, "error-text-too-large").await?;
                texts += bytes.len() + name.len();
                if texts > TEXTS_LIMIT {
                    return Err(Error::TooLarge("error-text-too-large"));
                }
                let text =
                    String::from_utf8(bytes).map_err(|_| Error::field(name.clone(), "error-not-text"))?;
                upload.fields.entry(name).or_default().push(text);
            }
        }
        Ok(upload)
    }

    /// The first value of a field.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.fields.get(field).and_then(|v| v.first()).map(String::as_str)
    }

    /// The text fields as a form struct.
    pub fn form<T: DeserializeOwned>(&self) -> Result<T> {
        let first: serde_json::Map<_, _> =
            self.fields.iter().filter_map(|(k, v)| Some((k.clone(), v.first()?.clone().into()))).collect();
        serde_json::from_value(first.into()).map_err(|_| Error::field("form", "error-form-broken"))
    }
}

async fn bounded(mut field: Field<'_>, limit: usize, key: &'static str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|_| Error::TooLarge(key))? {
        if bytes.len() + chunk.len() > limit {
            return Err(Error::TooLarge(key));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

impl<S: Send + Sync> FromRequest<S> for Upload {
    type Rejection = WebError;
    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let form = Multipart::from_request(request, state)
            .await
            .map_err(|_| Error::field("form", "error-form-broken"))?;
        Ok(Self::read(form, FILE_LIMIT).await?)
    }
}

/// A picture made harmless, and a small one for lists.
#[derive(Debug, Clone)]
pub struct Picture {
    /// JPEG, at most 2,048 pixels wide or high.
    pub full: Vec<u8>,
    /// JPEG, at most 320 pixels wide or high.
    pub thumbnail: Vec<u8>,
}

/// Pictures that are decoded at the same time: each may take [`DECODED`] bytes while it lasts.
static DECODERS: Semaphore = Semaphore::const_new(2);
const DECODED: u64 = 256 * 1024 * 1024;

/// Decodes and rewrites a JPEG, PNG or WebP picture on a thread of its own.
pub async fn picture(field: &str, bytes: Vec<u8>) -> Result<Picture> {
    let field = field.to_owned();
    let _place = DECODERS.acquire().await.map_err(Error::internal)?;
    tokio::task::spawn_blocking(move || {
        rewrite(&bytes).ok_or_else(|| Error::field(field, "error-not-a-picture"))
    })
    .await
    .map_err(Error::internal)?
}

/// Whether a JPEG has its end: the decoder fills what is missing with grey and says nothing.
fn has_end(jpeg: &[u8]) -> bool {
    let mut at = 2;
    // Segments with a length, until the picture itself begins; an embedded small picture is in one of them.
    while let Some([0xff, kind, high, low]) = jpeg.get(at..at + 4) {
        at += 2 + usize::from(u16::from_be_bytes([*high, *low]));
        if *kind == 0xda {
            return jpeg.get(at..).is_some_and(|rest| rest.windows(2).any(|pair| pair == [0xff, 0xd9]));
        }
    }
    false
}

fn rewrite(bytes: &[u8]) -> Option<Picture> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
    match reader.format()? {
        ImageFormat::Jpeg if has_end(bytes) => {}
        ImageFormat::Png | ImageFormat::WebP => {}
        _ => return None,
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(PIXELS_EDGE);
    limits.max_image_height = Some(PIXELS_EDGE);
    limits.max_alloc = Some(DECODED);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().ok()?;
    let upright = decoder.orientation().ok()?;
    let mut image = DynamicImage::from_decoder(decoder).ok()?;
    image.apply_orientation(upright);
    let fit = |edge: u32| {
        let small = image.width() <= edge && image.height() <= edge;
        let sized = if small { image.clone() } else { image.resize(edge, edge, FilterType::Triangle) };
        let mut out = Cursor::new(Vec::new());
        DynamicImage::ImageRgb8(sized.to_rgb8()).write_to(&mut out, ImageFormat::Jpeg).ok()?;
        Some(out.into_inner())
    };
    Some(Picture { full: fit(EDGE)?, thumbnail: fit(320)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(width, height).write_to(&mut out, ImageFormat::Png).unwrap();
        out.into_inner()
    }

    #[test]
    fn pictures_are_bounded_and_rewritten() {
        let made = rewrite(&png(3000, 100)).unwrap();
        let full = image::load_from_memory(&made.full).unwrap();
        assert_eq!((full.width(), image::guess_format(&made.full).unwrap()), (2048, ImageFormat::Jpeg));
        assert_eq!(image::load_from_memory(&made.thumbnail).unwrap().width(), 320);
    }

    #[test]
    fn hidden_data_do_not_survive() {
        let mut jpeg = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(8, 8).write_to(&mut jpeg, ImageFormat::Jpeg).unwrap();
        let jpeg = jpeg.into_inner();
        // An APP1 segment as cameras write it, with a marker text in place of coordinates.
        let secret = b"Exif\0\0GPS-37.5N-122.1E";
        let mut tagged = jpeg[..2].to_vec();
        tagged.extend([0xff, 0xe1, 0, u8::try_from(secret.len() + 2).unwrap()]);
        tagged.extend_from_slice(secret);
        tagged.extend_from_slice(&jpeg[2..]);
        let clean = rewrite(&tagged).unwrap().full;
        assert!(!clean.windows(3).any(|w| w == b"GPS"));
    }

    #[test]
    fn half_a_picture_is_none() {
        let all = DynamicImage::new_rgb8(400, 300);
        for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
            let mut out = Cursor::new(Vec::new());
            all.write_to(&mut out, format).unwrap();
            let mut bytes = out.into_inner();
            assert!(rewrite(&bytes).is_some(), "{format:?}");
            bytes.extend_from_slice(b"what some phones put behind it");
            assert!(rewrite(&bytes).is_some(), "{format:?} with more behind it");
            assert!(rewrite(&bytes[..bytes.len() / 2]).is_none(), "half a {format:?}");
        }
    }

    #[test]
    fn bombs_and_rubbish_are_refused() {
        assert!(rewrite(b"<svg onload=alert(1)>").is_none());
        assert!(rewrite(&[]).is_none());
        let mut bomb = png(10, 10);
        // The header claims 60,000 × 60,000 pixels.
        bomb[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
        assert!(rewrite(&bomb).is_none());
    }
}
