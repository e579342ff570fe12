//! Live updates: open pages hear by server-sent events that something in their area changed and ask
//! again for what they show. `/live?kinds=case,task&id=…` sends the named events `case-changed` and
//! `task-changed`; the data is the id of the thing, or nothing when many changed. The page's script
//! makes each a DOM event that rises to `body`, where a piece listens:
//! `hx-trigger="case-changed from:body delay:300ms"`.

use std::{collections::BTreeMap, convert::Infallible, time::Duration};

use axum::{
    extract::Query,
    response::sse::{Event, KeepAlive, Sse},
};
use futures_util::{Stream, StreamExt, stream};
use linli_store::Topic;
use serde::Deserialize;
use tokio::sync::broadcast::{
    Receiver,
    error::{RecvError, TryRecvError},
};

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

    /// Waits for something that this page shows, and gathers what changes in the same moment: many
    /// changes of one kind are one reason to look again. Nothing once the district closes.
    async fn hear(&mut self) -> Option<Vec<(String, String)>> {
        let mut changed = BTreeMap::new();
        match self.receiver.recv().await {
            Ok(topic) => self.note(&mut changed, topic),
            Err(RecvError::Lagged(_)) => self.missed(&mut changed),
            Err(RecvError::Closed) => return None,
        }
        if changed.is_empty() {
            return Some(Vec::new());
        }
        tokio::time::sleep(Duration::from_millis(150)).await;
        loop {
            match self.receiver.try_recv() {
                Ok(topic) => self.note(&mut changed, topic),
                Err(TryRecvError::Lagged(_)) => self.missed(&mut changed),
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        Some(changed.into_iter().collect())
    }

    fn note(&self, changed: &mut BTreeMap<String, String>, topic: Topic) {
        if self.wants(&topic) {
            let Topic { kind, id, .. } = topic;
            changed
                .entry(kind)
                .and_modify(|known| {
                    if *known != id {
                        known.clear();
                    }
                })
                .or_insert(id);
        }
    }

    /// Too much happened to say what: everything may have changed.
    fn missed(&self, changed: &mut BTreeMap<String, String>) {
        changed.extend(self.kinds.iter().map(|kind| (kind.clone(), String::new())));
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
    let events = stream::unfold((ear, Vec::new()), |(mut ear, mut told)| async move {
        while told.is_empty() {
            told = ear.hear().await?;
        }
        let (kind, id) = told.remove(0);
        Some((Ok(Event::default().event(format!("{kind}-changed")).data(id)), (ear, told)))
    });
    // Pages connect again by themselves, to whoever serves next.
    let events = events.take_until(Box::pin(ctx.app.stopping()));
    Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(20)))
}

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::get("/live", Access::LoggedIn, stream_events)]
}

#[cfg(test)]
mod tests {
    use tokio::sync::broadcast;

    use super::*;

    fn ear(receiver: Receiver<Topic>, kinds: &[&str], id: Option<&str>) -> Ear {
        Ear {
            receiver,
            kinds: kinds.iter().map(|k| (*k).to_owned()).collect(),
            id: id.map(str::to_owned),
            areas: vec!["371002001".to_owned()],
        }
    }

    fn topic(kind: &str, area: &str, id: &str) -> Topic {
        Topic { kind: kind.to_owned(), area: area.to_owned(), id: id.to_owned() }
    }

    fn pair(kind: &str, id: &str) -> (String, String) {
        (kind.to_owned(), id.to_owned())
    }

    #[tokio::test(start_paused = true)]
    async fn what_changes_together_is_told_once_per_kind() {
        let (sender, receiver) = broadcast::channel(16);
        let mut ear = ear(receiver, &["case", "task"], None);
        for (kind, area, id) in [
            ("case", "371002001007", "a"),
            ("task", "371002001007", "t"),
            ("case", "371002001008", "b"),
            ("case", "371002002001", "elsewhere"),
            ("notice", "371002001", "n"),
        ] {
            sender.send(topic(kind, area, id)).unwrap();
        }
        assert_eq!(ear.hear().await.unwrap(), [pair("case", ""), pair("task", "t")]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_of_one_thing_hears_only_of_it_or_of_all() {
        let (sender, receiver) = broadcast::channel(2);
        let mut ear = ear(receiver, &["case"], Some("a"));
        sender.send(topic("case", "371002001", "b")).unwrap();
        assert!(ear.hear().await.unwrap().is_empty());
        sender.send(topic("case", "371002001", "a")).unwrap();
        assert_eq!(ear.hear().await.unwrap(), [pair("case", "a")]);
        for id in ["b", "c", "d"] {
            sender.send(topic("case", "371002001", id)).unwrap();
        }
        // More than the channel holds: nobody knows what was lost, so the page looks again.
        assert_eq!(ear.hear().await.unwrap(), [pair("case", "")]);
        drop(sender);
        assert!(ear.hear().await.is_none());
    }
}
