//! Live updates: open pages hear by server-sent events that something in their area changed and ask
//! again for what they show. The event carries no data of the thing.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::Query,
    response::sse::{Event, KeepAlive, Sse},
};
use futures_util::{Stream, stream};
use linli_store::Topic;
use serde::Deserialize;
use tokio::sync::broadcast::{Receiver, error::RecvError};

use crate::{Access, Ctx, Route};

#[derive(Deserialize)]
struct Wish {
    /// Kinds, joined by commas.
    kinds: String,
    /// Only this thing.
    id: Option<String>,
}

struct Ear {
    receiver: Receiver<Topic>,
    kinds: Vec<String>,
    id: Option<String>,
    areas: Vec<String>,
}

impl Ear {
    fn wants(&self, topic: &Topic) -> bool {
        let kind = self.kinds.contains(&topic.kind);
        let thing = self.id.as_ref().is_none_or(|id| topic.id.is_empty() || *id == topic.id);
        let place =
            self.areas.iter().any(|a| topic.area.starts_with(a.as_str()) || a.starts_with(&topic.area));
        kind && thing && place
    }
}

async fn stream_events(
    ctx: Ctx,
    Query(wish): Query<Wish>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let ear = Ear {
        receiver: ctx.db.hub().subscribe(),
        kinds: wish.kinds.split(',').map(str::to_owned).collect(),
        id: wish.id,
        areas: ctx.actor.posts().iter().map(|p| p.area.to_string()).collect(),
    };
    let events = stream::unfold(ear, |mut ear| async move {
        loop {
            match ear.receiver.recv().await {
                Ok(topic) if ear.wants(&topic) => {
                    // Many changes in one moment are one reason to look again.
                    tokio::time::sleep(Duration::from_millis(150)).await;
                    ear.receiver = ear.receiver.resubscribe();
                    return Some((Ok(Event::default().event(topic.kind).data("changed")), ear));
                }
                Err(RecvError::Lagged(_)) => {
                    let kind = ear.kinds.first().cloned().unwrap_or_default();
                    return Some((Ok(Event::default().event(kind).data("changed")), ear));
                }
                Ok(_) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(20)))
}

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::get("/live", Access::LoggedIn, stream_events)]
}
