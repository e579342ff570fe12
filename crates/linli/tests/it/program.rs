//! The built program, run as an operator runs it.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use linli_testkit::Scratch;

use crate::house::database;

/// A settings file and the program that reads it.
pub(crate) struct Program {
    pub(crate) settings: PathBuf,
    _folder: tempfile::TempDir,
}

/// Settings of one district called `a`, as `house` makes it.
pub(crate) fn settings(data: &Path, key: &Path, database: &str) -> String {
    format!(
        "data = '{}'\nmaster_key_file = '{}'\n[[district]]\nname = 'a'\narea = '371002'\nprefix = 'HC'\ndatabase = '{database}'\n",
        data.display(),
        key.display()
    )
}

impl Program {
    pub(crate) fn new(settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("linli.toml");
        std::fs::write(&path, settings).unwrap();
        Self { settings: path, _folder: folder }
    }

    /// For the district of `house` over `scratch`.
    pub(crate) fn of(scratch: &Scratch) -> Self {
        let data = scratch.folder.path();
        Self::new(&settings(data, &data.join("master.key"), &database(scratch)))
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_linli"));
        // The environment of whoever runs the tests must not reach into them.
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("LINLI_")) {
            command.env_remove(name);
        }
        command.arg("--config").arg(&self.settings).args(arguments).env("RUST_LOG", "warn");
        command
    }

    pub(crate) async fn run(&self, arguments: &[&str]) -> Said {
        let mut command = self.command(arguments);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        Said::from(output)
    }
}

/// What the program said, and whether it was content.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) good: bool,
    pub(crate) text: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        Self { good: output.status.success(), text }
    }
}

impl Said {
    pub(crate) fn well(self) -> String {
        assert!(self.good, "{}", self.text);
        self.text
    }

    /// That it refused, naming `words`.
    pub(crate) fn refused(self, words: &[&str]) {
        assert!(!self.good, "it should have refused: {}", self.text);
        for word in words {
            assert!(self.text.contains(word), "“{word}” is not in: {}", self.text);
        }
    }
}
