//! `linli doctor` finds what is wrong and says what to do; a healthy house is told so.

use std::{fs, os::unix::fs::PermissionsExt, time::Duration};

use linli::{
    cmd::doctor::{Grade, look},
    config::{Config, DistrictConfig},
    wiring,
};
use linli_kernel::Clock;
use linli_store::{Db, migrate::migrate};
use linli_testkit::{Scratch, both_engines};

use crate::{
    house::{database, house},
    program::{Program, settings},
};

fn config(s: &Scratch) -> Config {
    let mut config = Config { data: s.folder.path().to_owned(), ..Config::default() };
    config.district.push(DistrictConfig {
        name: "a".into(),
        area: "371002".into(),
        prefix: "HC".into(),
        database: database(s),
        hosts: Vec::new(),
    });
    config
}

/// What has to be mended, as one text.
async fn wrong(config: &Config, clock: &Clock) -> String {
    let found = look(config, clock, false).await;
    let bad = found.0.into_iter().filter(|f| f.grade == Grade::Wrong);
    bad.map(|f| {
        assert!(!f.mend.is_empty(), "{} comes with advice", f.what);
        f.what
    })
    .collect::<Vec<_>>()
    .join("\n")
}

both_engines! {
    async fn a_healthy_house_and_what_can_befall_it(s) {
        let house = house(&[(&s, "a", 1)], false).await;
        let clock = house.districts[0].clock.clone();
        let config = config(&s);
        let program = Program::of(&s);
        // The demo's clock stands still; the machine's does not.
        let text = wrong(&config, &clock).await;
        assert!(text.lines().all(|l| l.contains("clock and that of the database")), "{text}");

        let key = config.master_key();
        let good = fs::read(&key).unwrap();
        fs::write(&key, "cd".repeat(32)).unwrap();
        assert!(wrong(&config, &clock).await.contains("does not open the database of a"));
        fs::write(&key, "rubbish").unwrap();
        assert!(wrong(&config, &clock).await.contains("64 hexadecimal digits"));
        program.run(&["doctor", "--settings"]).await.refused(&["WRONG", "64 hexadecimal digits"]);
        fs::write(&key, &good).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(wrong(&config, &clock).await.contains("may be read by others"));
        fs::remove_file(&key).unwrap();
        assert!(wrong(&config, &clock).await.contains("is missing"));
        program.run(&["doctor"]).await.refused(&["WRONG", "master key", "is missing", "openssl rand -hex 32"]);
        program.run(&["serve", "--listen", "127.0.0.1:0"]).await.refused(&["master key", "is missing"]);
        fs::write(&key, &good).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        program.run(&["doctor", "--settings"]).await.well();

        // The log has things of a later day than the clock.
        let behind = Clock::fixed("2026-11-22T09:00:00+08:00".parse().unwrap());
        assert!(wrong(&config, &behind).await.contains("lie in the future"));
        let ancient = Clock::fixed("2001-01-01T00:00:00+08:00".parse().unwrap());
        assert!(wrong(&config, &ancient).await.contains("before this program was written"));

        // A newer program was here.
        let mut tx = house.districts[0].db.begin().await.unwrap();
        tx.execute("INSERT INTO migration (name, hash, applied_at) VALUES ('store/9999_later', 'x', 1)", vec![]).await.unwrap();
        tx.commit().await.unwrap();
        assert!(wrong(&config, &clock).await.contains("used by a newer linli: store/9999_later"));
    }

    async fn a_database_behind_is_found_and_brought_up(s) {
        let steps = wiring::migrations();
        let clock = Clock::System;
        migrate(&s.db, &steps[..steps.len() - 1], clock.now()).await.unwrap();
        let program = Program::new(&settings(s.folder.path(), &s.folder.path().join("k"), &database(&s)));
        let last = steps.last().unwrap().name;
        program.run(&["doctor"]).await.refused(&["database of a is behind by 1", last, "linli migrate"]);
        assert!(program.run(&["migrate", "--dry-run"]).await.well().contains(last));
        program.run(&["doctor"]).await.refused(&["is behind"]);
        program.run(&["migrate"]).await.well();
        let text = program.run(&["doctor"]).await.text;
        assert!(text.contains("ok    database of a"), "{text}");
        assert!(!text.contains("behind"), "{text}");
    }

    async fn what_was_set_aside_is_a_note(s) {
        let house = house(&[(&s, "a", 1)], false).await;
        let district = &house.districts[0];
        let mut op = district.op("t").await.unwrap();
        op.emit("test.nobody", &()).await.unwrap();
        op.commit().await.unwrap();
        let mut tx = district.db.begin().await.unwrap();
        tx.execute("UPDATE outbox SET failed_at = 1 WHERE kind = 'test.nobody'", vec![]).await.unwrap();
        tx.commit().await.unwrap();
        let found = look(&config(&s), &district.clock, false).await;
        assert!(found.0.iter().any(|f| f.grade == Grade::Note && f.what.contains("1 set aside")), "{found:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    // Port 1 of the loopback: nobody listens there.
    let text =
        settings(folder.path(), &folder.path().join("k"), "postgres://linli@127.0.0.1:1/linli?schema=a");
    let program = Program::new(&text);
    let said = tokio::time::timeout(Duration::from_secs(50), program.run(&["doctor"])).await.unwrap();
    said.refused(&["database of a", "district"]);
}

#[tokio::test]
async fn looking_makes_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("none.db");
    let text = settings(folder.path(), &folder.path().join("k"), &format!("sqlite:{}", file.display()));
    let said = Program::new(&text).run(&["doctor"]).await.text;
    assert!(said.contains("there is none yet"), "{said}");
    assert!(!file.exists());
}

#[tokio::test]
async fn wrong_settings_name_their_key() {
    for (text, words) in [
        ("lisen = '1'", vec!["WRONG", "lisen"]),
        ("listen = 'nowhere'", vec!["WRONG", "listen", "nowhere"]),
        (
            "[[district]]\nname = 'a'\narea = '37'\nprefix = 'A'\ndatabase = 'sqlite:a'",
            vec!["WRONG", "district.a.area"],
        ),
        (
            "[[district]]\nname = 'a'\narea = '371002'\nprefix = 'A'\ndatabase = 'oracle:a'",
            vec!["district.a.database"],
        ),
        ("access = { suite = 'rot13' }", vec!["suite"]),
    ] {
        let program = Program::new(text);
        program.run(&["doctor"]).await.refused(&words);
        // Every other command refuses to begin, with the same key.
        program.run(&["migrate"]).await.refused(&[words.last().unwrap()]);
    }
    let program = Program::new("");
    let mut command = program.command(&["doctor", "--settings"]);
    command.env("LINLI_DEVELOPMENT", "perhaps").env("LINLI_LISTN", "x");
    let text = String::from_utf8_lossy(&command.output().unwrap().stdout).into_owned();
    assert!(text.contains("LINLI_DEVELOPMENT: “perhaps”"), "{text}");
}

#[tokio::test]
async fn every_command_explains_itself() {
    let program = Program::new("");
    let all = program.run(&["--help"]).await.well();
    for name in ["serve", "migrate", "demo", "import", "backup", "restore", "doctor", "audit"] {
        assert!(all.contains(name), "{all}");
        let help = program.run(&[name, "--help"]).await.well();
        assert!(help.lines().count() > 5 && help.contains("Usage:"), "{name}: {help}");
    }
    program.run(&["sing"]).await.refused(&["unrecognized subcommand", "sing"]);
}

/// A disk of its own, where we may mount one.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "linli-test"])
            .arg(folder.path())
            .output()
            .is_ok_and(|o| o.status.success());
        if !mounted {
            eprintln!("SKIPPED: no small disk can be mounted here (needs root)");
        }
        mounted.then_some(Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_told_and_nothing_half_written_stays() {
    let Some(disk) = SmallDisk::mount("24m") else { return };
    let path = disk.0.path();
    let target = linli_store::Target::Sqlite(path.join("huancui.db"));
    let db = Db::open(&target).await.unwrap();
    migrate(&db, &wiring::migrations(), Clock::System.now()).await.unwrap();
    let scratch = Scratch { target, db, folder: tempfile::tempdir_in(path).unwrap() };
    let house = house(&[(&scratch, "a", 1)], false).await;
    let count = async |sql: &str| -> i64 {
        house.districts[0].db.read().await.unwrap().scalar(sql, vec![]).await.unwrap()
    };

    let said = look(&config(&scratch), &Clock::System, true).await;
    assert!(said.0.iter().any(|f| f.grade == Grade::Wrong && f.what.contains("MB are free")), "{said:?}");

    // Fill it to the last block.
    let ballast = path.join("ballast");
    let mut file = fs::File::create(&ballast).unwrap();
    while std::io::Write::write_all(&mut file, &[0; 4096]).is_ok() {}
    drop(file);
    let said = wrong(&config(&scratch), &Clock::System).await;
    assert!(said.contains("data folder"), "{said}");

    let before = count("SELECT count(*) FROM case_file").await;
    let logged = count("SELECT count(*) FROM activity").await;
    let mut refused = 0;
    for n in 0..40 {
        let mut person = house.visit("a.example");
        let answer = person.report(&format!("路灯坏了第{n}处"), &[]).await;
        if answer.status.is_server_error() {
            refused += 1;
            assert!(
                !answer.body.contains("SQLITE") && !answer.body.contains("disk is full"),
                "no inner words: {}",
                answer.body
            );
        } else {
            assert!(answer.status.is_redirection(), "{} {}", answer.status, answer.body);
        }
    }
    assert!(refused > 0, "the disk was full");
    let after = count("SELECT count(*) FROM case_file").await;
    assert_eq!(after - before, 40 - refused, "what was refused is not there, what was taken is");
    assert!(count("SELECT count(*) FROM activity").await >= logged + (40 - refused));
    assert_eq!(count("SELECT count(*) FROM case_file c WHERE NOT EXISTS (SELECT 1 FROM case_entry e WHERE e.case_id = c.id)").await, 0);

    // A photo that does not fit is refused in words, and leaves no half file.
    let mut person = house.visit("a.example");
    let photo = crate::uploads::noise(1600, 1200);
    let answer = person.report("井盖松动", &[("photos", "a.jpg", &photo)]).await;
    assert!(
        answer.status.is_server_error() || answer.status == axum::http::StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        answer.status
    );
    let blobs = scratch.folder.path().join("blobs/a");
    let left: Vec<_> = walk(&blobs).into_iter().filter(|p| p.file_name().unwrap().len() != 64).collect();
    assert!(left.is_empty(), "{left:?}");

    // With room again, everything works again by itself.
    fs::remove_file(&ballast).unwrap();
    let answer = person.report("现在可以了", &[]).await;
    assert!(answer.status.is_redirection(), "{} {}", answer.status, answer.body);
    while linli_store::activity::seal(&house.districts[0].db).await.unwrap() > 0 {}
    assert!(linli_store::activity::verify(&house.districts[0].db).await.unwrap().faults.is_empty());
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.flatten().flat_map(|e| if e.path().is_dir() { walk(&e.path()) } else { vec![e.path()] }).collect()
}

#[tokio::test]
async fn a_first_start_and_a_slip_in_a_path_are_told_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let database = format!("sqlite:{}", data.join("a.db").display());
    let program = Program::new(&settings(data, &data.join("master.key"), &database));
    // Nothing is sealed yet: no key is to be brought back, one is to be made.
    let said = program.run(&["serve", "--listen", "127.0.0.1:0"]).await;
    said.refused(&["there is no master key", "openssl rand -hex 32"]);
    let nowhere = data.join("nope.csv").display().to_string();
    program.run(&["import", "hotline", &nowhere]).await.refused(&["nope.csv", "No such file"]);
    program.run(&["import", "residents", &nowhere]).await.refused(&["nope.csv", "No such file"]);
}
