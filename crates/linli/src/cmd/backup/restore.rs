//! Bringing a backup back, after looking whether it belongs here and is whole.

use std::path::Path;

use linli_store::{Blobs, activity, backup};

use super::{Done, RestoreArgs, key_fits, label, label::Label, wanted};
use crate::{
    config::{Config, DistrictConfig},
    wiring,
};

/// Brings districts back into empty databases and verifies their activity chain.
pub(in crate::cmd) async fn run_restore(config: Config, args: RestoreArgs) -> Done {
    let districts = wanted(&config, args.district.as_deref())?;
    // All of them are looked at before the first is touched.
    let mut labels = Vec::new();
    for settings in &districts {
        let folder = args.folder.join(&settings.name);
        let label = Label::read(&folder, &settings.name)?;
        belongs(&label, settings, &folder).map_err(|e| format!("{}: {e}", settings.name))?;
        if !args.without_key {
            key_fits(&config, &label).map_err(|e| format!("{}: {e}", settings.name))?;
        }
        labels.push((folder, label));
    }
    for (settings, (folder, label)) in districts.into_iter().zip(labels) {
        bring(&config, settings, &folder, &label).await.map_err(|e| format!("{}: {e}", settings.name))?;
    }
    Ok(())
}

/// Whether the backup is of this district, for this engine and program, and undamaged.
fn belongs(label: &Label, settings: &DistrictConfig, folder: &Path) -> Result<(), String> {
    let target = settings.target()?;
    if label.district != settings.name || label.area != settings.area {
        return Err(format!(
            "this is a backup of {} (area {}), not of {} (area {})",
            label.district, label.area, settings.name, settings.area
        ));
    }
    if label.engine != label::engine(&target) {
        return Err(format!(
            "this is a backup of a {} database; district.{}.database names one of {}",
            label.engine,
            settings.name,
            label::engine(&target)
        ));
    }
    if label.schema != label::schema(&target) {
        return Err(format!(
            "the dump comes back as schema {}; name it so in district.{}.database",
            label.schema.as_deref().unwrap_or_default(),
            settings.name
        ));
    }
    let known: Vec<&str> = wiring::migrations().iter().map(|m| m.name).collect();
    if let Some(unknown) = label.migrations.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(format!(
            "the backup was made by a newer linli ({}): it has {unknown}; install that version first",
            label.program
        ));
    }
    let file = folder.join(backup::file_name(&target));
    if !file.exists() {
        return Err(format!("{} is missing", file.display()));
    }
    let found = backup::checksum(&file).map_err(|e| e.to_string())?;
    if found != label.checksum {
        return Err(format!("{} is damaged: its checksum is not the one of the label", file.display()));
    }
    Ok(())
}

async fn bring(config: &Config, settings: &DistrictConfig, folder: &Path, label: &Label) -> Done {
    // Files first: they harm nobody where the rows do not come, and rows never point at nothing.
    let files =
        Blobs::open(&config.blobs(&settings.name))?.take_from(&Blobs::open(&folder.join("blobs"))?)?;
    if files != label.files {
        return Err(format!("the backup had {} files, and {files} are there", label.files).into());
    }
    backup::restore(&settings.target()?, folder).await?;
    let db = wiring::database(settings).await?;
    let verdict = activity::verify(&db).await?;
    let holds = label.activity_sealed == 0 || activity::holds(&db, &label.activity_head).await?;
    db.close().await;
    if !holds || !verdict.faults.is_empty() {
        return Err(format!(
            "it is back, but its activity chain is not whole: {}",
            verdict.faults.first().map_or("the head of the label is not in it", String::as_str)
        )
        .into());
    }
    println!(
        "{}: {} activity rows in one unbroken chain, {files} files, copied {}",
        settings.name, verdict.sealed, label.made_at
    );
    Ok(())
}
