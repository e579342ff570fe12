//! What every handler of the desks needs at hand.

use std::sync::Arc;

use axum::{
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use linli_access::{Access, Scope};
use linli_grid::{Atlas, AtlasPort};
use linli_kernel::{Result, Timestamp};
use linli_store::Conn;
use linli_web::{Chrome, Ctx, WebResult};

use crate::{
    app::Contact,
    model::Action,
    settings::{Rulebook, Rulebooks},
};

use super::{acts::Refused, forms::Typed};

/// Policy, map, working time and a connection, for one request.
pub(super) struct Room {
    pub(super) access: Arc<Access>,
    pub(super) atlas: Arc<Atlas>,
    pub(super) book: Arc<Rulebook>,
    pub(super) conn: Conn,
    pub(super) now: Timestamp,
}

impl Room {
    pub(super) async fn enter(ctx: &Ctx) -> Result<Self> {
        let mut conn = ctx.read().await?;
        let book = ctx.district.port::<Rulebooks>()?.get(&mut conn).await?;
        Ok(Self {
            access: ctx.district.port()?,
            atlas: ctx.district.port::<AtlasPort>()?.get(),
            book,
            conn,
            now: ctx.now(),
        })
    }

    /// Where this person may do `action`.
    pub(super) fn scope(&self, ctx: &Ctx, action: &str) -> Scope {
        self.access.policy.scope(&ctx.actor, action)
    }

    pub(super) fn may(&self, ctx: &Ctx, action: &str) -> bool {
        self.access.policy.allows_somewhere(&ctx.actor, action)
    }
}

/// The frame with the name of where the person works.
pub(super) fn chrome(ctx: &Ctx, room: &Room, title: &str) -> Chrome {
    let mut chrome = ctx.chrome(title);
    chrome.place = ctx.actor.posts().first().map(|post| room.atlas.org_name(post.org).to_owned());
    chrome
}

/// What a page says beside its usual content: that something was done, was refused, or is shown once.
#[derive(Default)]
pub(super) struct Beside {
    /// The word of [`said`] in the address.
    pub(super) done: String,
    /// A form to be shown again.
    pub(super) refused: Option<(Action, Typed, linli_web::Problems, String)>,
    /// A contact in clear, whose showing has been logged.
    pub(super) clear: Option<Contact>,
}

impl Beside {
    pub(super) fn done(word: Option<String>) -> Self {
        Self { done: word.unwrap_or_default(), ..Self::default() }
    }

    pub(super) fn refused(&self) -> Option<Refused<'_>> {
        self.refused.as_ref().map(|(action, typed, problems, trouble)| Refused {
            action: *action,
            typed,
            problems: problems.clone(),
            trouble: trouble.clone(),
        })
    }

    /// The status that goes with it.
    pub(super) fn status(&self) -> StatusCode {
        match &self.refused {
            None => StatusCode::OK,
            Some((_, _, problems, _)) if !problems.is_empty() => StatusCode::UNPROCESSABLE_ENTITY,
            Some(_) => StatusCode::CONFLICT,
        }
    }
}

/// The sentence for a word that an address carries; a word that we do not know says nothing.
pub(super) fn said(ctx: &Ctx, word: &str) -> String {
    if word.is_empty() || !word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') {
        return String::new();
    }
    let key = format!("desk-done-{word}");
    Some(ctx.locale.t(&key)).filter(|text| *text != key).unwrap_or_default()
}

/// Back to a page, which then says what was done.
pub(super) fn back_to(path: &str, done: &str) -> Response {
    let (path, fragment) = path.split_once('#').unwrap_or((path, ""));
    let (base, query) = path.split_once('?').unwrap_or((path, ""));
    let kept = query.split('&').filter(|p| !p.is_empty() && !p.starts_with("done="));
    let query: Vec<&str> = kept.collect();
    let mut to = format!("{base}?{}", query.join("&"));
    if !query.is_empty() {
        to.push('&');
    }
    to.push_str("done=");
    to.push_str(done);
    if !fragment.is_empty() {
        to.push('#');
        to.push_str(fragment);
    }
    Redirect::to(&to).into_response()
}

/// A rendered page with a status.
pub(super) fn page(ctx: &Ctx, status: StatusCode, template: &impl askama::Template) -> WebResult {
    Ok((status, ctx.page(template)?).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_keeps_its_filters_and_says_one_thing() {
        let to = |path: &str| back_to(path, "close").headers()["location"].to_str().unwrap().to_owned();
        assert_eq!(to("/desk/triage"), "/desk/triage?done=close");
        assert_eq!(to("/desk/triage?f=urgent&done=file"), "/desk/triage?f=urgent&done=close");
        assert_eq!(to("/desk/cases/1#log"), "/desk/cases/1?done=close#log");
    }
}
