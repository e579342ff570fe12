//! Weekly meetings of the past weeks (往期例会): what communities talk about, told once in plain words and given to each
//! with its own people and grids.

use linli_household::rhythm::meeting::{
    Post, Week, held_on,
    history::{Given, Held, Told},
    instant,
};
use linli_kernel::{AreaCode, Role, Timestamp, area::AreaLevel};

use crate::{Plan, names, rng::Dice};

/// Weeks that are told, the last one included.
const WEEKS: i64 = 3;

/// Who is expected: account, name, post, grids.
type Expected = (linli_kernel::actor::AccountId, String, Post, String);

/// What was to be done: in which words, within so many days, and what came of it.
type Todo = (&'static str, i64, &'static str);

/// What was talked about, `{格}` being one of the grids: title, what was decided, what was to be done.
const TOPICS: &[(&str, &str, &[Todo])] = &[
    (
        "{格}楼道堆放杂物",
        "3号楼、5号楼楼道里又堆了纸箱和旧家具，消防通道变窄。先由网格员上门劝，三天后不清的，请物业一起清。",
        &[("入户劝导清理楼道杂物，拍照留存清理前后", 5, "8户已清，剩下1户约好周末搬走")],
    ),
    (
        "独居老人冬季走访",
        "天冷了，独居老人的走访改为每周一次，重点看取暖、燃气和药。发现用炭火取暖的，当天报社区。",
        &[
            ("把{格}独居老人逐户走一遍，看燃气报警器好不好用", 6, "全部走到，两户报警器没电，已换电池"),
            ("联系社区卫生服务站，定下上门量血压的日子", 4, "定在每月第二个周三上午"),
        ],
    ),
    (
        "{格}电动自行车充电",
        "有人从三楼往下拉线充电。现有充电桩只有10个口，不够用。物业答复可以在车棚西侧再装一组。",
        &[("和物业敲定加装充电桩的位置和时间，贴通知", 7, "位置定在车棚西侧，下月装好")],
    ),
    (
        "路灯和井盖",
        "北门路灯有三盏不亮，2号楼前井盖松动。都已经报到街道，催一催，没修好以前放警示牌。",
        &[("每天看一次{格}井盖的警示牌，修好后回报", 5, "井盖已换，路灯修好两盏")],
    ),
    (
        "季走访落后的{格}",
        "这个季度还有不少门没敲开，多是白天上班的年轻人。改在晚上六点半到八点走，先打电话约。",
        &[("约晚上时间走访{格}还没见到人的户", 7, "见到21户，还有6户长期在外")],
    ),
    (
        "新搬来的住户",
        "月初以来新搬来的几户还没登记。请网格员带着门牌码上门，让住户自己扫码填，不会填的帮着填。",
        &[("{格}新搬来的住户逐户登记", 6, "都已登记，其中一户有孕妇，已加关爱标签")],
    ),
    (
        "物业和业主因停车起争执",
        "小区画了消防通道线以后少了7个车位，业主意见大。约物业、业委会和业主代表坐下来谈一次。",
        &[("约物业、业委会和三位业主代表，定协商会时间", 5, "定在周六上午九点，在社区会议室")],
    ),
    (
        "楼顶漏水",
        "1号楼顶层两户漏雨，维修资金要三分之二业主签字，还差十几户。网格员陪着业委会上门签。",
        &[("陪业委会到{格}1号楼没签字的住户家说明情况", 7, "又签了9户，够数了，材料已交物业")],
    ),
    (
        "反诈宣传",
        "上周有位老人差点给骗子转账，幸好银行拦住了。给每栋楼门口贴提醒，老年人微信群里再讲一遍。",
        &[("{格}每个单元门贴反诈提醒，和老人说一说", 4, "已贴完，顺路和14位老人说过")],
    ),
    (
        "养狗不拴绳",
        "早晚在广场遛狗不拴绳的多，孩子家长有意见。请楼长劝，屡劝不听的记下楼号，请派出所一起上门。",
        &[("早晚到广场劝导拴绳，连续三天", 5, "多数人配合，有一户请民警一起去过")],
    ),
    (
        "暖气不热",
        "{格}有6户反映室温不到18度。供热公司已经来测过两户，是立管堵了，其余的这两天测完。",
        &[("盯住供热公司把剩下几户测完，告诉住户结果", 4, "6户都测了，5户清洗立管后够温")],
    ),
    (
        "月抽查发现的不符",
        "抽查发现有几户电话换了没改，有一户已经搬走还在册。不算谁的错，改过来就行，以后随查时多问一句。",
        &[("把{格}抽查不符的几项核对更正", 5, "已全部更正，搬走的一户办了迁出")],
    ),
    (
        "垃圾分类投放点",
        "东边投放点晚上没人看，常有大件乱放。和物业商量晚上七点到九点加一个人。",
        &[("和物业说定晚上值守的人和时间", 6, "从下周一起有人值守")],
    ),
];

const PLACES: &[&str] = &["社区会议室", "党群服务中心二楼", "社区一楼议事厅", ""];
const MINUTES: &[i64] = &[540, 570, 870, 900, 930];
const GUESTS: &[&str] = &["物业公司", "业委会", "社区卫生服务站", "派出所"];

impl Plan {
    /// The past meetings of every community that has somebody to hold them, in order of code.
    pub fn meetings(&self) -> Vec<Told> {
        let communities = self.district.areas.iter().filter(|a| a.code.level() == AreaLevel::Community);
        communities.enumerate().filter_map(|(nth, a)| self.meetings_of(nth, &a.code)).collect()
    }

    fn meetings_of(&self, nth: usize, area: &AreaCode) -> Option<Told> {
        let mut rng = Dice::stream(self.seed(), "meetings", nth as u64);
        let people = self.expected(area);
        let workers: Vec<usize> = (0..people.len()).filter(|n| people[*n].2 == Post::Worker).collect();
        if people.first()?.2 != Post::Secretary || workers.is_empty() {
            return None;
        }
        let weekday = i64::try_from(rng.below(5)).unwrap_or_default();
        let minute = *rng.pick(MINUTES)?;
        let mut topics: Vec<usize> = (0..TOPICS.len()).collect();
        let this = Week::of(self.now());
        let mut meetings = Vec::new();
        for back in (1..=WEEKS).rev() {
            let Some(day) = held_on(Week(this.0 - back), weekday, self.calendar()) else { continue };
            let at = instant(day, minute);
            let count = 2 + rng.below(2);
            let mut points = Vec::new();
            for _ in 0..count.min(topics.len()) {
                let topic = topics.swap_remove(rng.below(topics.len()));
                points.push(self.point(topic, at, (&people, &workers), &mut rng));
            }
            let absent =
                workers.iter().copied().filter(|_| workers.len() > 1 && rng.chance(0.12)).take(1).collect();
            let guests = rng.chance(0.6).then(|| (names::person(&mut rng), rng.word(GUESTS).to_owned()));
            meetings.push(Held { at, absent, guests: guests.into_iter().collect(), points });
        }
        Some(Told {
            area: area.clone(),
            weekday,
            minute,
            place: rng.word(PLACES).to_owned(),
            people,
            meetings,
        })
    }

    /// Who serves there: the secretary first, then each worker with the grids that are theirs.
    fn expected(&self, area: &AreaCode) -> Vec<Expected> {
        let mut all: Vec<Expected> = Vec::new();
        for person in &self.district.people {
            let here: Vec<_> = person.posts.iter().filter(|p| area.contains(&p.area)).collect();
            let Some(first) = here.first() else { continue };
            if here.iter().any(|p| p.role == Role::CommunitySecretary) {
                all.insert(0, (person.id, person.name.clone(), Post::Secretary, String::new()));
            } else if first.role == Role::GridWorker {
                let grids: Vec<&str> =
                    here.iter().filter_map(|p| Some(self.district.area(&p.area)?.name.as_str())).collect();
                all.push((person.id, person.name.clone(), Post::Worker, grids.join("、")));
            }
        }
        all
    }

    fn point(
        &self,
        topic: usize,
        at: Timestamp,
        (people, workers): (&[Expected], &[usize]),
        rng: &mut Dice,
    ) -> (String, String, Vec<Given>) {
        let (title, minutes, todos) = TOPICS[topic];
        let who = rng.pick(workers).copied().unwrap_or_default();
        let grid = people[who].3.split('、').next().unwrap_or_default();
        let said = |text: &str| text.replace("{格}", grid);
        let given = todos
            .iter()
            .enumerate()
            .map(|(n, (words, days, result))| {
                let over = at.plus(std::time::Duration::from_hours(24 * days.unsigned_abs())) < self.now();
                // What is over is mostly done; of the rest some are done early.
                let done = if over { rng.chance(0.96) } else { rng.chance(0.35) };
                Given {
                    words: said(words),
                    // The second one is the secretary's own.
                    who: if n == 0 { who } else { 0 },
                    days: *days,
                    result: done.then(|| said(result)),
                }
            })
            .collect();
        (said(title), said(minutes), given)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_community_has_met_with_its_own_people() {
        let now = "2026-11-25T10:00:00+08:00".parse().unwrap();
        let plan = crate::plan(1, 0.001, now).unwrap();
        let all = plan.meetings();
        let communities =
            plan.district.areas.iter().filter(|a| a.code.level() == AreaLevel::Community).count();
        assert!(all.len() * 10 >= communities * 9, "{} of {communities}", all.len());
        let mut open = 0;
        let mut late = 0;
        for told in &all {
            assert_eq!(told.people[0].2, Post::Secretary);
            assert_eq!(told.people.iter().filter(|p| p.2 == Post::Secretary).count(), 1);
            assert!(told.meetings.iter().all(|m| m.at < now && !m.points.is_empty()));
            let titles: BTreeSet<&str> =
                told.meetings.iter().flat_map(|m| m.points.iter().map(|p| p.0.as_str())).collect();
            assert_eq!(
                titles.len(),
                told.meetings.iter().map(|m| m.points.len()).sum::<usize>(),
                "nothing twice"
            );
            for (m, todo) in told
                .meetings
                .iter()
                .flat_map(|m| m.points.iter().flat_map(move |p| p.2.iter().map(move |t| (m, t))))
            {
                assert!(todo.who < told.people.len() && !todo.words.contains('{'));
                if todo.result.is_none() {
                    open += 1;
                    let due = m.at.plus(std::time::Duration::from_hours(24 * todo.days.unsigned_abs()));
                    late += usize::from(due < now);
                }
            }
        }
        assert!(open > all.len() / 3 && late > 0 && late < open, "{open} open, {late} late");
        assert_eq!(plan.meetings().len(), all.len());
    }
}
