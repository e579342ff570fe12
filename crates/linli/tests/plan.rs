//! `linli plan` from the outside: good files, broken files, impossible ones.
#![expect(clippy::unwrap_used, reason = "tests may unwrap")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn linli(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_linli")).arg("plan").args(args).current_dir(dir).output().unwrap()
}

fn room(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

fn json(output: &Output) -> serde_json::Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_day_from_generating_to_a_changed_plan() {
    let dir = room("day");
    let ok = |args: &[&str]| json(&linli(&dir, args));
    let made =
        linli(&dir, &["generate", "--size", "small", "--seed", "3", "--visits", "12", "--out", "i.json"]);
    assert!(made.status.success());
    let plan = ok(&["solve", "i.json", "--out", "p.json", "--seconds", "0.5", "--json"]);
    assert_eq!(plan["over_capacity"], 0);
    assert!(plan["plan_bound"].as_f64() <= plan["plan_cost"].as_f64());
    assert!(plan["home"]["routes"].is_array());
    assert_eq!(ok(&["check", "i.json", "p.json", "--json"])["faults"], serde_json::json!([]));
    std::fs::write(
        dir.join("e.json"),
        r#"{"called":5,"changes":[{"site":0,"from":7,"factor":0.5},{"site":1,"from":9,"add":33}]}"#,
    )
    .unwrap();
    let change = ok(&[
        "replan",
        "i.json",
        "p.json",
        "e.json",
        "--out",
        "q.json",
        "--instance-out",
        "j.json",
        "--json",
    ]);
    assert!(change["plan_cost_of_change"].as_f64() >= change["flow_cost"].as_f64());
    let after = ok(&["check", "j.json", "q.json", "--json"]);
    assert_eq!(after["people"], ok(&["check", "i.json", "p.json", "--json"])["people"]);
    let days = ok(&["simulate", "i.json", "p.json", "--days", "2", "--json"]);
    assert_eq!(days.as_array().unwrap().len(), 2);
    let found = ok(&["match", "m.json", "--generate", "60,80,1", "--live", "10", "--json"]);
    assert!(found["units_given"].as_i64() > Some(0));
    let found = ok(&["match", "m.json", "--teams", "--seconds", "0.3", "--json"]);
    assert!(found["value"].as_i64() <= found["bound"].as_i64());
}

#[test]
fn broken_files_are_answered_with_line_and_fault() {
    let dir = room("broken");
    let good = r#"{"slot_minutes":15,"slots":2,"pair_cost":20000,
"sites":[{"id":"S","capacity":[5,5]}],
"buildings":[{"id":"B","grid":"G","households":[2,1],
  "earliest":0,"latest":1}],
"arcs":[[0,0,50]]}"#;
    let cases: &[(&str, &str, &str)] = &[
        (r#""slots":2"#, r#""slots":0"#, "line 1, column 28: slots must be"),
        (r#""slots":2"#, r#""slots":-3"#, "line 1, column 28: slots must be"),
        (r#""slots":2"#, r#""slots":1e999"#, "line 1"),
        (r#""slots":2"#, r#""slots":2.5"#, "2.5 is not a whole number"),
        ("15", "NaN", "line 1"),
        ("20000", "-1", "line 1, column 42: pair_cost"),
        ("[5,5]", "[5,-5]", "line 2, column 34: site S: capacity -5"),
        ("[5,5]", "[5,99999999999999999999]", "line 2"),
        ("[2,1]", "[2,-1]", "line 3, column 51: building B: a household of -1"),
        ("[2,1]", "[2,900000000]", "line 3, column 51: more than"),
        (r#""latest":1"#, r#""latest":-1"#, "line 4, column 25: building B: latest -1"),
        (r#""earliest":0"#, r#""earliest":7"#, "line 4, column 14: building B: earliest 7"),
        ("[0,0,50]", "[4,0,50]", "line 5, column 10: there is no building 4"),
        ("[0,0,50]", "[0,-1,50]", "line 5, column 12: there is no site -1"),
        ("[0,0,50]", "[0,0,-50]", "line 5, column 14: a walk of -50"),
        ("[0,0,50]", "[0,0]", "line 5"),
        (r#""sites""#, r#""places""#, "missing field `sites`"),
        ("]]}", "]]", "line 5"),
        (r#""B""#, "7", "line 3"),
        (
            r#"{"id":"S","capacity":[5,5]}"#,
            r#"{"id":"S","capacity":[5,5]},
{"id":"S","capacity":[1]}"#,
            "line 3, column 7: a second site is called S",
        ),
        (
            "}],\n\"arcs\"",
            "},{\"id\":\"B\",\"grid\":\"G\",\"households\":[1]}],\n\"arcs\"",
            "a second building is called B",
        ),
    ];
    let mut wrong: Vec<String> = Vec::new();
    for (at, &(old, new, want)) in cases.iter().enumerate() {
        assert!(good.contains(old));
        std::fs::write(dir.join("x.json"), good.replace(old, new)).unwrap();
        let output = linli(&dir, &["solve", "x.json", "--seconds", "0.1"]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!told.contains("panicked"), "{told}");
        if output.status.success() || !told.contains(want) {
            wrong.push(format!("case {at}: wanted {want}, got {told}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let blank = [vec![b' '; 20_000_000], b"{]".to_vec()].concat();
    for bytes in [&b""[..], b"\xff\xfe{}", b"[]", b"nul\0", &[b'['; 9_000], &blank[..]] {
        std::fs::write(dir.join("x.json"), bytes).unwrap();
        let output = linli(&dir, &["solve", "x.json"]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && told.contains("line 1"), "{told}");
    }
    std::fs::write(dir.join("x.json"), good).unwrap();
    std::fs::write(dir.join("p.json"), r#"{"assignments":[[0,0,-1,9]]}"#).unwrap();
    assert!(!linli(&dir, &["check", "x.json", "p.json"]).status.success());
    assert!(!linli(&dir, &["solve", "missing.json"]).status.success());
}

#[test]
fn empty_and_awkward_instances_have_plans() {
    let dir = room("awkward");
    let instances = [
        r#"{"slot_minutes":15,"slots":4,"sites":[],"buildings":[],"arcs":[]}"#,
        r#"{"slot_minutes":15,"slots":4,"pair_cost":0,"sites":[{"id":"S","capacity":[]}],
            "buildings":[{"id":"B","grid":"G","households":[]}],"arcs":[[0,0,5]]}"#,
        r#"{"slot_minutes":15,"slots":4,"pair_cost":20000,"sites":[{"id":"S","capacity":[0,0,9,9]}],
            "buildings":[{"id":"B","grid":"G","households":[5,5.0,0],"latest":99},
                         {"id":"C","grid":"G","households":[3]}],"arcs":[[0,0,5.25],[0,0,7],[0,0,5.25]]}"#,
    ];
    for (at, text) in instances.iter().enumerate() {
        std::fs::write(dir.join("i.json"), text).unwrap();
        let args = ["solve", "i.json", "--out", "p.json", "--seconds", "0.2", "--json"];
        let plan = json(&linli(&dir, &args));
        let report = json(&linli(&dir, &["check", "i.json", "p.json", "--json"]));
        assert_eq!(report["faults"], serde_json::json!([]));
        if at == 2 {
            assert_eq!(plan["beyond_limit"], 3);
            assert_eq!(plan["finish_slot"], 3);
            assert_eq!(plan["walk_metres"], 52.5);
        }
    }
}

#[test]
fn an_impossible_instance_says_where_and_how_many_lanes() {
    let dir = room("impossible");
    let text = r#"{"slot_minutes":15,"slots":2,"sites":[{"id":"East gate","capacity":[10,10]}],
        "buildings":[{"id":"B","grid":"Grid 7","households":[9,9,9,9,9,9,9,9]}],"arcs":[[0,0,5]]}"#;
    std::fs::write(dir.join("i.json"), text).unwrap();
    let output = linli(&dir, &["solve", "i.json", "--json"]);
    assert!(!output.status.success());
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    for want in ["Grid 7", "East gate", "short of 52 people", "1 more lane", "slot 1"] {
        assert!(told.contains(want), "{told}");
    }
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value["impossible"]["shortages"][0]["short"], 52);
}
