//! The context of one request, as handlers take it.

use std::{convert::Infallible, sync::Arc};

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::request::Parts,
    response::Html,
};
use linli_kernel::{Actor, Error, Result, Timestamp};
use linli_store::{Conn, Db, District, Op};

use crate::{App, Chrome, Locale, WebError, WebResult, prefs::Prefs};

/// Made once per request by [`crate::entry`]; the middleware of `access` fills in the actor.
#[derive(Clone)]
pub struct Ctx {
    /// The process.
    pub app: App,
    /// The district that the host name chose.
    pub district: Arc<District>,
    /// Its database, counting this request's queries.
    pub db: Db,
    /// Who asks.
    pub actor: Actor,
    /// The texts in the person's language.
    pub locale: Locale,
    /// Screen settings.
    pub prefs: Prefs,
    /// The request's id, also in its log lines and activity rows.
    pub request: String,
    /// `http://host`, for links that leave the page (QR codes, messages).
    pub origin: String,
    /// Path and query of this page.
    pub path: String,
    /// Where the request came from, for limits; never logged.
    pub source: String,
}

impl Ctx {
    /// The present.
    pub fn now(&self) -> Timestamp {
        self.district.clock.now()
    }

    /// A connection for reading.
    pub async fn read(&self) -> Result<Conn> {
        self.db.read().await
    }

    /// Begins a use case of this actor.
    pub async fn op(&self) -> Result<Op> {
        Op::begin(self.district.clone(), &self.db, self.actor.clone(), self.request.clone()).await
    }

    /// The frame of a page with this title key.
    pub fn chrome(&self, title: &str) -> Chrome {
        Chrome::new(self, self.locale.t(title))
    }

    /// Renders a template.
    pub fn page(&self, template: &impl askama::Template) -> WebResult<Html<String>> {
        template.render().map(Html).map_err(|e| WebError(Error::internal(e)))
    }
}

impl FromRequestParts<App> for Ctx {
    type Rejection = WebError;
    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Self::Rejection> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(|| WebError(Error::internal("no context; is `entry` wired?")))
    }
}

impl OptionalFromRequestParts<App> for Ctx {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Option<Self>, Self::Rejection> {
        Ok(parts.extensions.get::<Self>().cloned())
    }
}
