//! Closed lists: the same word in Rust, in the database, in JSON and in locale keys.

use linli_kernel::{area::AreaLevel, text_enum, typed_id};

typed_id! {
    /// A case (案件, 诉求).
    CaseId
}

text_enum! {
    /// Where a case stands (状态).
    pub enum CaseState {
        /// 已采集: somebody told us.
        Reported = "reported",
        /// 已立案: it is ours to solve; waits for dispatch or the grid's own answer.
        Filed = "filed",
        /// 不予受理, with the reason told to the reporter.
        Declined = "declined",
        /// 已合并 into another case that is followed instead.
        Merged = "merged",
        /// 已派遣: an organisation must take it up.
        Assigned = "assigned",
        /// 已接哨: the lead has taken it up.
        Accepted = "accepted",
        /// 已报到: the lead is on site.
        OnSite = "on_site",
        /// 退回待裁: the lead says that it belongs to somebody else.
        Returned = "returned",
        /// 挂账: cannot be solved now; has a day of review.
        Suspended = "suspended",
        /// 已办结反馈: the lead says that it is done.
        Resolved = "resolved",
        /// 核查中: somebody else looks.
        Verifying = "verifying",
        /// 已结案
        Closed = "closed",
        /// 已评价
        Rated = "rated",
        /// 重办: the reporter or the level above does not agree.
        Reopened = "reopened",
    }
}

impl CaseState {
    /// Nobody has to do anything any more unless it is reopened.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Declined | Self::Merged | Self::Closed | Self::Rated)
    }

    /// In the hands of a lead that has been told.
    pub const fn is_at_work(self) -> bool {
        matches!(self, Self::Assigned | Self::Accepted | Self::OnSite)
    }
}

text_enum! {
    /// Who told us (来源).
    pub enum Source {
        /// 网格员巡查
        Grid = "grid",
        /// 居民上报
        Resident = "resident",
        /// 12345热线
        Hotline = "hotline",
        /// Another city system by Open311.
        Open311 = "open311",
        /// 小哥随手拍: couriers and riders.
        Rider = "rider",
        /// 物业
        Property = "property",
        /// 督查巡检
        Inspection = "inspection",
    }
}

impl Source {
    /// Found by our own people before anybody complained (主动发现).
    pub const fn is_found(self) -> bool {
        matches!(self, Self::Grid | Self::Inspection)
    }
}

text_enum! {
    /// What the reporter wants (诉求性质).
    pub enum Nature {
        /// 投诉
        Complaint = "complaint",
        /// 举报
        Tip = "tip",
        /// 求助
        Help = "help",
        /// 咨询
        Question = "question",
        /// 建议
        Suggestion = "suggestion",
    }
}

impl Nature {
    /// Can be answered from a desk.
    pub const fn needs_only_words(self) -> bool {
        matches!(self, Self::Question | Self::Suggestion)
    }
}

text_enum! {
    /// How many hands are called (哨级).
    pub enum WhistleLevel {
        /// 常规哨: the grid answers itself.
        Regular = "regular",
        /// 联合哨: the street's sections and departments together.
        Joint = "joint",
        /// 攻坚哨: the district supervises to the end.
        Tough = "tough",
    }
}

text_enum! {
    /// The level that is responsible for the case (责任层级).
    pub enum Level {
        /// 网格
        Grid = "grid",
        /// 镇街
        Street = "street",
        /// 区级
        District = "district",
    }
}

impl Level {
    /// One level up; the district has nobody above it here.
    #[must_use]
    pub const fn above(self) -> Self {
        match self {
            Self::Grid => Self::Street,
            Self::Street | Self::District => Self::District,
        }
    }

    /// The level that an area code as precise as this can be given to.
    pub const fn of_area(area: AreaLevel) -> Self {
        match area {
            AreaLevel::Grid => Self::Grid,
            AreaLevel::Community | AreaLevel::Street => Self::Street,
            AreaLevel::District => Self::District,
        }
    }
}

text_enum! {
    /// Everything that can be done with a case (动作).
    pub enum Action {
        /// 采集: the case comes to be; it has no state before.
        Report = "report",
        /// 立案
        File = "file",
        /// 不予受理
        Decline = "decline",
        /// 合并重复件
        Merge = "merge",
        /// 定位到网格
        Locate = "locate",
        /// 更正分类
        Recategorise = "recategorise",
        /// 吹联合哨
        BlowJoint = "blow_joint",
        /// 吹攻坚哨
        BlowTough = "blow_tough",
        /// 派遣
        Dispatch = "dispatch",
        /// 增加协办
        AddAssisting = "add_assisting",
        /// 接哨
        Accept = "accept",
        /// 报到
        Arrive = "arrive",
        /// 协办报到: an assisting organisation is there too.
        AssistArrive = "assist_arrive",
        /// 联系群众
        Contact = "contact",
        /// 请群众补充: the clocks wait for the reporter.
        AskReporter = "ask_reporter",
        /// 群众已补充
        ReporterAnswered = "reporter_answered",
        /// 申请退回
        RequestReturn = "request_return",
        /// 同意接收: the organisation named in the first return takes the case.
        ConsentReturn = "consent_return",
        /// 裁定退回
        DecideReturn = "decide_return",
        /// 申请延期
        RequestExtension = "request_extension",
        /// 审批延期
        DecideExtension = "decide_extension",
        /// 申请挂账
        RequestSuspension = "request_suspension",
        /// 驳回挂账
        RefuseSuspension = "refuse_suspension",
        /// 挂账
        Suspend = "suspend",
        /// 恢复办理
        Resume = "resume",
        /// 办结反馈
        Resolve = "resolve",
        /// 开始核查
        StartVerification = "start_verification",
        /// 核查不通过, back to the lead.
        FailVerification = "fail_verification",
        /// 核查结案
        Close = "close",
        /// 回访
        FollowUp = "follow_up",
        /// 群众评价
        Rate = "rate",
        /// 重办
        Reopen = "reopen",
        /// 标记紧急
        FlagUrgent = "flag_urgent",
        /// 确认紧急
        ConfirmUrgent = "confirm_urgent",
        /// 取消紧急
        ClearUrgent = "clear_urgent",
        /// 督办
        Supervise = "supervise",
        /// 隐去身份
        HideIdentity = "hide_identity",
        /// 内部备注: the reporter never sees it.
        Note = "note",
        /// 留言: between the reporter and those who work on the case.
        Comment = "comment",
        /// 超时升级, by the clocks alone.
        Escalate = "escalate",
    }
}

text_enum! {
    /// What somebody is to a case at this moment (身份).
    pub enum Party {
        /// 反映人
        Reporter = "reporter",
        /// 主办: works for the lead organisation.
        Lead = "lead",
        /// 协办
        Assisting = "assisting",
        /// 拟接收: works for the organisation that a return names.
        Proposed = "proposed",
        /// 辖区网格员
        GridWorker = "grid_worker",
        /// 辖区社区书记
        Secretary = "secretary",
        /// 责任层级的全响应中心 (for a grid's case: the street's centre)
        Centre = "centre",
        /// 上一级全响应中心
        Above = "above",
        /// 镇街领导
        StreetLeader = "street_leader",
        /// 热线专席, speaking for a reporter who rang
        Hotline = "hotline",
        /// The clocks.
        System = "system",
    }
}
