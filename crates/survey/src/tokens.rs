//! Field tokens (外业令牌): what a field app shows instead of a password. They open the forms and nothing else, for half
//! a year at most, and end with the password or second factor that they stand for.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use linli_access::{Authorise as _, accounts, api_keys};
use linli_kernel::{Actor, Error, Result, Timestamp, actor::AccountId};
use linli_store::{Conn, Entry, Op};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::store;

/// How a token begins.
const HEAD: &str = "lf_";

/// How long a token counts.
const LIFE: Duration = Duration::from_hours(180 * 24);

fn hash(text: &str) -> Vec<u8> {
    Sha256::digest(text.as_bytes()).to_vec()
}

/// Makes a token for the acting account and ends those it had. The text is shown once. The caller commits.
pub async fn make(op: &mut Op) -> Result<String> {
    let account = op.actor.account().ok_or(Error::Forbidden("error-forbidden"))?;
    if op.scope("survey.fill")?.is_nothing() {
        return Err(Error::Forbidden("error-forbidden"));
    }
    // 256 random bits: a plain hash is enough to keep.
    let text = format!("{HEAD}{}", URL_SAFE_NO_PAD.encode(op.district.ids.bytes::<32>()));
    store::revoke_tokens(&mut op.tx, account.0, op.now).await?;
    let id = op.uuid();
    store::insert_token(&mut op.tx, id, account.0, hash(&text), op.now).await?;
    note(op, "survey.token_make", account).await?;
    Ok(text)
}

/// Ends the tokens of the acting account. The caller commits.
pub async fn end(op: &mut Op) -> Result<()> {
    let account = op.actor.account().ok_or(Error::Forbidden("error-forbidden"))?;
    if store::revoke_tokens(&mut op.tx, account.0, op.now).await? > 0 {
        note(op, "survey.token_end", account).await?;
    }
    Ok(())
}

async fn note(op: &mut Op, action: &'static str, account: AccountId) -> Result<()> {
    let area = op.district.area.clone();
    op.log(Entry { action, subject: "account", subject_id: account.to_string(), area, detail: json!({}) })
        .await
}

/// Who shows this user name and password: an account by its field token, or a system by its key.
pub async fn who(conn: &mut Conn, password: &str, now: Timestamp) -> Result<Option<Actor>> {
    if !password.starts_with(HEAD) {
        return Ok(api_keys::authenticate(conn, password, now).await?.map(|client| client.actor));
    }
    let Some((account, made)) = store::token_account(conn, hash(password)).await? else { return Ok(None) };
    if made.plus(LIFE) <= now {
        return Ok(None);
    }
    accounts::acting_by_token(conn, AccountId(account), made, now).await
}

/// Since when and until when the token of `account` counts, if it has one that does.
pub async fn standing(
    conn: &mut Conn,
    account: AccountId,
    now: Timestamp,
) -> Result<Option<(Timestamp, Timestamp)>> {
    let Some(made) = store::token_since(conn, account.0).await? else { return Ok(None) };
    let until = made.plus(LIFE);
    let counts = until > now && accounts::acting_by_token(conn, account, made, now).await?.is_some();
    Ok(counts.then_some((made, until)))
}

/// The user name and password of a `Basic` header.
pub fn basic(header: &str) -> Option<(String, String)> {
    use base64::engine::general_purpose::STANDARD;
    let (scheme, rest) = header.split_once(' ')?;
    let plain = scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(rest.trim()).ok())??;
    let text = String::from_utf8(plain).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::basic;

    #[test]
    fn basic_headers_are_read() {
        let read = |text: &str| basic(text);
        assert_eq!(read("Basic dXNlcjpwYTpzcw=="), Some(("user".to_owned(), "pa:ss".to_owned())));
        assert_eq!(read("basic dTpw"), Some(("u".to_owned(), "p".to_owned())));
        for bad in ["Bearer x", "Basic", "Basic ***", "Basic dXNlcg=="] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
