//! Forms with files: read with limits, pictures made harmless.
//!
//! A picture is decoded within limits of size and memory, turned upright, made at most 2,048 pixels
//! wide and written anew as JPEG: hidden place data, scripts in odd formats and bombs do not survive.

use std::{collections::BTreeMap, io::Cursor};

use axum::extract::{FromRequest, Multipart, Request, multipart::Field};
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, imageops::FilterType};
use linli_kernel::{Error, Result};
use serde::de::DeserializeOwned;
use tokio::sync::{Semaphore, SemaphorePermit};

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

/// What all forms under way may hold in memory at the same time, in pieces.
static BUDGET: Semaphore = Semaphore::const_new(BUDGET_BYTES / PIECE);
const BUDGET_BYTES: usize = 256 * 1024 * 1024;
const PIECE: usize = 256 * 1024;

/// The part of the memory for uploads that one form holds, given back with it.
#[derive(Debug)]
pub struct Room {
    budget: &'static Semaphore,
    places: Option<SemaphorePermit<'static>>,
    bytes: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self::of(&BUDGET)
    }
}

impl Room {
    fn of(budget: &'static Semaphore) -> Self {
        Self { budget, places: None, bytes: 0 }
    }

    /// Takes what so many more bytes need. Nobody waits for others to go on: they may be waiting too.
    ///
    /// # Errors
    /// `Unavailable` when all forms under way hold what they may.
    pub fn take(&mut self, bytes: usize) -> Result<()> {
        self.bytes += bytes;
        let have = self.places.as_ref().map_or(0, SemaphorePermit::num_permits);
        let missing = self.bytes.div_ceil(PIECE).saturating_sub(have);
        let missing = u32::try_from(missing).map_err(Error::internal)?;
        if missing == 0 {
            return Ok(());
        }
        let more =
            self.budget.try_acquire_many(missing).map_err(|_| Error::Unavailable("error-uploads-full"))?;
        match &mut self.places {
            Some(places) => places.merge(more),
            None => self.places = Some(more),
        }
        Ok(())
    }
}

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
    /// Files beyond those that the form takes: read over, not kept.
    pub left_out: usize,
    /// What it takes of the memory for as long as the form is there.
    room: Option<Room>,
}

impl Upload {
    /// Reads a form with files of at most `file_limit` bytes each.
    pub async fn read(form: Multipart, file_limit: usize) -> Result<Self> {
        let upload = Self::within(form, (file_limit, FILES_LIMIT), &BUDGET).await?;
        if upload.left_out > 0 {
            return Err(Error::TooLarge("error-too-many-files"));
        }
        Ok(upload)
    }

    /// Reads a form that keeps at most so many files; of more only [`Self::left_out`] tells, so that what was typed
    /// can be shown again.
    ///
    /// # Errors
    /// A form that cannot be read, something too large in it, or no room for it now.
    pub async fn few(request: Request, files: usize) -> Result<Self> {
        let form = Multipart::from_request(request, &()).await;
        let form = form.map_err(|_| Error::field("form", "error-form-broken"))?;
        Self::within(form, (FILE_LIMIT, files), &BUDGET).await
    }

    async fn within(
        mut form: Multipart,
        (file_limit, files): (usize, usize),
        budget: &'static Semaphore,
    ) -> Result<Self> {
        let broken = |e: axum::extract::multipart::MultipartError| {
            if e.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
                Error::TooLarge("error-file-too-large")
            } else {
                Error::field("form", "error-form-broken")
            }
        };
        let mut upload = Self::default();
        let mut room = Room::of(budget);
        let mut texts = 0;
        while let Some(field) = form.next_field().await.map_err(broken)? {
            let name = field.name().unwrap_or_default().to_owned();
            if let Some(file) = field.file_name().map(str::to_owned) {
                if upload.files.len() == files {
                    upload.left_out += usize::from(is_filled(field).await?);
                    continue;
                }
                let bytes = bounded(field, file_limit, "error-file-too-large", &mut room).await?;
                if !bytes.is_empty() {
                    upload.files.push(File { field: name, name: file, bytes });
                }
            } else {
                let bytes = bounded(field, TEXT_LIMIT, "error-text-too-large", &mut room).await?;
                texts += bytes.len() + name.len();
                if texts > TEXTS_LIMIT {
                    return Err(Error::TooLarge("error-text-too-large"));
                }
                let text =
                    String::from_utf8(bytes).map_err(|_| Error::field(name.clone(), "error-not-text"))?;
                upload.fields.entry(name).or_default().push(text);
            }
        }
        upload.room = Some(room);
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

async fn bounded(mut field: Field<'_>, limit: usize, key: &'static str, room: &mut Room) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|_| Error::TooLarge(key))? {
        if bytes.len() + chunk.len() > limit {
            return Err(Error::TooLarge(key));
        }
        room.take(chunk.len())?;
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Whether a file has content; it is not kept.
async fn is_filled(mut field: Field<'_>) -> Result<bool> {
    let mut filled = false;
    while let Some(chunk) = field.chunk().await.map_err(|_| Error::TooLarge("error-file-too-large"))? {
        filled |= !chunk.is_empty();
    }
    Ok(filled)
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
    decoding(&DECODERS, move || rewrite(&bytes))
        .await?
        .ok_or_else(|| Error::field(field, "error-not-a-picture"))
}

/// Does `work` on a blocking thread, in one of so many places.
async fn decoding<T: Send + 'static>(
    places: &'static Semaphore,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    let place = places.acquire().await.map_err(Error::internal)?;
    tokio::task::spawn_blocking(move || {
        // The place goes with the work: a request that was given up still holds its memory.
        let _place = place;
        work()
    })
    .await
    .map_err(Error::internal)
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

    fn room(places: usize) -> &'static Semaphore {
        Box::leak(Box::new(Semaphore::new(places)))
    }

    async fn form(files: &[usize]) -> Multipart {
        let mut body = String::new();
        for size in files {
            body += "--x\r\ncontent-disposition: form-data; name=\"photos\"; filename=\"a.jpg\"\r\n\r\n";
            body += &"a".repeat(*size);
            body += "\r\n";
        }
        body += "--x\r\ncontent-disposition: form-data; name=\"text\"\r\n\r\ntyped\r\n--x--\r\n";
        let request = Request::post("/").header("content-type", "multipart/form-data; boundary=x");
        Multipart::from_request(request.body(body.into()).unwrap(), &()).await.unwrap()
    }

    #[tokio::test]
    async fn all_forms_together_hold_so_much_and_no_more() {
        let budget = room(4);
        let first = Upload::within(form(&[2 * PIECE]).await, (FILE_LIMIT, 6), budget).await.unwrap();
        let full = Upload::within(form(&[2 * PIECE]).await, (FILE_LIMIT, 6), budget).await;
        assert!(matches!(full, Err(Error::Unavailable("error-uploads-full"))), "{full:?}");
        assert!(
            Upload::within(form(&[PIECE / 2]).await, (FILE_LIMIT, 6), budget).await.is_ok(),
            "a small one has room"
        );
        drop(first);
        assert_eq!(budget.available_permits(), 4, "all of it is given back");
    }

    #[tokio::test]
    async fn files_beyond_the_last_take_no_room_and_the_words_stay() {
        let budget = room(2);
        let upload = Upload::within(form(&[PIECE / 4; 12]).await, (FILE_LIMIT, 6), budget).await.unwrap();
        assert_eq!((upload.files.len(), upload.left_out), (6, 6));
        assert_eq!(upload.text("text"), Some("typed"));
        let empty = Upload::within(form(&[9, 9, 0]).await, (FILE_LIMIT, 2), room(1)).await.unwrap();
        assert_eq!(empty.left_out, 0, "an empty field is no file");
    }

    #[tokio::test]
    async fn who_hangs_up_still_holds_the_place_of_the_decoder() {
        let places = room(1);
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let mut work = Box::pin(decoding(places, move || ended.recv().is_ok()));
        let begun = tokio::time::timeout(std::time::Duration::from_millis(100), &mut work).await;
        assert!(begun.is_err(), "it waits for its end");
        drop(work);
        assert_eq!(places.available_permits(), 0, "the decoder still works");
        end.send(()).unwrap();
        let free = tokio::time::timeout(std::time::Duration::from_secs(10), places.acquire()).await;
        assert!(free.is_ok(), "and then it is free");
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
