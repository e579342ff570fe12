//! Files that are saved, not shown (下载).

use axum::{
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use linli_kernel::{Error, Result, percent};

/// What Excel files are.
pub const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/// What tables of text are.
pub const CSV: &str = "text/csv; charset=utf-8";

/// A file under a name, which may be in any script (RFC 6266, with RFC 8187 for what is not ASCII).
pub fn file(name: &str, media: &'static str, bytes: Vec<u8>) -> Response {
    let plain: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || "-._".contains(*c)).collect();
    let mut shown = format!("attachment; filename=\"{plain}\"");
    if plain != name {
        shown = format!("{shown}; filename*=UTF-8''{}", percent(name, b""));
    }
    let mut response = bytes.into_response();
    let mut set = |header: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(header, value);
        }
    };
    set(header::CONTENT_TYPE, media);
    set(header::CONTENT_DISPOSITION, &shown);
    response
}

/// Whether a list that is read page by page for a file goes on.
///
/// # Errors
/// `TooLarge` with what to do about it, where there is more than the file may hold: a list that ends somewhere without a
/// word would be taken for the whole.
pub fn goes_on(rows: usize, most: usize, more: bool, why: &'static str) -> Result<bool> {
    if more && rows >= most { Err(Error::TooLarge(why)) } else { Ok(more) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_whole_or_not_made() {
        assert!(matches!(goes_on(10, 10, true, "x"), Err(Error::TooLarge("x"))));
        assert!(goes_on(9, 10, true, "x").unwrap());
        assert!(!goes_on(10, 10, false, "x").unwrap(), "as many as there may be");
    }

    fn shown(name: &str) -> String {
        let response = file(name, CSV, vec![1]);
        response.headers()[header::CONTENT_DISPOSITION].to_str().unwrap().to_owned()
    }

    #[test]
    fn any_name_is_a_name() {
        assert_eq!(shown("cases-20261130.xlsx"), "attachment; filename=\"cases-20261130.xlsx\"");
        assert_eq!(
            shown("走访.csv"),
            "attachment; filename=\".csv\"; filename*=UTF-8''%E8%B5%B0%E8%AE%BF.csv"
        );
        assert_eq!(shown("a\"\r\nb"), "attachment; filename=\"ab\"; filename*=UTF-8''a%22%0D%0Ab");
    }
}
