//! Which rights let an open page hear that things of a kind have changed.

use std::time::Duration;

use linli_access::web::live::Topics;

/// The kinds that slices announce, with the rights to see a list of them.
pub const TOPICS: Topics = Topics {
    table: &[
        ("atlas", &["area.read"]),
        ("case", &["case.list"]),
        ("claim", &["claim.read"]),
        ("household", &["household.list"]),
        ("insight", &["hot.view", "model.manage", "place.edit"]),
        ("meeting", &["meeting.read"]),
        ("survey", &["survey.read", "survey.fill"]),
        ("visit", &["rhythm.read"]),
    ],
    pace: Duration::from_secs(20),
};

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    fn kinds_of_pages(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                kinds_of_pages(&path, found);
                continue;
            }
            let Ok(text) = fs::read_to_string(&path) else { continue };
            for rest in text.split("/live?kinds=").skip(1) {
                let end = rest.find(|c: char| !c.is_ascii_lowercase() && c != ',').unwrap_or(rest.len());
                found.extend(rest[..end].split(',').map(str::to_owned));
            }
        }
    }

    #[test]
    fn every_page_may_hear_by_a_right_that_there_is() {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let mut wanted = BTreeSet::new();
        for slice in fs::read_dir(crates).unwrap() {
            let templates = slice.unwrap().path().join("templates");
            if templates.is_dir() {
                kinds_of_pages(&templates, &mut wanted);
            }
        }
        assert!(wanted.len() > 5, "{wanted:?}");
        let policy = linli_access::Policy::built_in().unwrap();
        let actions: BTreeSet<&str> = policy.actions().map(|(code, ..)| code).collect();
        for kind in &wanted {
            let known = TOPICS.table.iter().find(|(known, _)| known == kind);
            let (_, rights) = known.unwrap_or_else(|| panic!("nobody may hear of {kind}"));
            assert!(rights.iter().all(|right| actions.contains(right)), "{kind}: {rights:?}");
        }
    }
}
