//! `linli backup` and `linli restore`

mod label;
mod restore;

use std::{fs, path::PathBuf};

use linli_access::Master;
use linli_kernel::{Clock, params};
use linli_store::{Blobs, activity, backup};

use super::Done;
use crate::{
    config::{Config, DistrictConfig},
    wiring,
};

use label::Label;
pub(super) use restore::run_restore;

/// Options of `linli backup`.
#[derive(clap::Args)]
pub struct BackupArgs {
    /// Folder to make; one folder per district inside it.
    folder: PathBuf,
    /// Only this district.
    #[arg(long, value_name = "NAME")]
    district: Option<String>,
}

/// Options of `linli restore`.
#[derive(clap::Args)]
pub struct RestoreArgs {
    /// A folder that `linli backup` made.
    folder: PathBuf,
    /// Only this district.
    #[arg(long, value_name = "NAME")]
    district: Option<String>,
    /// Restore although the master key of this backup is not there: sealed names and phones stay shut.
    #[arg(long)]
    without_key: bool,
}

/// The districts that a command is about; a name that nobody has is a mistake.
fn wanted<'c>(config: &'c Config, only: Option<&str>) -> Result<Vec<&'c DistrictConfig>, String> {
    let found: Vec<_> = config.district.iter().filter(|d| only.is_none_or(|name| name == d.name)).collect();
    if found.is_empty() {
        let names: Vec<&str> = config.district.iter().map(|d| d.name.as_str()).collect();
        return Err(format!(
            "no district is called {}; the settings have: {}",
            only.unwrap_or_default(),
            names.join(", ")
        ));
    }
    Ok(found)
}

/// Copies every district: database, photos and models, and a label by which a restore knows what it has before it.
///
/// The master key is not in it: keep that apart, or the copy gives every sealed field away.
pub(super) async fn run_backup(config: Config, args: BackupArgs) -> Done {
    for settings in wanted(&config, args.district.as_deref())? {
        let folder = args.folder.join(&settings.name);
        if folder.exists() {
            return Err(format!("{} exists; give a new folder", folder.display()).into());
        }
        // Under another name until it is whole: half a backup must not look like one.
        let half = args.folder.join(format!("{}.partial", settings.name));
        if half.exists() {
            fs::remove_dir_all(&half).map_err(|e| format!("{}: {e}", half.display()))?;
        }
        fs::create_dir_all(&half).map_err(|e| format!("{}: {e}", half.display()))?;
        match copy(&config, settings, &half).await {
            Ok(said) => {
                fs::rename(&half, &folder)?;
                println!("{}: {}, {said}", settings.name, folder.display());
            }
            Err(error) => {
                let _ = fs::remove_dir_all(&half);
                return Err(format!("{}: no backup was made: {error}", settings.name).into());
            }
        }
    }
    println!("The master key is not in the backup. Keep {} somewhere else.", config.master_key().display());
    Ok(())
}

async fn copy(
    config: &Config,
    settings: &DistrictConfig,
    folder: &std::path::Path,
) -> Result<String, Box<dyn std::error::Error>> {
    let target = settings.target()?;
    if !backup::exists(&target).await? {
        return Err(format!("there is no database at {}", label::place(&target)).into());
    }
    let db = wiring::database(settings).await?;
    let before = activity::verify(&db).await?;
    for fault in &before.faults {
        eprintln!("{}: the activity log is not whole: {fault}", settings.name);
    }
    let keys: Vec<(String,)> =
        db.read().await?.all("SELECT DISTINCT master FROM data_key ORDER BY master", vec![]).await?;
    let steps: Vec<(String,)> =
        db.read().await?.all("SELECT name FROM migration ORDER BY name", params![]).await?;
    db.close().await;
    // First the rows, then the files: a photo is on disk before its row, so none can be missing.
    let file = backup::backup(&target, folder).await?;
    let files =
        Blobs::open(&folder.join("blobs"))?.take_from(&Blobs::open(&config.blobs(&settings.name))?)?;
    let label = Label {
        district: settings.name.clone(),
        area: settings.area.clone(),
        engine: label::engine(&target).into(),
        schema: label::schema(&target),
        program: env!("CARGO_PKG_VERSION").into(),
        migrations: steps.into_iter().map(|(name,)| name).collect(),
        made_at: Clock::System.now(),
        checksum: backup::checksum(&file)?,
        master_keys: keys.into_iter().map(|(mark,)| mark).collect(),
        activity_head: before.head,
        activity_sealed: before.sealed,
        files,
    };
    label.write(folder)?;
    Ok(format!("{} MB, {files} files", fs::metadata(&file)?.len().div_ceil(1_000_000)))
}

/// Whether the master key of the settings opens what `label` describes.
fn key_fits(config: &Config, label: &Label) -> Result<(), String> {
    let path = config.master_key();
    let advice = "put the key that was used with this backup there, or restore --without-key";
    let marks = Master::read(&path).map_err(|e| format!("{e}; {advice}"))?.marks();
    if label.master_keys.iter().all(|wanted| marks.contains(wanted)) {
        return Ok(());
    }
    Err(format!("the master key {} is not the one that sealed this backup; {advice}", path.display()))
}
