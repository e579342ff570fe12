//! The words of the weekly meeting (周例会): meeting, point, person, to-do.

use std::collections::BTreeMap;

use linli_kernel::{AreaCode, Timestamp, actor::AccountId, text_enum, typed_id};
use serde::Serialize;

use super::Week;

typed_id! {
    /// The meeting of a community and a week.
    MeetingId;
    /// A point of its agenda.
    PointId;
    /// A to-do that it gave.
    TodoId
}

text_enum! {
    /// Where a meeting stands.
    pub enum State {
        /// 待开、正在开
        Open = "open",
        /// 已结束
        Closed = "closed",
    }
}

text_enum! {
    /// Why a meeting is not on its usual day.
    pub enum Moved {
        /// 遇节假日顺延
        Holiday = "holiday",
        /// 书记改期
        Hand = "hand",
    }
}

text_enum! {
    /// Where a point comes from, in the order of the agenda.
    pub enum PointKind {
        /// 上次会议的待办
        Todo = "todo",
        /// 退回、重办的案件
        Returned = "returned",
        /// 超时的案件
        Overdue = "overdue",
        /// 要几家一起办的案件
        Joint = "joint",
        /// 没有逐件列出的案件
        More = "more",
        /// 日随查落后的网格
        Round = "round",
        /// 季走访落后的网格
        Coverage = "coverage",
        /// 月抽查发现的不符
        Wrong = "wrong",
        /// 新增关爱标签的家庭
        CareNew = "care_new",
        /// 关爱标签快到期的家庭
        CareEnd = "care_end",
        /// 书记自己加的
        Own = "own",
    }
}

text_enum! {
    /// What a point or a to-do is tied to.
    pub enum SubjectKind {
        /// 案件
        Case = "case",
        /// 网格
        Grid = "grid",
        /// 一户
        Home = "home",
    }
}

text_enum! {
    /// As what somebody is expected.
    pub enum Post {
        /// 书记、小巷管家
        Secretary = "secretary",
        /// 网格员
        Worker = "worker",
        /// 列席: a property company, an owners' committee.
        Guest = "guest",
    }
}

text_enum! {
    /// Where a to-do stands.
    pub enum TodoState {
        /// 待办
        Open = "open",
        /// 已办
        Done = "done",
        /// 不再办理
        Dropped = "dropped",
    }
}

/// Figures by name, for the words of a point.
pub type Facts = BTreeMap<String, String>;

/// What a point or a to-do is tied to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Subject {
    /// What kind of thing.
    pub kind: SubjectKind,
    /// Its id, or the code of a grid.
    pub id: String,
}

/// A point that the figures propose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Where it comes from.
    pub kind: PointKind,
    /// What it is about, once in a meeting.
    pub key: String,
    /// The grid or community.
    pub area: AreaCode,
    /// What it is tied to.
    pub subject: Option<Subject>,
    /// For its words.
    pub facts: Facts,
}

/// A meeting as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Meeting {
    /// Which one.
    pub id: MeetingId,
    /// The community.
    pub area: AreaCode,
    /// The week, as [`Week`] counts.
    pub week: i64,
    /// When it begins.
    pub starts_at: Timestamp,
    /// Where.
    pub place: String,
    /// Why it is not on its usual day.
    pub moved: Option<Moved>,
    /// Where it stands.
    pub state: State,
    /// When the system last proposed points.
    pub proposed_at: Timestamp,
    /// When it ended.
    pub closed_at: Option<Timestamp>,
    /// Who ended it.
    pub closed_by: Option<String>,
}

impl Meeting {
    /// Its week.
    pub const fn week(&self) -> Week {
        Week(self.week)
    }

    /// Nothing is written in its minutes any more.
    pub fn is_closed(&self) -> bool {
        self.state == State::Closed
    }
}

/// The columns of a [`Meeting`] of `meeting m`.
pub(super) const MEETING: &str =
    "m.id, m.area, m.week, m.starts_at, m.place, m.moved, m.state, m.proposed_at, m.closed_at, m.closed_by";

/// Somebody who is expected, or came.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Person {
    /// By which the form knows them.
    pub key: String,
    /// Their account; guests have none.
    pub account: Option<AccountId>,
    /// By name.
    pub name: String,
    /// As what.
    pub post: Post,
    /// Of which grids, or for whom.
    pub place: String,
    /// Whether they came.
    pub came: bool,
}

/// A point of the agenda.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// Which one.
    pub id: PointId,
    /// Its place.
    pub nth: i64,
    /// Where it comes from.
    pub kind: PointKind,
    /// What it is about.
    pub key: String,
    /// The grid or community.
    pub area: AreaCode,
    /// What it is tied to.
    pub subject: Option<Subject>,
    /// For its words.
    pub facts: Facts,
    /// Taken off the agenda.
    pub struck: bool,
    /// What was decided.
    pub minutes: String,
    /// The base of the next writing.
    pub version: i64,
    /// When it was written.
    pub written_at: Option<Timestamp>,
    /// By whom.
    pub written_by: Option<String>,
}

/// A to-do.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow, Serialize)]
pub struct Todo {
    /// Which one.
    pub id: TodoId,
    /// The meeting that gave it.
    pub meeting_id: MeetingId,
    /// The point that gave it.
    pub point_id: PointId,
    /// The community.
    pub area: AreaCode,
    /// What is to be done.
    pub words: String,
    /// By whom.
    pub responsible: AccountId,
    /// By name.
    pub responsible_name: String,
    /// By the end of which day, as [`super::super::china_day`] counts.
    #[serde(skip)]
    pub due: i64,
    /// What it is tied to.
    pub subject_kind: Option<SubjectKind>,
    /// Its id, or the code of a grid.
    pub subject: Option<String>,
    /// In words.
    pub subject_words: String,
    /// Where that is.
    #[serde(skip)]
    pub subject_area: AreaCode,
    /// Where it stands.
    pub state: TodoState,
    /// What came of it, in a word.
    pub result: String,
    /// When.
    pub settled_at: Option<Timestamp>,
    /// By whom.
    pub settled_by: Option<String>,
    /// When it was given.
    pub made_at: Timestamp,
    /// The base of the next change.
    pub version: i64,
}

impl Todo {
    /// Its day is over and it is not done.
    pub fn overdue(&self, now: Timestamp) -> bool {
        self.state == TodoState::Open && self.due < super::super::china_day(now)
    }
}

/// The columns of a [`Todo`] of `meeting_todo t`.
pub(super) const TODO: &str = "t.id, t.meeting_id, t.point_id, t.area, t.words, t.responsible, t.responsible_name, t.due, t.subject_kind, t.subject,
    t.subject_words, t.subject_area, t.state, t.result, t.settled_at, t.settled_by, t.made_at, t.version";

/// What was added to minutes after their end.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Note {
    /// In which words.
    pub words: String,
    /// By whom.
    pub by_name: String,
    /// When.
    pub at: Timestamp,
}
