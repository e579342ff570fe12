//! What the whole process shares.

use std::{collections::HashMap, sync::Arc};

use linli_store::District;
use tokio::sync::watch;

use crate::{
    Catalog,
    limit::{DistrictLimits, Limits},
};

/// The process: its districts by host name, its texts, its limits. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>, Of);

/// The district whose limits count, by its place among all; none for the process itself.
type Of = Option<usize>;

struct Inner {
    districts: Vec<Arc<District>>,
    hosts: HashMap<String, usize>,
    catalog: Catalog,
    limits: Limits,
    development: bool,
    stop: watch::Sender<bool>,
}

impl App {
    /// Wires the process. The first district also answers for host names that nobody claims when it
    /// is the only one; with several, an unknown host is not found.
    pub fn new(districts: Vec<(Arc<District>, Vec<String>)>, catalog: Catalog, development: bool) -> Self {
        let hosts = districts
            .iter()
            .enumerate()
            .flat_map(|(n, (_, hosts))| hosts.iter().map(move |host| (host.to_ascii_lowercase(), n)))
            .collect();
        let districts = districts.into_iter().map(|(district, _)| district).collect();
        let stop = watch::Sender::new(false);
        Self(
            Arc::new(Inner { districts, hosts, catalog, limits: Limits::default(), development, stop }),
            None,
        )
    }

    /// The district that answers for a `Host` header.
    pub fn district(&self, host: &str) -> Option<Arc<District>> {
        let name = host
            .rsplit_once(':')
            .map_or(host, |(name, port)| if port.bytes().all(|b| b.is_ascii_digit()) { name } else { host });
        match self.0.hosts.get(&name.to_ascii_lowercase()) {
            Some(n) => self.0.districts.get(*n).cloned(),
            None if self.0.districts.len() == 1 => self.0.districts.first().cloned(),
            None => None,
        }
    }

    /// Says that the process stops: streams that have no end of their own end now.
    pub fn stop(&self) {
        self.0.stop.send_replace(true);
    }

    /// Resolves once the process stops.
    pub fn stopping(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut stop = self.0.stop.subscribe();
        async move {
            // An error means that the process is gone already.
            let _ = stop.wait_for(|stop| *stop).await;
        }
    }

    /// All districts.
    pub fn districts(&self) -> &[Arc<District>] {
        &self.0.districts
    }

    /// The texts.
    pub fn catalog(&self) -> &Catalog {
        &self.0.catalog
    }

    /// The process as one of its districts has it.
    #[must_use]
    pub fn of(&self, district: &District) -> Self {
        let place = self.0.districts.iter().position(|one| one.name == district.name);
        Self(self.0.clone(), place)
    }

    /// The limits per source and purpose, in the district of this handle; the only one where there is no other.
    pub fn limits(&self) -> DistrictLimits<'_> {
        let place = self.1.or((self.0.districts.len() == 1).then_some(0));
        let district = place.and_then(|place| self.0.districts.get(place)).map_or("", |one| &one.name);
        DistrictLimits { all: &self.0.limits, district }
    }

    /// Whether to show developers' headers.
    pub fn development(&self) -> bool {
        self.0.development
    }
}
