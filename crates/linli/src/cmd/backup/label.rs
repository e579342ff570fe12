//! What a backup says of itself, so that a restore refuses the wrong one before it touches anything.

use std::{fs, path::Path};

use linli_kernel::Timestamp;
use linli_store::Target;
use serde::{Deserialize, Serialize};

use super::Done;

/// `backup.json` beside the copy.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Label {
    pub(super) district: String,
    pub(super) area: String,
    /// `sqlite` or `postgres`.
    pub(super) engine: String,
    /// PostgreSQL only: the dump brings it back under this name.
    pub(super) schema: Option<String>,
    pub(super) program: String,
    pub(super) migrations: Vec<String>,
    pub(super) made_at: Timestamp,
    /// SHA-256 of the copy.
    pub(super) checksum: String,
    /// Marks of the master keys that wrap the data keys inside.
    pub(super) master_keys: Vec<String>,
    pub(super) activity_head: String,
    pub(super) activity_sealed: i64,
    pub(super) files: usize,
}

const FILE: &str = "backup.json";

impl Label {
    pub(super) fn write(&self, folder: &Path) -> Done {
        Ok(fs::write(folder.join(FILE), serde_json::to_string_pretty(self)?)?)
    }

    pub(super) fn read(folder: &Path, district: &str) -> Result<Self, String> {
        let path = folder.join(FILE);
        let text = fs::read_to_string(&path)
            .map_err(|e| format!("{}: {e}; is this a backup of {district}?", path.display()))?;
        serde_json::from_str(&text).map_err(|e| format!("{} is damaged: {e}", path.display()))
    }
}

pub(super) const fn engine(target: &Target) -> &'static str {
    match target {
        Target::Sqlite(_) => "sqlite",
        Target::Postgres { .. } => "postgres",
    }
}

pub(super) fn schema(target: &Target) -> Option<String> {
    match target {
        Target::Sqlite(_) => None,
        Target::Postgres { schema, .. } => Some(schema.clone()),
    }
}

/// Where it is, without a password.
pub(super) fn place(target: &Target) -> String {
    match target {
        Target::Sqlite(path) => path.display().to_string(),
        Target::Postgres { schema, .. } => format!("schema {schema}"),
    }
}
