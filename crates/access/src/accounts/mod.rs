//! Accounts (账号) and posts (岗位): who somebody is, and where they serve as what.

mod app;
mod list;
mod posts;
mod seed;
mod serving;
pub(crate) mod store;

pub use app::{
    Edit, NewAccount, create, edit, reset_factor, reset_password, reveal_phone, set_status, unlock,
    unlock_named,
};
pub use list::{Account, Filter, get, list};
pub use posts::{NewPost, Service, acting, acting_by_token, end, grant, history};
pub use seed::{Founder, found};
pub use serving::{Serving, serving};

use linli_kernel::{Error, FieldError, Result, text_enum};
use pinyin::ToPinyin;

linli_kernel::typed_id! {
    /// One post of one account.
    PostId
}

text_enum! {
    /// Whether an account may log in.
    pub enum Status {
        /// 启用
        Active = "active",
        /// 停用
        Disabled = "disabled",
    }
}

/// A log-in name as it is stored: 3 to 32 small letters, digits, `.`, `_` or `-`, beginning with a letter or digit.
pub fn parse_login(text: &str) -> Result<String> {
    let login = text.trim().to_ascii_lowercase();
    let fits = (3..=32).contains(&login.len())
        && login.starts_with(|c: char| c.is_ascii_alphanumeric())
        && login.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b));
    if fits { Ok(login) } else { Err(Error::Invalid(vec![FieldError::new("login", "error-login-shape")])) }
}

/// The pinyin initials of a name, by which people search (王小明 → wxm).
pub fn initials(name: &str) -> String {
    name.chars()
        .filter_map(|c| {
            let spoken = c.to_pinyin().and_then(|p| p.plain().chars().next());
            spoken.or_else(|| c.is_ascii_alphanumeric().then(|| c.to_ascii_lowercase()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_and_initials() {
        assert_eq!(parse_login(" Wang.Wu ").unwrap(), "wang.wu");
        for bad in ["ab", "-abc", "王小明", "a b c", &"x".repeat(33)] {
            assert!(parse_login(bad).is_err(), "{bad}");
        }
        assert_eq!(initials("王小明"), "wxm");
        assert_eq!(initials("Li 雷 2"), "lil2");
    }
}
