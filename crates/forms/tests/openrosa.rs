//! The form for field apps, held against what pyxform writes; and what field apps send back.

mod common;

use std::process::Command;

use common::{NOW, form, pyxform, run};
use linli_forms::{
    Engine, Form, Instance, MOST_REPEATS,
    export::{self, Sent},
    openrosa::{Listed, form_list, manifest},
    render::{self, Item, find_field},
    submission::{Submission, SubmissionError, write},
    xform,
};
use proptest::prelude::*;
use serde_json::json;

const HOUSEHOLD: &str = include_str!("cases/household.txt");

/// A form without languages, with paths of every kind.
const PLAIN: &str = "
| survey | | | | | | | | |
| | type | name | label | hint | relevant | calculation | repeat_count | appearance |
| | text | a | A & <B> ${n} | 提示 | | | | multiline |
| | integer | n | N | | | | | |
| | begin_repeat | r | R | | | | ${n} | field-list |
| | text | x | X ${y} | | ${y} > 1 and ${a} != '' | | | |
| | integer | y | Y | | position(..) > 1 | | | |
| | begin_group | g | | | | | | |
| | calculate | c | | | | count(${r}) + sum(../../y) + sum(../../../r/y) + indexed-repeat(${y}, ${r}, position(../..) - 1) | | |
| | begin_repeat | q | Q | | | | 2 + ${y} | |
| | select_one l | s | S | | | | | |
| | note | t | ${x} ${s} | | ${s} = 'u' or 1 = 1 = true() | | | |
| | end_repeat | | | | | | | |
| | end_group | | | | | | | |
| | end_repeat | | | | | | | |
| | calculate | z | | | | sum(${y}) * -1 + (2 - (3 - 4)) | | |
| choices | | | |
| | list_name | name | label |
| | l | u | U |
| settings | | |
| | form_id | name |
| | plain | visit |
";

/// What an app or this system knows of itself.
const PROPERTIES: &str = "
| survey | | | |
| | type | name | label |
| | start | s | |
| | end | e | |
| | today | t | |
| | deviceid | d | |
| | username | u | |
| | email | m | |
| | phonenumber | p | |
| | subscriberid | i | |
| | simserial | k | |
| | uri:deviceid | ud | |
| | uri:username | uu | |
| | text | a | A |
| settings | |
| | form_id |
| | who |
";

/// Compares two XForms by meaning and prints what differs.
const COMPARE: &str = r"
import json, re, sys
import xml.etree.ElementTree as ET
from pyxform.xls2xform import convert
def local(tag): return tag.split('}')[-1]
def squeeze(text): return re.sub(r'\s+', '', text or '')
def attributes(e): return {local(k): squeeze(v) for k, v in e.attrib.items()}
def tree(e):
    return [local(e.tag), attributes(e), squeeze(e.text), [tree(c) + [squeeze(c.tail)] for c in e]]
def parts(xml):
    root = ET.fromstring(xml)
    found = {}
    for e in root.iter():
        if local(e.tag) == 'bind':
            found['bind ' + e.attrib['nodeset']] = attributes(e)
        elif local(e.tag) == 'setvalue':
            found['setvalue ' + e.attrib['ref']] = attributes(e)
        elif local(e.tag) == 'translation':
            for text in e:
                found['text ' + e.attrib['lang'] + ' ' + text.attrib['id']] = tree(text)
        elif local(e.tag) == 'instance':
            found['instance ' + e.attrib.get('id', '')] = tree(e)
        elif local(e.tag) == 'body':
            found['body'] = tree(e)
    return found
for sheets, ours in json.load(sys.stdin):
    theirs = parts(convert(xlsform=sheets, validate=False).xform)
    mine = parts(ours)
    for key in sorted(set(theirs) | set(mine)):
        if theirs.get(key) != mine.get(key):
            print(key, '\n  pyxform', json.dumps(theirs.get(key), ensure_ascii=False), '\n  ours   ', json.dumps(mine.get(key), ensure_ascii=False))
";

#[test]
fn the_xform_is_pyxforms() {
    let Some(python) = pyxform() else { return };
    // There we differ on purpose: "other" in Chinese where the language is, Chinese quotes left in words.
    let household = HOUSEHOLD.replace(" or_other", "").replace(['“', '”'], "");
    let pairs: Vec<(&str, String)> = [household.as_str(), PLAIN, PROPERTIES]
        .into_iter()
        .map(|sheets| (sheets, xform::write(&form(sheets))))
        .collect();
    let differs = run(Command::new(python).arg("-c").arg(COMPARE), &serde_json::to_string(&pairs).unwrap());
    assert_eq!(differs, "", "{differs}");
}

#[test]
fn the_xform_is_as_it_was() {
    let text = xform::write(&form(HOUSEHOLD));
    for part in [
        r#"<data id="household" version="3">"#,
        r#"<people jr:template="">"#,
        r#"<bind nodeset="/data/landlord" type="string" required="/data/members &gt; 2" relevant="/data/tenure = &apos;rent&apos;""#,
        r#"<itemset nodeset="instance('street')/root/item[district = /data/district]">"#,
        r#"<repeat nodeset="/data/people" jr:count="/data/members">"#,
        r#"<value>共 <output value="/data/seniors"/> 位老人</value>"#,
    ] {
        let found = text.contains(part) || text.contains(&part.replace('\'', "&apos;"));
        assert!(found, "{part}\n{text}");
    }
}

#[test]
fn what_an_app_knows_of_itself_is_asked_for_as_apps_expect_it() {
    let form = form(PROPERTIES);
    let text = xform::write(&form);
    for part in [
        r#"<bind nodeset="/data/d" type="string" jr:preload="property" jr:preloadParams="deviceid"/>"#,
        r#"<bind nodeset="/data/uu" type="string" jr:preload="property" jr:preloadParams="uri:username"/>"#,
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!text.contains(r#"ref="/data/d""#), "nobody is asked for it");

    // Our own pages fill in what they know; what an app has sent stays.
    let engine = Engine::new(&form, NOW, form.default_language);
    let mut answers = Instance::from_json(&form, &json!({ "a": "好", "d": "collect:1" }));
    let known = |word: &str| match word {
        "username" => Some("王网格".to_owned()),
        "deviceid" => Some("linli:7".to_owned()),
        _ => None,
    };
    engine.properties(&mut answers, known);
    assert!(engine.faults(&answers).is_empty());
    let said = answers.to_json(&form);
    let told = ["d", "u", "uu", "ud", "p"].map(|name| said[name].as_str().unwrap_or_default().to_owned());
    assert_eq!(told, ["collect:1", "王网格", "username:王网格", "deviceid:linli:7", ""]);
}

#[test]
fn lists_are_openrosas() {
    let listed = Listed {
        id: "household".to_owned(),
        name: "入户走访 & 核对".to_owned(),
        version: "3".to_owned(),
        md5: "00".repeat(16),
        download: "https://linli.example/openrosa/forms/household".to_owned(),
        manifest: None,
    };
    let list = form_list(&[listed]);
    assert!(list.contains("<xforms xmlns=\"http://openrosa.org/xforms/xformsList\">"));
    assert!(list.contains("<name>入户走访 &amp; 核对</name>"));
    assert!(list.contains("<hash>md5:00000000000000000000000000000000</hash>"));
    assert!(!list.contains("manifestUrl"));
    assert!(manifest(&std::collections::BTreeMap::new()).contains("xformsManifest"));
}

fn filled(form: &Form) -> Instance {
    let answers = json!({
        "name": "张三", "members": "2", "tenure": "own", "needs": "meals care",
        "visit": {"visited": "2026-11-20", "photo": "门牌 照片(1).jpg", "place": "36.06 120.38 0 5"},
        "people": [{"who": "张三", "age": "70", "pills": [{"pill": "阿司匹林", "dose": "1"}, {"pill": "B", "dose": "2"}]}, {"who": "李四"}],
    });
    let mut instance = Instance::from_json(form, &answers);
    Engine::new(form, NOW, 0).recompute(&mut instance);
    instance
}

#[test]
fn what_an_app_sends_is_read() {
    let form = form(HOUSEHOLD);
    let instance = filled(&form);
    let engine = Engine::new(&form, NOW, 0);
    let xml = write(&engine, &instance, "uuid:1");
    let sent = Submission::read(xml.as_bytes()).unwrap();
    assert_eq!(
        (sent.form.as_str(), sent.version.as_str(), sent.instance.as_str()),
        ("household", "3", "uuid:1")
    );
    let (mut read, strange) = sent.answers(&form).unwrap();
    engine.recompute(&mut read);
    assert_eq!(read.to_json(&form), instance.to_json(&form));
    assert_eq!(strange, Vec::<String>::new());
    assert_eq!(engine.faults(&read), []);
}

#[test]
fn apps_differ_in_prefixes_and_we_take_them() {
    let form = form(HOUSEHOLD);
    let xml = "<?xml version='1.0' ?><data id=\"household\" version=\"3\" xmlns:orx=\"http://openrosa.org/xforms\" \
        xmlns:jr=\"http://openrosa.org/javarosa\"><name>李 &#x4e00;</name><people jr:template=\"\"><who>no</who></people>\
        <people><who>一</who></people><later>x</later><orx:meta><orx:instanceID>uuid:2</orx:instanceID>\
        <orx:instanceName>李</orx:instanceName></orx:meta></data>";
    let sent = Submission::read(xml.as_bytes()).unwrap();
    assert_eq!((sent.instance.as_str(), sent.name.as_str()), ("uuid:2", "李"));
    let (read, strange) = sent.answers(&form).unwrap();
    assert_eq!(strange, ["/data/later"]);
    let (who, at) = find_field(&form, "people/0/who").unwrap();
    assert_eq!(read.value(who, &at), "一");
    assert_eq!(read.value(find_field(&form, "name").unwrap().0, &[]), "李 一");
}

#[test]
fn what_cannot_be_taken_is_refused() {
    let many = "<people><who>x</who></people>".repeat(MOST_REPEATS + 1);
    let many = format!("<data id='household'><meta><instanceID>1</instanceID></meta>{many}</data>");
    let form = form(HOUSEHOLD);
    assert_eq!(
        Submission::read(many.as_bytes()).unwrap().answers(&form).unwrap_err(),
        SubmissionError::TooMany
    );
    for (xml, error) in [
        ("<data><meta><instanceID>1</instanceID></meta></data>", SubmissionError::NoForm),
        ("<data id='a'><name>x</name></data>", SubmissionError::NoInstance),
        ("<data id='a'><base64EncryptedKey>x</base64EncryptedKey></data>", SubmissionError::Encrypted),
    ] {
        assert_eq!(Submission::read(xml.as_bytes()).unwrap_err(), error, "{xml}");
    }
    assert!(matches!(Submission::read(b"<data id='a'>"), Err(SubmissionError::Xml(_))));
}

#[test]
fn tables_point_back_to_what_they_belong_to() {
    let form = form(HOUSEHOLD);
    let sent =
        [Sent {
            key: "uuid:1".to_owned(), about: vec!["东一街 3 号".to_owned()], answers: filled(&form)
        }];
    let tables = export::tables(&form, &["地址".to_owned()], &sent);
    let named: Vec<(&str, usize)> = tables.iter().map(|t| (t.name.as_str(), t.rows.len())).collect();
    assert_eq!(named, [("data", 1), ("people", 2), ("pills", 2)]);
    let cell = |table: usize, row: usize, column: &str| {
        let at = tables[table].header.iter().position(|h| h == column).unwrap();
        tables[table].rows[row][at].as_str()
    };
    assert_eq!(cell(0, 0, "地址"), "东一街 3 号");
    assert_eq!(cell(0, 0, "visit-place-Longitude"), "120.38");
    assert_eq!(cell(1, 1, "KEY"), "uuid:1/people[2]");
    assert_eq!(cell(2, 1, "pill"), "B");
    assert_eq!(cell(2, 1, "KEY"), "uuid:1/people[1]/pills[2]");
    assert_eq!(cell(2, 1, "PARENT_KEY"), "uuid:1/people[1]");
    for table in &tables {
        assert!(table.rows.iter().all(|row| row.len() == table.header.len()), "{}", table.name);
    }
    let numeric = |table: usize, column: &str| {
        let at = tables[table].header.iter().position(|h| h == column).unwrap();
        tables[table].numbers[at]
    };
    assert!(
        numeric(1, "age") && numeric(0, "visit-place-Longitude") && !numeric(1, "KEY") && !numeric(2, "pill")
    );
    assert!(tables.iter().all(|table| table.numbers.len() == table.header.len()));
    let mut merged = tables.clone();
    let later = export::Table {
        name: "people".to_owned(),
        header: vec!["who".to_owned(), "hobby".to_owned(), "KEY".to_owned()],
        numbers: vec![false; 3],
        rows: vec![vec!["王五".to_owned(), "下棋".to_owned(), "uuid:2/people[1]".to_owned()]],
    };
    export::merge(&mut merged, vec![later]);
    let people = &merged[1];
    assert_eq!(people.rows.len(), 3);
    assert!(people.rows.iter().all(|row| row.len() == people.header.len()));
    assert_eq!((people.header.last().unwrap().as_str(), people.rows[2][0].as_str()), ("hobby", "王五"));
    let book = linli_forms::Workbook::read(&export::workbook(&tables).unwrap()).unwrap();
    assert_eq!(book.names, ["data", "people", "pills"]);
    let csv = String::from_utf8(export::csv(&export::Table {
        name: "x".to_owned(),
        header: vec!["a".to_owned()],
        numbers: vec![false],
        rows: vec![vec!["=1+1".to_owned()], vec!["-5".to_owned()], vec!["-a".to_owned()]],
    }))
    .unwrap();
    assert_eq!(csv, "\u{feff}a\n'=1+1\n-5\n'-a\n");
}

#[test]
fn a_page_shows_the_form_and_gives_it_back() {
    let form = form(HOUSEHOLD);
    let engine = Engine::new(&form, NOW, form.language("zh-CN"));
    let mut instance = filled(&form);
    let (age, at) = find_field(&form, "people/0/age").unwrap();
    instance.set(age, &at, "200");
    engine.recompute(&mut instance);
    let page = render::page(&engine, &instance, &engine.faults(&instance), false);
    let mut fields = Vec::new();
    collect(&page, &mut fields);
    let field = |name: &str| {
        fields.iter().find(|(n, _, _)| n == name).map(|(_, value, fault)| (value.as_str(), *fault))
    };
    assert_eq!(field("people/0/age"), Some(("200", true)));
    assert_eq!(field("landlord"), None, "irrelevant questions are not on a plain page");
    assert_eq!(field("people/0/pills/1/pill"), Some(("B", false)));
    assert_eq!(field("needs"), Some(("meals care", false)));
    // What the page sends: every value again, selects by choice, repeats by number.
    let mut sent: Vec<(String, String)> = vec![("people#count".to_owned(), "2".to_owned())];
    sent.push(("people/0/pills#count".to_owned(), "2".to_owned()));
    for (name, value, _) in &fields {
        if name == "needs" {
            sent.extend(value.split(' ').map(|v| (name.clone(), v.to_owned())));
        } else {
            sent.push((name.clone(), value.clone()));
        }
    }
    sent.push(("people/999/who".to_owned(), "x".to_owned()));
    sent.push(("nothing/at/all".to_owned(), "x".to_owned()));
    let mut read = render::read_fields(&form, sent.iter().map(|(n, v)| (n.as_str(), v.as_str())));
    engine.recompute(&mut read);
    assert_eq!(read.to_json(&form), instance.to_json(&form));
}

fn collect(items: &[Item], into: &mut Vec<(String, String, bool)>) {
    for item in items {
        match item {
            Item::Group(group) => collect(&group.items, into),
            Item::Repeat(repeat) => repeat.instances.iter().for_each(|one| collect(&one.items, into)),
            Item::Question(q) => into.push((q.field.clone(), q.value.clone(), q.fault.is_some())),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is answered, it survives the way through XML, through JSON, and through taking instances out.
    #[test]
    fn answers_survive(name in "\\PC{0,20}", people in prop::collection::vec(("[^\\pC]{0,8}", 0_u32..130, 0_usize..3), 0..5), gone in 0_usize..5) {
        let form = form(&HOUSEHOLD.replace("| ${members} | | |", "| | | |"));
        let engine = Engine::new(&form, NOW, 0);
        let mut instance = Instance::default();
        let id = |field: &str| find_field(&form, field).unwrap().0;
        instance.set(id("name"), &[], name.trim());
        instance.set_count(id("people"), &[], people.len());
        for (n, (who, age, pills)) in people.iter().enumerate() {
            instance.set(id("people/0/who"), &[n], who.trim());
            instance.set(id("people/0/age"), &[n], age.to_string());
            instance.set_count(id("people/0/pills"), &[n], *pills);
            for pill in 0..*pills {
                instance.set(id("people/0/pills/0/pill"), &[n, pill], format!("{n}-{pill}"));
            }
        }
        engine.recompute(&mut instance);
        let json = instance.to_json(&form);
        let xml = write(&engine, &instance, "1");
        let (mut read, strange) = Submission::read(xml.as_bytes()).unwrap().answers(&form).unwrap();
        engine.recompute(&mut read);
        prop_assert!(strange.is_empty());
        prop_assert_eq!(&read.to_json(&form), &json);
        let mut again = Instance::from_json(&form, &json);
        engine.recompute(&mut again);
        prop_assert_eq!(&again.to_json(&form), &json);
        instance.remove_instance(&form, id("people"), &[], gone);
        engine.recompute(&mut instance);
        let left: Vec<&(String, u32, usize)> = people.iter().enumerate().filter(|(n, _)| *n != gone).map(|(_, p)| p).collect();
        prop_assert_eq!(instance.count(id("people"), &[]), left.len());
        for (n, (_, age, _)) in left.iter().enumerate() {
            prop_assert_eq!(instance.value(id("people/0/age"), &[n]), age.to_string());
        }
    }
}
