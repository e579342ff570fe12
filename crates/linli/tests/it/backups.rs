//! A district copied while it is served, brought back elsewhere, and compared row by row.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use linli_store::{Blobs, Db, District, Target, activity};
use linli_testkit::{Scratch, both_engines};
use sqlx::{AssertSqlSafe, ConnectOptions, Executor};

use crate::{
    house::{database, house},
    program::{Program, settings},
};

/// Every row of every table as text.
async fn rows(db: &Db) -> Vec<String> {
    let mut conn = db.read().await.unwrap();
    let tables: Vec<(String,)> = conn
        .all(
            conn.dialect(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE '%words_%' ORDER BY 1",
                "SELECT table_name::text FROM information_schema.tables WHERE table_schema = current_schema() ORDER BY 1",
            )
            .to_owned()
            .as_str(),
            vec![],
        )
        .await
        .unwrap();
    let mut all = Vec::new();
    for (table,) in tables {
        let columns: Vec<(String,)> = match db.engine() {
            linli_store::Engine::Sqlite { .. } => {
                let sql = format!("SELECT 'quote(' || name || ')' FROM pragma_table_info('{table}')");
                conn.all(&sql, vec![]).await.unwrap()
            }
            linli_store::Engine::Postgres { .. } => vec![("t::text".to_owned(),)],
        };
        let row = columns.iter().map(|(c,)| c.as_str()).collect::<Vec<_>>().join(" || '|' || ");
        let found: Vec<(String,)> =
            conn.all(&format!("SELECT {row} FROM {table} t ORDER BY 1"), vec![]).await.unwrap();
        all.extend(found.into_iter().map(|(text,)| format!("{table}: {text}")));
    }
    all
}

/// Where the district comes back: another file, or the same schema in another database of the server.
struct Elsewhere {
    folder: tempfile::TempDir,
    database: String,
}

impl Elsewhere {
    async fn new(scratch: &Scratch) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = match &scratch.target {
            Target::Sqlite(_) => format!("sqlite:{}", folder.path().join("back.db").display()),
            Target::Postgres { url, schema } => {
                let (server, _) = url.rsplit_once('/').unwrap();
                let options: sqlx::postgres::PgConnectOptions = url.parse().unwrap();
                let mut conn = options.connect().await.unwrap();
                let name = format!("back_{schema}_{}", fastrand(folder.path()));
                conn.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
                format!("{server}/{name}?schema={schema}")
            }
        };
        Self { folder, database }
    }

    fn program(&self, key: &Path) -> Program {
        Program::new(&settings(self.folder.path(), key, &self.database))
    }
}

/// Letters of a temporary folder's name, which are random.
fn fastrand(folder: &Path) -> String {
    let name = folder.file_name().unwrap().to_string_lossy().to_ascii_lowercase();
    name.chars().filter(char::is_ascii_alphanumeric).collect()
}

async fn some_photos(district: &District) {
    let blobs = district.port::<Blobs>().unwrap();
    for n in 0..5_u8 {
        blobs.put(vec![n; 4000]).await.unwrap();
    }
}

/// Writes until told to stop; answers how many.
fn busy(district: &Arc<District>, stop: &Arc<AtomicBool>) -> tokio::task::JoinHandle<u32> {
    let (district, stop) = (district.clone(), stop.clone());
    tokio::spawn(async move {
        let mut done = 0;
        while !stop.load(Ordering::Relaxed) {
            let mut op = district.op("busy").await.unwrap();
            op.log(linli_store::Entry {
                action: "test.act",
                subject: "thing",
                subject_id: done.to_string(),
                area: district.area.clone(),
                detail: serde_json::json!({}),
            })
            .await
            .unwrap();
            op.emit("test.nobody", &done).await.unwrap();
            op.commit().await.unwrap();
            activity::seal(&district.db).await.unwrap();
            done += 1;
        }
        done
    })
}

fn damage(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    fs::write(path, bytes).unwrap();
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Photos and models in a copy.
fn blobs_of(backup: &Path) -> Vec<String> {
    Blobs::open(&backup.join("a/blobs")).unwrap().names().unwrap()
}

fn blob_of(backup: &Path) -> PathBuf {
    let name = blobs_of(backup).remove(0);
    backup.join("a/blobs").join(&name[..2]).join(name)
}

both_engines! {
    async fn what_was_copied_comes_back_whole(s) {
        let house = house(&[(&s, "a", 1)], false).await;
        let district = house.districts[0].clone();
        some_photos(&district).await;
        while activity::seal(&district.db).await.unwrap() > 0 {}
        let key = s.folder.path().join("master.key");
        let program = Program::of(&s);
        let folder = tempfile::tempdir().unwrap();

        // While it is being written to.
        let stop = Arc::new(AtomicBool::new(false));
        let writer = busy(&district, &stop);
        let during = folder.path().join("during");
        program.run(&["backup", during.to_str().unwrap()]).await.well();
        stop.store(true, Ordering::Relaxed);
        assert!(writer.await.unwrap() > 0, "something was written meanwhile");
        let back = Elsewhere::new(&s).await;
        let said = back.program(&key).run(&["restore", during.to_str().unwrap()]).await.well();
        let files = blobs_of(&during).len();
        assert!(files >= 5 && said.contains(&format!("one unbroken chain, {files} files")), "{said}");
        back.program(&key).run(&["audit", "verify"]).await.well();

        // At rest: the same rows everywhere.
        let quiet = folder.path().join("quiet");
        program.run(&["backup", quiet.to_str().unwrap()]).await.well();
        let back = Elsewhere::new(&s).await;
        back.program(&key).run(&["restore", quiet.to_str().unwrap()]).await.well();
        let db = Db::open(&back.database.parse().unwrap()).await.unwrap();
        let (theirs, ours) = (rows(&db).await, rows(&district.db).await);
        assert!(ours.len() > 500, "{} rows", ours.len());
        assert!(theirs == ours, "a row differs: {:?}", theirs.iter().zip(&ours).find(|(a, b)| a != b));
        db.close().await;
        let photos = |folder: &Path| Blobs::open(&folder.join("blobs/a")).unwrap().names().unwrap();
        assert_eq!(photos(back.folder.path()), photos(s.folder.path()));
        // It can be served from there: keys open, migrations are known.
        let doctor = back.program(&key).run(&["doctor"]).await.text;
        assert!(doctor.contains("ok    database of a"), "{doctor}");
    }

    async fn a_restore_that_cannot_be_right_says_why_and_touches_nothing(s) {
        let house = house(&[(&s, "a", 1)], false).await;
        some_photos(&house.districts[0]).await;
        let key = s.folder.path().join("master.key");
        let program = Program::of(&s);
        let folder = tempfile::tempdir().unwrap();
        let kept = folder.path().join("kept");
        program.run(&["backup", kept.to_str().unwrap()]).await.well();
        program.run(&["backup", kept.to_str().unwrap()]).await.refused(&["exists", "new folder"]);
        program.run(&["backup", "/nowhere", "--district", "b"]).await.refused(&["no district is called b"]);

        // Into itself: the target exists.
        let taken = match &s.target { Target::Sqlite(_) => "move it away", Target::Postgres { .. } => "is not empty" };
        program.run(&["restore", kept.to_str().unwrap()]).await.refused(&[taken]);

        let back = Elsewhere::new(&s).await;
        let refuses = async |backup: &Path, key: &Path, words: &[&str]| {
            back.program(key).run(&["restore", backup.to_str().unwrap()]).await.refused(words);
            if let Ok(Target::Sqlite(path)) = back.database.parse::<Target>() {
                assert!(!path.exists(), "nothing was touched");
            }
        };
        refuses(&folder.path().join("elsewhere"), &key, &["backup.json", "is this a backup of a?"]).await;
        refuses(&kept, &folder.path().join("no.key"), &["master key", "is missing", "--without-key"]).await;
        let other = folder.path().join("other.key");
        fs::write(&other, "ab".repeat(32)).unwrap();
        fs::set_permissions(&other, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        refuses(&kept, &other, &["not the one that sealed this backup"]).await;

        let bad = folder.path().join("bad");
        copy_tree(&kept, &bad);
        let file = linli_store::backup::file_name(&s.target);
        damage(&bad.join("a").join(file));
        refuses(&bad, &key, &[file, "is damaged"]).await;

        let bad = folder.path().join("photo");
        copy_tree(&kept, &bad);
        damage(&blob_of(&bad));
        refuses(&bad, &key, &["is damaged", "its content is not what its name says"]).await;
        fs::remove_file(blob_of(&bad)).unwrap();
        let files = blobs_of(&kept).len();
        refuses(&bad, &key, &[&format!("the backup had {files} files, and {} are there", files - 1)]).await;

        // Another engine, another district, another schema.
        let label = fs::read_to_string(kept.join("a/backup.json")).unwrap();
        let wrong = folder.path().join("wrong");
        for (from, to, words) in [
            ("\"district\": \"a\"", "\"district\": \"z\"", "this is a backup of z"),
            ("\"area\": \"371002\"", "\"area\": \"371003\"", "area 371003"),
            ("\"engine\": \"", "\"engine\": \"other-", "this is a backup of a other-"),
            ("\"store/0001_init\"", "\"store/9999_later\"", "newer linli"),
        ] {
            copy_tree(&kept, &wrong);
            assert!(label.contains(from), "{label}");
            fs::write(wrong.join("a/backup.json"), label.replacen(from, to, 1)).unwrap();
            refuses(&wrong, &key, &[words]).await;
        }
        let sealed = back.program(&folder.path().join("no.key"));
        sealed.run(&["restore", kept.to_str().unwrap(), "--without-key"]).await.well();
    }

    async fn no_database_no_backup(s) {
        let folder = tempfile::tempdir().unwrap();
        let nowhere = match &s.target {
            Target::Sqlite(_) => format!("sqlite:{}", folder.path().join("nothing.db").display()),
            Target::Postgres { .. } => database(&s),
        };
        let program = Program::new(&settings(folder.path(), &folder.path().join("k"), &nowhere));
        let out = folder.path().join("out");
        program.run(&["backup", out.to_str().unwrap()]).await.refused(&["a: no backup was made", "there is no database"]);
        assert!(!folder.path().join("nothing.db").exists(), "looking made none");
        assert!(!out.join("a").exists() && !out.join("a.partial").exists(), "nothing half-made is left");
    }
}
