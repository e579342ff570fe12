//! `linli backup` and `linli restore`

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use linli_kernel::{Clock, Timestamp};
use linli_store::{Blobs, activity, backup};
use serde::{Deserialize, Serialize};

use super::Done;
use crate::{config::Config, wiring};

/// Options of `linli backup`.
#[derive(clap::Args)]
pub struct BackupArgs {
    /// Folder to make; one folder per district inside it.
    folder: PathBuf,
}

/// Options of `linli restore`.
#[derive(clap::Args)]
pub struct RestoreArgs {
    /// A folder that `linli backup` made.
    folder: PathBuf,
    /// Only this district.
    #[arg(long)]
    district: Option<String>,
}

/// What a backup says of itself.
#[derive(Debug, Serialize, Deserialize)]
struct Label {
    district: String,
    program: String,
    made_at: Timestamp,
    activity_head: String,
    activity_sealed: i64,
    photos: usize,
}

const LABEL: &str = "backup.json";

/// Copies every district: database, photos, and a label with the head of the activity chain.
///
/// The master key is not in it: keep that apart, or the copy gives every sealed field away.
pub(super) async fn run_backup(config: Config, args: BackupArgs) -> Done {
    for settings in &config.district {
        let folder = args.folder.join(&settings.name);
        if folder.exists() {
            return Err(format!("{} exists; give a new folder", folder.display()).into());
        }
        fs::create_dir_all(&folder)?;
        let db = wiring::database(settings).await?;
        let head = activity::verify(&db).await?;
        // First the rows, then the photos: a photo is on disk before its row, so none can be missing.
        let file = backup::backup(&settings.target()?, &folder).await?;
        let photos = copy_tree(&config.blobs(&settings.name), &folder.join("blobs"))?;
        let label = Label {
            district: settings.name.clone(),
            program: env!("CARGO_PKG_VERSION").into(),
            made_at: Clock::System.now(),
            activity_head: head.head,
            activity_sealed: head.sealed,
            photos,
        };
        fs::write(folder.join(LABEL), serde_json::to_string_pretty(&label)?)?;
        db.close().await;
        println!(
            "{}: {} ({} MB), {photos} photos",
            settings.name,
            file.display(),
            fs::metadata(&file)?.len() / 1_000_000
        );
    }
    println!("The master key is not in the backup. Keep {} somewhere else.", config.master_key().display());
    Ok(())
}

/// Brings districts back into empty databases and verifies their activity chain.
pub(super) async fn run_restore(config: Config, args: RestoreArgs) -> Done {
    for settings in
        config.district.iter().filter(|d| args.district.as_ref().is_none_or(|only| *only == d.name))
    {
        let folder = args.folder.join(&settings.name);
        let label = fs::read_to_string(folder.join(LABEL)).map_err(|e| {
            format!("{}: {e}; is this a backup of {}?", folder.join(LABEL).display(), settings.name)
        })?;
        let label: Label = serde_json::from_str(&label)?;
        backup::restore(&settings.target()?, &folder).await?;
        let photos = copy_tree(&folder.join("blobs"), Blobs::open(&config.blobs(&settings.name))?.folder())?;
        let db = wiring::database(settings).await?;
        let verdict = activity::verify(&db).await?;
        let whole = verdict.faults.is_empty()
            && (label.activity_sealed == 0 || activity::holds(&db, &label.activity_head).await?);
        db.close().await;
        println!(
            "{}: {} activity rows, {photos} photos, copied {}",
            settings.name, verdict.sealed, label.made_at
        );
        if !whole {
            return Err(format!(
                "{}: the activity chain is not the one of the backup: {:?}",
                settings.name, verdict.faults
            )
            .into());
        }
    }
    Ok(())
}

fn copy_tree(from: &Path, to: &Path) -> io::Result<usize> {
    let mut count = 0;
    if !from.exists() {
        return Ok(0);
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            count += copy_tree(&entry.path(), &target)?;
        } else if !target.exists() {
            // Blobs never change, so a second name for the same content is a full copy.
            if fs::hard_link(entry.path(), &target).is_err() {
                fs::copy(entry.path(), &target)?;
            }
            count += 1;
        }
    }
    Ok(count)
}
