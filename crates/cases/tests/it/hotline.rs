//! Files of the hotline: every row once, with its own time, however often and however interrupted.

use std::{io::Write, path::Path};

use linli_cases::{
    hotline::{
        batch::{self, Batch, BatchId, BatchState},
        columns::Mapping,
        import, known, preset, undo,
    },
    read::{self, Filter, Sort},
};
use linli_testkit::{both_engines, shared_data};

use super::*;

pub(crate) fn desk() -> Actor {
    person(20, Role::Hotline, DISTRICT, CENTRE_ORG)
}

async fn staged(d: &Arc<District>, path: &Path) -> Result<BatchId> {
    import::stage(op(d, desk()).await, path, "export.csv", None).await
}

async fn started(d: &Arc<District>, path: &Path) -> BatchId {
    let id = staged(d, path).await.unwrap();
    let mut op = op(d, desk()).await;
    let mapping = batch::get(&mut op.tx, id).await.unwrap().mapping().unwrap();
    import::start(&mut op, id, mapping).await.unwrap();
    op.commit().await.unwrap();
    id
}

pub(crate) async fn imported(d: &Arc<District>, path: &Path) -> Batch {
    let id = started(d, path).await;
    turn(d).await;
    batch::get(&mut d.db.read().await.unwrap(), id).await.unwrap()
}

pub(crate) fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

async fn opened(d: &Arc<District>, id: BatchId) -> Vec<batch::Fault> {
    let access = d.port::<Access>().unwrap();
    batch::faults(&mut d.db.read().await.unwrap(), &access, id, 10).await.unwrap()
}

async fn count(d: &Arc<District>, sql: &str) -> i64 {
    d.db.read().await.unwrap().scalar(sql, vec![]).await.unwrap()
}

const HEAD: &str = "工单编号,标题,诉求内容,诉求时间,答复意见,答复时间,所属镇街,分类\n";

both_engines! {
    async fn a_file_becomes_cases_of_its_own_days(s) {
        let d = district(&s).await;
        let text = format!("{HEAD}\
            W1,路灯不亮,塔山路的路灯三天不亮,2019/2/28 11:25:05,,,环翠楼街道,路灯不亮\n\
            W2,供热,家里太冷,2019-02-28 12:00,已上门测温,2019-03-01 09:00,,从没听过的类别\n");
        let done = imported(&d, file(&text).path()).await;
        assert_eq!((done.state, done.added, done.known, done.faulty), (BatchState::Done, 2, 0, 0));

        let mut conn = d.db.read().await.unwrap();
        let rows = read::page(&mut conn, &d, (&scope(&d, &centre()), &Filter::default()), Sort::Newest, None, 10).await.unwrap().items;
        assert_eq!(rows[0].number, "HC20190228-000002");
        assert_eq!((rows[0].state, rows[0].ended_at), (CaseState::Closed, Some(at("2019-03-01T09:00"))));
        assert_eq!((rows[0].category.as_deref(), rows[0].area.as_str()), (None, DISTRICT));
        assert_eq!(rows[1].reported_at.rfc3339(), "2019-02-28T11:25:05+08:00");
        assert_eq!((rows[1].state, rows[1].category.as_deref(), rows[1].area.as_str()), (CaseState::Reported, Some(LAMP), STREET));
        let detail = read::detail(&mut conn, &scope(&d, &centre()), rows[0].id).await.unwrap();
        assert_eq!(detail.reply(), Some("已上门测温"));
        assert_eq!(detail.timeline[0].facts["category_said"], "从没听过的类别");
        let times: Vec<Timestamp> = detail.timeline.iter().map(|e| e.at).collect();
        assert_eq!(times, [at("2019-02-28T12:00"), at("2019-03-01T09:00"), at("2019-03-01T09:00")]);
        // By the hotline's own number.
        let by_number = Filter { text: Some("W1".into()), ..Filter::default() };
        assert_eq!(read::page(&mut conn, &d, (&scope(&d, &centre()), &by_number), Sort::Newest, None, 10).await.unwrap().items.len(), 1);
        assert!(!d.port::<Blobs>().unwrap().folder().join("import").read_dir().unwrap().any(|_| true));
    }

    async fn a_later_file_brings_the_replies(s) {
        let d = district(&s).await;
        let open = format!("{HEAD}W1,a,水管漏水,2019-02-28 11:25,,,,\nW2,b,噪声,2019-02-28 11:30,,,,\n");
        imported(&d, file(&open).path()).await;
        let answered = format!("{HEAD}W1,a,水管漏水,2019-02-28 11:25,已修,2019-03-02 10:00,,\nW1,c,另一件事,2019-05-01 08:00,,,,\n");
        let done = imported(&d, file(&answered).path()).await;
        assert_eq!((done.added, done.known, done.answered), (1, 1, 1));
        assert_eq!(count(&d, "SELECT count(*) FROM case_file WHERE state = 'closed' AND external = 'W1'").await, 1);
        assert_eq!(count(&d, "SELECT count(*) FROM case_file WHERE external = 'W1-2'").await, 1);
        // The same file again: nothing is added, nothing is answered twice.
        let again = imported(&d, file(&answered).path()).await;
        assert_eq!((again.added, again.known, again.answered), (0, 2, 0));
    }

    async fn one_number_for_two_messages_of_one_file(s) {
        let d = district(&s).await;
        let twice = format!("{HEAD}\
            W1,医保,能否网上查询,2012-01-19 17:49:30,,,,城乡建设\n\
            W1,医保,能否网上查询,2012-01-19 17:49:30,,,,劳动保障\n\
            W1,医保,能否网上查询,2012-01-19 17:49:30,,,,劳动保障\n");
        let id = staged(&d, file(&twice).path()).await.unwrap();
        let mapping = batch::get(&mut d.db.read().await.unwrap(), id).await.unwrap().mapping().unwrap();
        let survey = import::survey(&d, id, &mapping).await.unwrap();
        assert_eq!((survey.fresh, survey.twins, survey.known), (2, 1, 1));
        let first = imported(&d, file(&twice).path()).await;
        assert_eq!((first.added, first.known), (2, 1), "a row that stands there twice is one message");
        let twins = known::twins(&mut d.db.read().await.unwrap(), first.id).await.unwrap();
        assert_eq!(twins, [("W1".to_owned(), "W1-2".to_owned())]);
        let second = imported(&d, file(&twice).path()).await;
        assert_eq!((second.added, second.known), (0, 3));
        // A later export in which the hotline has corrected one of them brings nothing new.
        let corrected = twice.replacen("城乡建设", "卫生健康", 1);
        let third = imported(&d, file(&corrected).path()).await;
        assert_eq!((third.added, third.known), (0, 3));
        // A number that looks like ours for the second is a message of its own.
        let odd = format!("{HEAD}W1-2,噪声,楼下装修,2012-03-01 08:00,,,,\n");
        let fourth = imported(&d, file(&odd).path()).await;
        assert_eq!((fourth.added, fourth.known), (1, 0));
        assert_eq!(imported(&d, file(&odd).path()).await.known, 1);
        assert_eq!(count(&d, "SELECT count(*) FROM case_file WHERE external = 'W1-2-2'").await, 1);
    }

    async fn a_case_that_came_another_way_is_known_to_the_file(s) {
        let d = district(&s).await;
        let over_the_interface = |number: &str| NewReport {
            source: Source::Hotline,
            external: Some(number.to_owned()),
            ..well()
        };
        for number in ["W1", "W2"] {
            let mut op = op(&d, Actor::System).await;
            app::report(&mut op, over_the_interface(number)).await.unwrap();
            op.commit().await.unwrap();
        }
        let text = format!("{HEAD}W1,井,3号楼门前污水井冒水，路面都是水,2026-11-20 11:25,,,,\nW2,别的,另一件事,2026-11-20 11:26,,,,\n");
        let first = imported(&d, file(&text).path()).await;
        assert_eq!((first.state, first.added, first.known), (BatchState::Done, 1, 1));
        assert_eq!(count(&d, "SELECT count(*) FROM case_file WHERE external = 'W2-2'").await, 1);
        let again = imported(&d, file(&text).path()).await;
        assert_eq!((again.added, again.known), (0, 2));
        assert_eq!(outbox::depth(&d.db).await.unwrap().1, 0);
    }

    async fn wrong_rows_are_told_and_the_others_come_in(s) {
        let d = district(&s).await;
        let text = format!("{HEAD},无编号,内容,2019-02-28,,,,\nW1,好,内容,2019-02-28,,,,\nW2,坏,,昨天,,,,\n");
        let id = staged(&d, file(&text).path()).await.unwrap();
        let mapping = batch::get(&mut d.db.read().await.unwrap(), id).await.unwrap().mapping().unwrap();
        let survey = import::survey(&d, id, &mapping).await.unwrap();
        assert_eq!((survey.fresh, survey.known, survey.faulty, survey.sample.len()), (1, 0, 2, 3));
        assert_eq!(count(&d, "SELECT count(*) FROM case_file").await, 0);
        let done = imported(&d, file(&text).path()).await;
        assert_eq!((done.added, done.faulty), (1, 2));
        let faults = opened(&d, done.id).await;
        assert_eq!(faults.iter().map(|f| (f.line, f.faults.len())).collect::<Vec<_>>(), [(2, 1), (4, 2)]);
        assert_eq!(faults[1].faults[1].key, "hotline-time-bad");
        assert_eq!(faults[1].cells[0], "W2");
    }

    async fn categories_that_the_district_does_not_know_are_told_before(s) {
        let d = district(&s).await;
        let here = format!("{HEAD}W0,a,早已导入,2019-02-28,,,,外星访客\n");
        imported(&d, file(&here).path()).await;
        let text = format!("{HEAD}W0,a,早已导入,2019-02-28,,,,外星访客\nW1,a,甲,2019-02-28,,,,路灯不亮\n\
            W2,b,乙,2019-02-28,,,,0999\nW3,c,丙,2019-02-28,,,,从没听过\nW4,d,丁,2019-02-28,,,,从没听过\nW5,e,戊,2019-02-28,,,,\n");
        let id = staged(&d, file(&text).path()).await.unwrap();
        let mapping = batch::get(&mut d.db.read().await.unwrap(), id).await.unwrap().mapping().unwrap();
        let survey = import::survey(&d, id, &mapping).await.unwrap();
        assert_eq!((survey.fresh, survey.known, survey.uncategorised), (5, 1, 3), "what is here already is not counted");
        assert_eq!(survey.unknown, [("从没听过".to_owned(), 2), ("0999".to_owned(), 1)]);
        // What is said before is what happens: without a category, and reported, so that triage shows them.
        imported(&d, file(&text).path()).await;
        let told = "SELECT count(*) FROM case_file WHERE category IS NULL AND state = 'reported' AND external IN ('W2', 'W3', 'W4')";
        assert_eq!(count(&d, told).await, 3);
    }

    async fn wrong_rows_lie_sealed_and_go_in_time(s) {
        let d = district(&s).await;
        let text = format!("{HEAD}W1,王小明,13800138000,昨天,,,,\n");
        let done = imported(&d, file(&text).path()).await;
        let sealed: Vec<u8> =
            d.db.read().await.unwrap().scalar("SELECT cells FROM hotline_fault", vec![]).await.unwrap();
        for clear in ["王小明".as_bytes(), b"13800138000"] {
            assert!(!sealed.windows(clear.len()).any(|w| w == clear));
        }
        assert_eq!(opened(&d, done.id).await[0].cells[1], "王小明", "who brought them gets them back");
        let destroy = async |before| {
            let mut op = op(&d, Actor::System).await;
            let gone = linli_cases::retention::destroy_sheets(&mut op, before, 300).await.unwrap();
            op.commit().await.unwrap();
            gone
        };
        assert_eq!(destroy(done.created_at).await, 0);
        assert_eq!(destroy(done.created_at.plus(std::time::Duration::from_secs(1))).await, 1);
        assert!(opened(&d, done.id).await.is_empty());
    }

    async fn a_file_that_nobody_imports_goes_after_a_day(s) {
        let d = district(&s).await;
        worker::arm(&d, &(linli_cases::manifest().handlers)()).await.unwrap();
        let copies = || d.port::<Blobs>().unwrap().folder().join("import").read_dir().unwrap().count();
        staged(&d, file(&format!("{HEAD}W1,a,b,2019-02-28,,,,\n")).path()).await.unwrap();
        d.clock.advance(std::time::Duration::from_hours(23));
        turn(&d).await;
        assert_eq!((copies(), count(&d, "SELECT count(*) FROM hotline_batch").await), (1, 1));
        d.clock.advance(std::time::Duration::from_hours(2));
        turn(&d).await;
        assert_eq!((copies(), count(&d, "SELECT count(*) FROM hotline_batch").await), (0, 0));
        let told = "SELECT count(*) FROM activity WHERE action = 'hotline.discard'";
        assert_eq!(count(&d, told).await, 1);
    }

    async fn only_those_who_may_import(s) {
        let d = district(&s).await;
        let text = format!("{HEAD}W1,a,b,2019-02-28,,,,\n");
        let refused = import::stage(op(&d, street()).await, file(&text).path(), "x.csv", None).await;
        assert!(matches!(refused, Err(Error::NotFound | Error::Forbidden(_))), "{refused:?}");
        let public = import::stage(op(&d, Actor::Public).await, file(&text).path(), "x.csv", None).await;
        assert!(matches!(public, Err(Error::Unauthorised)), "{public:?}");
    }

    async fn an_interrupted_piece_leaves_nothing_and_goes_on(s) {
        let d = district(&s).await;
        let rows = (0..250).map(|n| format!("W{n},t,第{n}件,2019-02-28 11:25,,,,")).collect::<Vec<_>>().join("\n");
        let id = started(&d, file(&format!("{HEAD}{rows}")).path()).await;
        let mut first = op(&d, Actor::System).await;
        assert_eq!(import::step(&mut first, id).await.unwrap().done, 100);
        first.commit().await.unwrap();
        // The process dies in the second piece: nothing of it is there.
        let mut dies = op(&d, Actor::System).await;
        assert_eq!(import::step(&mut dies, id).await.unwrap().done, 200);
        drop(dies);
        assert_eq!(count(&d, "SELECT count(*) FROM case_file").await, 100);
        turn(&d).await;
        let done = batch::get(&mut d.db.read().await.unwrap(), id).await.unwrap();
        assert_eq!((done.state, done.done, done.added), (BatchState::Done, 250, 250));
        assert_eq!(count(&d, "SELECT count(DISTINCT external) FROM case_file").await, 250);
    }

    async fn an_undo_takes_back_what_nobody_touched(s) {
        let d = district(&s).await;
        let text = format!("{HEAD}W1,a,甲,2026-11-20 11:25,,,,\nW2,b,乙,2026-11-20 11:26,,,,\nW3,c,丙,2026-11-20 11:27,,,,\n");
        let done = imported(&d, file(&text).path()).await;
        let mut conn = d.db.read().await.unwrap();
        let filter = Filter { text: Some("W2".into()), ..Filter::default() };
        let touched = read::page(&mut conn, &d, (&scope(&d, &centre()), &filter), Sort::Newest, None, 10).await.unwrap().items[0].id;
        drop(conn);
        act(&d, &centre(), touched, Command::Note { text: "已联系".into() }).await;
        // The clocks alone touch nothing.
        d.clock.advance(std::time::Duration::from_hours(72));
        turn(&d).await;

        let mut empty = op(&d, desk()).await;
        assert!(matches!(undo::undo(&mut empty, done.id, " ").await, Err(Error::Invalid(_))));
        drop(empty);
        let mut undo = op(&d, desk()).await;
        let (removed, kept) = undo::undo(&mut undo, done.id, "导错了文件").await.unwrap();
        undo.commit().await.unwrap();
        assert_eq!((removed, kept.len(), kept[0].id, kept[0].why.as_str()), (2, 1, touched, "work"));
        assert_eq!(count(&d, "SELECT count(*) FROM case_file").await, 1);
        assert_eq!(count(&d, "SELECT count(*) FROM activity WHERE action = 'hotline.undo'").await, 1);
        let mut twice = op(&d, desk()).await;
        assert!(matches!(undo::undo(&mut twice, done.id, "再来").await, Err(Error::Conflict(_))));
        drop(twice);
        // What was taken back can come again; what stayed is still known.
        let again = imported(&d, file(&text).path()).await;
        assert_eq!((again.added, again.known), (2, 1));
    }

    async fn a_mapping_is_kept_under_its_name(s) {
        let d = district(&s).await;
        let odd = "甲,乙,丙\nW1,楼道堆物,20190228\n";
        let id = staged(&d, file(odd).path()).await.unwrap();
        let mut keep = op(&d, desk()).await;
        let noted = batch::get(&mut keep.tx, id).await.unwrap();
        let guessed = noted.mapping().unwrap();
        assert!(matches!(import::start(&mut keep, id, guessed).await, Err(Error::Invalid(fields)) if fields.len() == 3));
        drop(keep);
        let mapping: Mapping = serde_json::from_str(r#"{"number":"甲","text":"乙","at":"丙"}"#).unwrap();
        let mut keep = op(&d, desk()).await;
        preset::keep(&mut keep, "旧系统", &mapping).await.unwrap();
        keep.commit().await.unwrap();
        let mut conn = d.db.read().await.unwrap();
        assert_eq!(preset::names(&mut conn).await.unwrap(), ["旧系统"]);
        assert_eq!(preset::get(&mut conn, "旧系统").await.unwrap(), mapping);
        drop(conn);
        let mut start = op(&d, desk()).await;
        import::start(&mut start, id, mapping).await.unwrap();
        start.commit().await.unwrap();
        turn(&d).await;
        assert_eq!(count(&d, "SELECT count(*) FROM case_file").await, 1);
    }

    async fn the_public_messages_come_in_whole_and_once(s) {
        let (Some(records), Some(replies)) =
            (shared_data("messages/records_with_category.csv"), shared_data("messages/replies_a.csv")) else { return };
        let d = district(&s).await;
        let first = imported(&d, &records).await;
        // Number 37042 stands there twice, for two offices: two messages, of which the second is told in the report.
        assert_eq!((first.state, first.total, first.added, first.known, first.faulty), (BatchState::Done, 2530, 2530, 0, 0));
        assert_eq!(known::twins(&mut d.db.read().await.unwrap(), first.id).await.unwrap(), [("37042".to_owned(), "37042-2".to_owned())]);
        let second = imported(&d, &replies).await;
        assert_eq!((second.state, second.total, second.faulty), (BatchState::Done, 1408, 0));
        assert_eq!((second.added + second.known, second.known), (1408, second.answered));
        assert_eq!(count(&d, "SELECT count(*) FROM case_file WHERE state = 'closed' AND ended_at IS NOT NULL").await, 1408);

        // Every row is there with its time, read here once more by other means.
        for (path, replied) in [(&records, false), (&replies, true)] {
            let mut reader = csv::ReaderBuilder::new().from_path(path).unwrap();
            let mut conn = d.db.read().await.unwrap();
            for row in reader.records() {
                let row = row.unwrap();
                let time = chrono::NaiveDateTime::parse_from_str(&row[3].replace('-', "/"), "%Y/%m/%d %H:%M:%S").unwrap();
                let found: Vec<(Timestamp, Option<Timestamp>)> = conn
                    .all(
                        "SELECT c.reported_at, c.ended_at FROM case_file c JOIN hotline_message m ON m.case_id = c.id WHERE m.number = $1",
                        linli_kernel::params![&row[0]],
                    )
                    .await
                    .unwrap();
                let own = found.iter().find(|(at, _)| *at == Timestamp::from_china(time));
                let (_, ended) = own.unwrap_or_else(|| panic!("{} {}", &row[0], &row[3]));
                if replied {
                    let end = chrono::NaiveDateTime::parse_from_str(&row[6], "%Y/%m/%d %H:%M:%S").unwrap();
                    assert_eq!(*ended, Some(Timestamp::from_china(end)), "{}", &row[0]);
                }
            }
        }
        let cases = count(&d, "SELECT count(*) FROM case_file").await;
        for path in [&records, &replies] {
            let again = imported(&d, path).await;
            assert_eq!((again.added, again.answered, again.known), (0, 0, again.total));
        }
        assert_eq!(count(&d, "SELECT count(*) FROM case_file").await, cases);
    }
}
