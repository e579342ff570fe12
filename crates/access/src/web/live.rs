//! `/live`: what an open page hears of, by its person's rights, for as long as its session lasts.

use std::{collections::BTreeMap, convert::Infallible, time::Duration};

use axum::{
    extract::Query,
    response::sse::{Event, KeepAlive, Sse},
};
use axum_extra::extract::cookie::CookieJar;
use futures_util::{Stream, StreamExt, stream};
use linli_kernel::{Actor, Result};
use linli_web::{
    Access as Wanted, Ctx, Route,
    live::{Ear, Hearing},
};
use serde::Deserialize;
use tokio::time::Interval;

use super::identify::COOKIE;
use crate::{Access, sessions};

/// Which rights let somebody hear of which kind of thing, each enough by itself: a port that the binary fills. Without
/// it nothing is heard.
#[derive(Debug, Clone, Copy)]
pub struct Topics {
    /// Kinds and actions.
    pub table: &'static [(&'static str, &'static [&'static str])],
    /// How often a stream makes sure that its session still lasts.
    pub pace: Duration,
}

#[derive(Deserialize)]
struct Wish {
    /// Kinds, joined by commas.
    kinds: String,
    /// Only this thing.
    id: Option<String>,
}

/// What `actor` may hear of the kinds a page wants.
fn hearing(ctx: &Ctx, actor: &Actor, kinds: &str) -> Result<BTreeMap<String, Hearing>> {
    let (access, Some(topics)) = (ctx.district.port::<Access>()?, ctx.district.ports.get::<Topics>()) else {
        return Ok(BTreeMap::new());
    };
    let mut heard: BTreeMap<String, Hearing> = BTreeMap::new();
    for kind in kinds.split(',') {
        let actions =
            topics.table.iter().filter(|(known, _)| *known == kind).flat_map(|(_, actions)| *actions);
        for action in actions {
            let scope = access.policy.scope(actor, action);
            if scope.is_nothing() {
                continue;
            }
            let hearing = heard.entry(kind.to_owned()).or_default();
            hearing.within.extend(scope.areas.iter().map(ToString::to_string));
            if !scope.orgs.is_empty() {
                // Whose work it is stands in the thing, not in the announcement.
                hearing.around.extend(actor.posts().iter().map(|post| post.area.to_string()));
            }
        }
    }
    Ok(heard)
}

struct Listener {
    ctx: Ctx,
    token: String,
    kinds: String,
    ear: Ear,
    told: Vec<(String, String)>,
    pace: Interval,
}

impl Listener {
    /// The next event; nothing once the session or the district has ended.
    async fn next(&mut self) -> Option<(String, String)> {
        loop {
            if let Some(event) = self.told.pop() {
                return Some(event);
            }
            tokio::select! {
                _ = self.pace.tick() => if !self.lasts().await { return None },
                first = self.ear.first() => {
                    let changes = self.ear.gather(first?).await;
                    self.told = changes.into_iter().collect();
                    self.told.reverse();
                }
            }
        }
    }

    /// Whether the session still lasts; what may be heard is looked up again.
    async fn lasts(&mut self) -> bool {
        let looked = async {
            let access = self.ctx.district.port::<Access>()?;
            let mut conn = self.ctx.district.db.read().await?;
            sessions::authenticate(&mut conn, &access, &self.token, self.ctx.now()).await
        };
        match looked.await {
            Ok(Some(session)) if session.ready() => match hearing(&self.ctx, &session.actor, &self.kinds) {
                Ok(kinds) => {
                    self.ear.allow(kinds);
                    true
                }
                Err(_) => false,
            },
            Ok(_) => false,
            Err(error) => {
                // A page asks again for what it shows, and is refused there; the next look decides.
                tracing::warn!(%error, "a live stream could not be checked");
                true
            }
        }
    }
}

async fn stream_events(
    ctx: Ctx,
    jar: CookieJar,
    Query(wish): Query<Wish>,
) -> linli_web::WebResult<Sse<impl Stream<Item = std::result::Result<Event, Infallible>>>> {
    let receiver = ctx.db.hub().subscribe();
    let ear = Ear::new(receiver, hearing(&ctx, &ctx.actor, &wish.kinds)?, wish.id);
    let every = ctx.district.ports.get::<Topics>().map_or(Duration::from_secs(20), |topics| topics.pace);
    let mut pace = tokio::time::interval(every);
    pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    pace.reset();
    let token = jar.get(COOKIE).map(|cookie| cookie.value().to_owned()).unwrap_or_default();
    let stopping = Box::pin(ctx.app.stopping());
    let listener = Listener { ctx, token, kinds: wish.kinds, ear, told: Vec::new(), pace };
    let events = stream::unfold(listener, |mut listener| async move {
        let (kind, id) = listener.next().await?;
        Some((Ok(Event::default().event(format!("{kind}-changed")).data(id)), listener))
    });
    // Pages connect again by themselves, to whoever serves next.
    let events = events.take_until(stopping);
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(20))))
}

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/live", Wanted::LoggedIn, stream_events)]
}
