//! Live updates: open pages hear by server-sent events that something they may see changed and ask
//! again for what they show. `/live?kinds=case,task&id=…` sends the named events `case-changed` and
//! `task-changed`; the data is the id of the thing, or nothing when many changed. The page's script
//! makes each a DOM event that rises to `body`, where a piece listens:
//! `hx-trigger="case-changed from:body delay:300ms"`. Who may hear what is for the slice that knows rights to say.

use std::{collections::BTreeMap, time::Duration};

use linli_kernel::export::uuid::Uuid;
use linli_store::Topic;
use tokio::sync::broadcast::{
    Receiver,
    error::{RecvError, TryRecvError},
};

/// Where somebody may hear of things of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hearing {
    /// Areas in which everything may be seen: the thing is named.
    pub within: Vec<String>,
    /// Areas in which some things may be seen: only that something changed is told, except to a page that names the
    /// thing itself.
    pub around: Vec<String>,
}

/// What a page listens to.
pub struct Ear {
    receiver: Receiver<Topic>,
    kinds: BTreeMap<String, Hearing>,
    id: Option<String>,
}

/// What changed in one moment: kinds, and the thing's id where it is one.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes(BTreeMap<String, String>);

impl Changes {
    /// Whether nothing changed that this page shows.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl IntoIterator for Changes {
    type Item = (String, String);
    type IntoIter = std::collections::btree_map::IntoIter<String, String>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl Ear {
    /// Hears of these kinds from now on, perhaps only of the thing `id`.
    pub fn new(receiver: Receiver<Topic>, kinds: BTreeMap<String, Hearing>, id: Option<String>) -> Self {
        Self { receiver, kinds, id }
    }

    /// What may be heard has changed.
    pub fn allow(&mut self, kinds: BTreeMap<String, Hearing>) {
        self.kinds = kinds;
    }

    /// What is told of a topic: the id, or nothing for “something of this kind”.
    fn told(&self, topic: &Topic) -> Option<String> {
        let hearing = self.kinds.get(&topic.kind)?;
        if self.id.as_ref().is_some_and(|id| !topic.id.is_empty() && *id != topic.id) {
            return None;
        }
        let inside = |areas: &[String]| areas.iter().any(|area| topic.area.starts_with(area.as_str()));
        if inside(&hearing.within) || (inside(&hearing.around) && self.id.is_some()) {
            return Some(topic.id.clone());
        }
        // What is told of a wider area is for all within, unless it is one thing there.
        let mut all = hearing.within.iter().chain(&hearing.around);
        let wide = topic.id.parse::<Uuid>().is_err() && all.any(|area| area.starts_with(&topic.area));
        (wide || inside(&hearing.around)).then(String::new)
    }

    /// Waits for the next announcement; nothing once the district closes. Given up half-way, it has lost nothing.
    pub async fn first(&mut self) -> Option<Changes> {
        let mut changed = Changes::default();
        match self.receiver.recv().await {
            Ok(topic) => self.note(&mut changed, topic),
            Err(RecvError::Lagged(_)) => self.missed(&mut changed),
            Err(RecvError::Closed) => return None,
        }
        Some(changed)
    }

    /// Gathers what changes in the same moment: many changes of one kind are one reason to look again.
    pub async fn gather(&mut self, mut changed: Changes) -> Changes {
        if changed.is_empty() {
            return changed;
        }
        tokio::time::sleep(Duration::from_millis(150)).await;
        loop {
            match self.receiver.try_recv() {
                Ok(topic) => self.note(&mut changed, topic),
                Err(TryRecvError::Lagged(_)) => self.missed(&mut changed),
                Err(TryRecvError::Empty | TryRecvError::Closed) => return changed,
            }
        }
    }

    fn note(&self, changed: &mut Changes, topic: Topic) {
        if topic.is_missed() {
            self.missed(changed);
        } else if let Some(id) = self.told(&topic) {
            let known = changed.0.entry(topic.kind).or_insert_with(|| id.clone());
            if *known != id {
                known.clear();
            }
        }
    }

    /// Too much happened to say what: everything may have changed.
    fn missed(&self, changed: &mut Changes) {
        changed.0.extend(self.kinds.keys().map(|kind| (kind.clone(), String::new())));
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::broadcast;

    use super::*;

    fn ear(receiver: Receiver<Topic>, kinds: &[&str], id: Option<&str>) -> Ear {
        let hearing = Hearing { within: vec!["371002001".to_owned()], around: Vec::new() };
        let kinds = kinds.iter().map(|k| ((*k).to_owned(), hearing.clone())).collect();
        Ear::new(receiver, kinds, id.map(str::to_owned))
    }

    async fn hear(ear: &mut Ear) -> Option<Vec<(String, String)>> {
        let first = ear.first().await?;
        Some(ear.gather(first).await.into_iter().collect())
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
        assert_eq!(hear(&mut ear).await.unwrap(), [pair("case", ""), pair("task", "t")]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_nobody_heard_is_a_reason_to_look_at_everything_again() {
        let (sender, receiver) = broadcast::channel(16);
        let mut ear = ear(receiver, &["case", "task"], Some("a"));
        sender.send(Topic::missed()).unwrap();
        assert_eq!(hear(&mut ear).await.unwrap(), [pair("case", ""), pair("task", "")]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_of_one_thing_hears_only_of_it_or_of_all() {
        let (sender, receiver) = broadcast::channel(2);
        let mut ear = ear(receiver, &["case"], Some("a"));
        sender.send(topic("case", "371002001", "b")).unwrap();
        assert!(hear(&mut ear).await.unwrap().is_empty());
        sender.send(topic("case", "371002001", "a")).unwrap();
        assert_eq!(hear(&mut ear).await.unwrap(), [pair("case", "a")]);
        for id in ["b", "c", "d"] {
            sender.send(topic("case", "371002001", id)).unwrap();
        }
        // More than the channel holds: nobody knows what was lost, so the page looks again.
        assert_eq!(hear(&mut ear).await.unwrap(), [pair("case", "")]);
        drop(sender);
        assert!(hear(&mut ear).await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn what_lies_wider_or_elsewhere_is_not_named() {
        const ONE: &str = "01890000-0000-7000-8000-000000000001";
        let (sender, receiver) = broadcast::channel(16);
        let mut ear = ear(receiver, &["case"], None);
        // One case of the street's own, in a wider area than this page's community may see.
        let within = Hearing { within: vec!["371002001007".to_owned()], around: Vec::new() };
        ear.allow(BTreeMap::from([("case".to_owned(), within)]));
        for (area, id) in [("371002001", ONE), ("371002", ONE), ("371002001008", ONE)] {
            sender.send(topic("case", area, id)).unwrap();
            assert!(hear(&mut ear).await.unwrap().is_empty(), "{area}");
        }
        // Many cases of a wider area: it may be among them.
        for id in ["", "all"] {
            sender.send(topic("case", "371002", id)).unwrap();
            assert_eq!(hear(&mut ear).await.unwrap(), [pair("case", "")], "{id}");
        }
        // Some things may be seen: that something changed, not what.
        let around = Hearing { within: Vec::new(), around: vec!["371002".to_owned()] };
        ear.allow(BTreeMap::from([("case".to_owned(), around)]));
        sender.send(topic("case", "371002001", ONE)).unwrap();
        assert_eq!(hear(&mut ear).await.unwrap(), [pair("case", "")]);
        ear.allow(BTreeMap::new());
        sender.send(topic("case", "371002001", ONE)).unwrap();
        assert!(hear(&mut ear).await.unwrap().is_empty());
    }
}
