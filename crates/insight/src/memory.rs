//! What is held in memory of all cases (内存索引): the index of repeats, the district's place names.
//!
//! Each process follows the order of changes by itself; a snapshot on disk spares it the way from the
//! start. A snapshot that is damaged, or of another run of numbers, is made again from the cases.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
    time::Duration,
};

use linli_grid::{Atlas, AtlasPort};
use linli_kernel::{AreaCode, Error, Result, Timestamp, area::AreaLevel, params, time::china_day};
use linli_store::{Conn, District};
use linli_text::{Rarity, RepeatCase, RepeatIndex, RepeatOptions};
use uuid::Uuid;

use crate::{
    feed::{CaseFeed, PlaceFeed, Registered, Told},
    places::Names,
    snapshot, store, tide,
};

/// Changes of one step.
const STEP: i64 = 500;
/// Texts from which is learned how common words are.
const LEARNED: i64 = 20_000;
/// Candidates for one question; whoever asks sees those of his own area.
const CANDIDATES: usize = 60;
/// The registers' names are read again after so long.
const REGISTERED: Duration = Duration::from_mins(10);
/// A snapshot is written after so many changes.
const UNWRITTEN: i64 = 2_000;

/// The port: shared by all who ask and by the follower that keeps it up to date.
#[derive(Clone)]
pub struct Memory(Arc<Inner>);

struct Inner {
    folder: PathBuf,
    state: RwLock<State>,
}

pub(crate) struct State {
    pub(crate) index: RepeatIndex,
    /// Up to which change this has read, and of which run of numbers; nothing before the first look.
    pub(crate) seen: Option<(i64, Option<Uuid>)>,
    /// The cases behind the index's numbers.
    pub(crate) cases: HashMap<u64, Uuid>,
    names: Arc<Names>,
    names_of: Option<NamesOf>,
    written: i64,
    ready: bool,
}

/// What the names were made from; made anew when any of it has changed.
#[derive(Clone)]
struct NamesOf {
    atlas: Arc<Atlas>,
    aliases: store::AliasStamp,
    registered: Arc<Vec<Registered>>,
    /// When the registers were read: their houses change slowly, and nobody tells.
    read_at: Timestamp,
}

impl State {
    fn empty(rarity: Rarity) -> Self {
        Self {
            index: RepeatIndex::new(rarity, RepeatOptions::default()),
            seen: None,
            cases: HashMap::new(),
            names: Arc::default(),
            names_of: None,
            written: 0,
            ready: false,
        }
    }
}

impl State {
    /// Another index; the names stay.
    fn take_over(&mut self, fresh: Self) {
        let (names, names_of) = (self.names.clone(), self.names_of.take());
        *self = Self { names, names_of, ..fresh };
    }
}

/// A case whose repeats are wanted.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The case.
    pub id: Uuid,
    /// What was said, with the address.
    pub said: &'a str,
    /// Where.
    pub area: &'a AreaCode,
    /// Latitude and longitude.
    pub point: Option<(f64, f64)>,
    /// When.
    pub at: Timestamp,
}

fn day(at: Timestamp) -> i32 {
    i32::try_from(china_day(at)).unwrap_or_default()
}

/// Metres east and north of the equator's first point on a flat map of this latitude: only differences
/// of a few hundred metres are ever looked at.
fn flat(point: (f64, f64)) -> (f64, f64) {
    const DEGREE: f64 = 111_320.0;
    (point.1 * DEGREE * point.0.to_radians().cos(), point.0 * DEGREE)
}

/// A number for a grid; a wider area is no place.
fn grid(area: &AreaCode) -> Option<u32> {
    (area.level() == AreaLevel::Grid).then(|| area.as_str().get(6..)?.parse().ok()).flatten()
}

fn with_case<T>(
    names: &Names,
    said: &str,
    area: &AreaCode,
    point: Option<(f64, f64)>,
    at: Timestamp,
    work: impl FnOnce(&RepeatCase<'_>) -> T,
) -> T {
    let found = names.within(said);
    let written: Vec<&str> = found.iter().map(|m| m.written.as_str()).collect();
    let place = found.first().map(|m| RepeatIndex::place_number(names.canonical(m)));
    let case = RepeatCase {
        text: said,
        names: &written,
        place,
        point: point.map(flat),
        grid: grid(area),
        day: day(at),
    };
    work(&case)
}

impl Memory {
    /// Nothing yet; snapshots go into `folder`.
    pub fn new(folder: &Path) -> Self {
        let state = RwLock::new(State::empty(Rarity::default()));
        Self(Arc::new(Inner { folder: folder.to_owned(), state }))
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        // A change is made whole or, where a thread panicked, made again after the next start.
        self.0.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.0.state.write().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn names(&self) -> Arc<Names> {
        self.read().names.clone()
    }

    /// The names of places as they are now.
    pub(crate) async fn names_now(&self, district: &District, conn: &mut Conn) -> Result<Arc<Names>> {
        let atlas = district.port::<AtlasPort>()?.get();
        let aliases = store::alias_stamp(conn).await?;
        let now = district.clock.now();
        let before = self.read().names_of.clone();
        let known = before.filter(|of| now < of.read_at.plus(REGISTERED));
        if known.as_ref().is_some_and(|of| Arc::ptr_eq(&of.atlas, &atlas) && of.aliases == aliases) {
            return Ok(self.names());
        }
        let (registered, read_at) = match (known, district.ports.get::<PlaceFeed>()) {
            (Some(of), _) => (of.registered, of.read_at),
            (None, Some(feed)) => (Arc::new((feed.houses)(conn).await?), now),
            (None, None) => (Arc::default(), now),
        };
        let said = store::aliases(conn).await?;
        let of = NamesOf { atlas: atlas.clone(), aliases, registered: registered.clone(), read_at };
        let names = tokio::task::spawn_blocking(move || Names::of(&atlas, &registered, &said));
        let names = Arc::new(names.await.map_err(Error::internal)?);
        self.change(|state| {
            state.names = names.clone();
            state.names_of = Some(of);
        });
        Ok(names)
    }

    /// The likely repeats of a case, likeliest first, whoever may see them; nothing before all is read.
    pub fn repeats(&self, asked: &Asked<'_>) -> Option<Vec<Uuid>> {
        let state = self.read();
        if !state.ready {
            return None;
        }
        let found = with_case(&state.names, asked.said, asked.area, asked.point, asked.at, |case| {
            let mut found = state.index.candidates(case, CANDIDATES);
            // Another case of the grid may have neither a point nor a place's name.
            if case.grid.is_some() && (case.place.is_some() || case.point.is_some()) {
                let wide = RepeatCase { place: None, point: None, ..*case };
                found.extend(state.index.candidates(&wide, CANDIDATES));
            }
            found
        });
        let mut ids: Vec<Uuid> = Vec::new();
        for id in found.iter().filter_map(|c| state.cases.get(&c.id)) {
            if *id != asked.id && !ids.contains(id) {
                ids.push(*id);
            }
        }
        Some(ids)
    }

    /// How alike two texts are, and the words that stand in both; where they are says nothing of what they say.
    pub fn alike(&self, a: &str, b: &str) -> (f64, Vec<String>) {
        let state = self.read();
        let (a, b) = (state.names.without(a), state.names.without(b));
        let (a, b) = (a.as_str(), b.as_str());
        let of = |text| RepeatCase { text, ..RepeatCase::default() };
        (f64::from(state.index.likeness(&of(a), &of(b))), state.index.shared_words(a, b))
    }

    /// How many cases the index holds.
    pub fn len(&self) -> usize {
        self.read().index.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads what is missing: the snapshot the first time, then every change since; answers how many.
    pub(crate) async fn catch_up(&self, district: &District) -> Result<usize> {
        let feed = *district.port::<CaseFeed>()?;
        let mut conn = district.db.read().await?;
        let (last, mark) = tide::reached(&mut conn).await?;
        let seen = self.read().seen;
        let fits = |seen: Option<(i64, Option<Uuid>)>| {
            seen.is_some_and(|(n, of)| n <= last && (of == mark || n == 0))
        };
        if !fits(seen) {
            self.restore(&mut conn, last, mark).await?;
        }
        if !fits(self.read().seen) || self.outgrown() {
            self.begin(&mut conn, feed, mark).await?;
        }
        self.names_now(district, &mut conn).await?;
        let mut read = 0;
        loop {
            let after = self.read().seen.map_or(0, |(n, _)| n);
            let changes = tide::after(&mut conn, after, STEP).await?;
            if changes.is_empty() {
                break;
            }
            let ids: Vec<Uuid> = changes.iter().filter(|c| c.listed).map(|c| c.case_id).collect();
            let told: HashMap<Uuid, Told> =
                feed.told(&mut conn, &ids).await?.into_iter().map(|t| (t.id, t)).collect();
            read += changes.len();
            let this = self.clone();
            let applying =
                tokio::task::spawn_blocking(move || this.change(|state| apply(state, &changes, &told, mark)));
            applying.await.map_err(Error::internal)?;
        }
        self.change(|state| {
            state.seen = Some((state.seen.map_or(0, |(n, _)| n), mark));
            state.ready = true;
        });
        self.keep(false).await?;
        Ok(read)
    }

    /// Whether the district has so many more cases than its common words were learned from that they should
    /// be learned again.
    fn outgrown(&self) -> bool {
        let state = self.read();
        let learned = usize::try_from(state.index.rarity().texts()).unwrap_or(usize::MAX);
        state.ready && learned < 5_000 && state.index.len() > 4 * learned.max(50)
    }

    /// From the start: what is common is learned from the newest cases.
    async fn begin(&self, conn: &mut Conn, feed: CaseFeed, mark: Option<Uuid>) -> Result<()> {
        let newest: Vec<(Uuid,)> = conn
            .all("SELECT case_id FROM insight_case WHERE listed ORDER BY n DESC LIMIT $1", params![LEARNED])
            .await?;
        let newest: Vec<Uuid> = newest.into_iter().map(|(id,)| id).collect();
        let mut rarity = Rarity::default();
        for some in newest.chunks(1000) {
            let told = feed.told(conn, some).await?;
            let learning = tokio::task::spawn_blocking(move || {
                for told in told {
                    rarity.learn(&told.said());
                }
                rarity
            });
            rarity = learning.await.map_err(Error::internal)?;
        }
        let cases: i64 = conn.scalar("SELECT count(*) FROM insight_case WHERE listed", vec![]).await?;
        let mut fresh = State::empty(rarity);
        fresh.seen = Some((0, mark));
        // Some more, so that the next ones do not make it grow at once.
        fresh.index.reserve(usize::try_from(cases + cases / 16).unwrap_or_default());
        self.change(|state| state.take_over(fresh));
        Ok(())
    }

    async fn restore(&self, conn: &mut Conn, last: i64, mark: Option<Uuid>) -> Result<()> {
        let folder = self.0.folder.clone();
        let found =
            tokio::task::spawn_blocking(move || snapshot::read(&folder)).await.map_err(Error::internal)?;
        let Some((index, seen, of)) = found.filter(|(_, seen, of)| *seen <= last && *of == mark) else {
            return Ok(());
        };
        let rows: Vec<(i64, Uuid)> = conn.all("SELECT n, case_id FROM insight_case", vec![]).await?;
        let cases = rows.into_iter().map(|(n, id)| (n.unsigned_abs(), id)).collect();
        let fresh =
            State { cases, index, seen: Some((seen, of)), written: seen, ..State::empty(Rarity::default()) };
        self.change(|state| state.take_over(fresh));
        Ok(())
    }

    /// Writes a snapshot when enough has changed, or in any case before a stop.
    pub(crate) async fn keep(&self, now: bool) -> Result<()> {
        {
            let state = self.read();
            let new = state.seen.filter(|_| state.ready).map_or(0, |seen| seen.0 - state.written);
            if new == 0 || (new < UNWRITTEN && !now) {
                return Ok(());
            }
        }
        let this = self.clone();
        let writing = tokio::task::spawn_blocking(move || {
            let (bytes, seen) = {
                let state = this.read();
                (state.index.to_bytes(), state.seen.unwrap_or_default())
            };
            snapshot::write(&this.0.folder, &bytes, seen)?;
            this.change(|state| state.written = seen.0);
            Ok::<(), std::io::Error>(())
        });
        writing.await.map_err(Error::internal)?.map_err(Error::internal)
    }
}

fn apply(state: &mut State, changes: &[tide::Change], told: &HashMap<Uuid, Told>, mark: Option<Uuid>) {
    let names = state.names.clone();
    for change in changes {
        let n = change.n.unsigned_abs();
        if let Some(case) = told.get(&change.case_id).filter(|_| change.listed) {
            let said = format!("{} {}", case.said(), case.address);
            with_case(&names, &said, &case.area, case.point, case.at, |c| state.index.insert(n, c));
            state.cases.insert(n, case.id);
        } else {
            state.index.remove(n);
            state.cases.remove(&n);
        }
        state.seen = Some((change.change, mark));
    }
}
