//! A district as the program holds it: its database, clock, ids and ports.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    fmt,
    sync::Arc,
};

use linli_kernel::{Actor, AreaCode, Clock, Ids, Result};

use crate::{Db, Op};

/// What slices offer each other without knowing each other: one value per type, wired by the binary.
#[derive(Default, Clone)]
pub struct Ports(HashMap<TypeId, Arc<dyn Any + Send + Sync>>);

impl Ports {
    /// Fills the port of type `T`.
    #[must_use]
    pub fn with<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.0.insert(TypeId::of::<T>(), Arc::new(value));
        self
    }

    /// The value of type `T`, if the binary wired one.
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.0.get(&TypeId::of::<T>()).cloned().and_then(|any| any.downcast().ok())
    }
}

impl fmt::Debug for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ports({})", self.0.len())
    }
}

/// One district (区县): one database namespace and all that hangs on it.
#[derive(Debug)]
pub struct District {
    /// Short name in host names and files, for example `huancui`.
    pub name: String,
    /// The district's area code, the widest scope there is.
    pub area: AreaCode,
    /// Letters before a case number, for example `HC`.
    pub prefix: String,
    /// The database.
    pub db: Db,
    /// Where the present comes from.
    pub clock: Clock,
    /// Where ids and randomness come from.
    pub ids: Ids,
    /// What slices offer each other.
    pub ports: Ports,
}

impl District {
    /// The port of type `T`; its absence is a fault of the wiring.
    pub fn port<T: Send + Sync + 'static>(&self) -> Result<Arc<T>> {
        self.ports.get().ok_or_else(|| {
            linli_kernel::Error::internal(format!("nothing is wired for {}", std::any::type_name::<T>()))
        })
    }

    /// Begins a use case of a job, as the system itself.
    pub async fn op(self: &Arc<Self>, request: &str) -> Result<Op> {
        Op::begin(self.clone(), &self.db, Actor::System, request.to_owned()).await
    }
}
