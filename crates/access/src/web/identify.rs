//! Who asks: the session in the cookie or the key in the header, looked up in one query.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use axum_extra::extract::cookie::CookieJar;
use linli_kernel::{Error, Result};
use linli_web::{App, Ctx, WebError, limit::Purpose};

use crate::{Access, api_keys, sessions};

/// The session's cookie.
pub const COOKIE: &str = "linli_session";

/// The caller of password and session use cases.
pub fn caller(ctx: &Ctx) -> sessions::Caller {
    sessions::Caller {
        district: ctx.district.clone(),
        db: ctx.db.clone(),
        actor: ctx.actor.clone(),
        request: ctx.request.clone(),
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    text.strip_prefix("Bearer ").map(str::trim)
}

/// The layer inside [`linli_web::entry`]: puts the actor into the context, and the session beside it.
pub async fn identify(State(_): State<App>, mut request: Request, next: Next) -> Response {
    let Some(mut ctx) = request.extensions().get::<Ctx>().cloned() else {
        return WebError(Error::internal("no context; is `entry` wired outside?")).into_response();
    };
    let key = bearer(request.headers()).map(str::to_owned);
    let token = CookieJar::from_headers(request.headers()).get(COOKIE).map(|c| c.value().to_owned());
    let found = match (key, token) {
        (Some(key), _) => by_key(&mut ctx, &key).await.map(|()| None),
        (None, Some(token)) => by_session(&mut ctx, &token).await,
        (None, None) => Ok(None),
    };
    match found {
        Ok(session) => {
            if let Some(session) = session {
                request.extensions_mut().insert(session);
            }
            request.extensions_mut().insert(ctx);
            next.run(request).await
        }
        Err(error) => WebError(error).into_response(),
    }
}

async fn by_key(ctx: &mut Ctx, key: &str) -> Result<()> {
    let client = api_keys::authenticate(&mut ctx.read().await?, key, ctx.now()).await?;
    // A wrong key is told as such; going on as the public would hide the mistake.
    let client = client.ok_or(Error::Unauthorised)?;
    ctx.app.limits().check(Purpose::Api, &client.id.to_string())?;
    if client.touch_due {
        api_keys::touch(&ctx.db, client.id, ctx.now()).await?;
    }
    ctx.actor = client.actor;
    Ok(())
}

async fn by_session(ctx: &mut Ctx, token: &str) -> Result<Option<sessions::Session>> {
    let access = ctx.district.port::<Access>()?;
    let session = sessions::authenticate(&mut ctx.read().await?, &access, token, ctx.now()).await?;
    let Some(session) = session else { return Ok(None) };
    // Until the second factor is shown and the password changed, a session opens nothing but that.
    if session.ready() {
        ctx.actor = session.actor.clone();
    }
    if session.touch_due {
        sessions::touch(&caller(ctx), session.id).await?;
    }
    Ok(Some(session))
}
