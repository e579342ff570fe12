//! Closed lists around the workflow: reasons, clocks, results, messages.

use linli_kernel::text_enum;

text_enum! {
    /// Why an organisation says that a case is not its own (退回理由).
    pub enum ReturnReason {
        /// 非本单位职责
        NotOurDuty = "not_our_duty",
        /// 非本辖区
        NotOurArea = "not_our_area",
        /// 需要其他单位牵头
        OtherMustLead = "other_must_lead",
        /// 分类错误
        WrongCategory = "wrong_category",
        /// 重复派遣
        DispatchedTwice = "dispatched_twice",
    }
}

text_enum! {
    /// Why a case is not taken up (不予受理理由).
    pub enum DeclineReason {
        /// 应通过诉讼、仲裁、行政复议、信访等法定途径解决
        LegalProcedure = "legal_procedure",
        /// 不属于本区管辖
        OutsideDistrict = "outside_district",
        /// 涉及国家秘密、商业秘密、个人隐私
        Secret = "secret",
        /// 无实质内容，无法办理
        NoContent = "no_content",
        /// 已依法依规办结，无新的事实理由
        SettledBefore = "settled_before",
        /// 反映人撤回
        Withdrawn = "withdrawn",
        /// 恶意骚扰、虚假内容
        Abuse = "abuse",
    }
}

text_enum! {
    /// Which promise a clock measures (时限类型).
    pub enum ClockKind {
        /// 签收（接哨）
        Sign = "sign",
        /// 联系群众
        Contact = "contact",
        /// 报到
        ReportIn = "report_in",
        /// 办结
        Close = "close",
        /// 紧急到场
        UrgentOnSite = "urgent_on_site",
        /// 定期督办
        Supervise = "supervise",
        /// 挂账复核
        Review = "review",
        /// 等待群众补充
        AwaitReporter = "await_reporter",
    }
}

text_enum! {
    /// Whether the problem is gone (是否解决), as the lead says.
    pub enum Extent {
        /// 已解决
        Solved = "solved",
        /// 部分解决
        Partly = "partly",
        /// 未解决，已解释
        Explained = "explained",
    }
}

text_enum! {
    /// How a case ended (办理结果), as the one who verified found.
    pub enum Outcome {
        /// 已解决
        Solved = "solved",
        /// 部分解决
        Partly = "partly",
        /// 合理诉求暂不能解决，已解释
        Explained = "explained",
        /// 诉求不合理，已解释
        Unfounded = "unfounded",
        /// 无法联系核实
        Unreachable = "unreachable",
    }
}

text_enum! {
    /// How content the reporter is (满意度).
    pub enum Satisfaction {
        /// 非常满意
        VerySatisfied = "very_satisfied",
        /// 满意
        Satisfied = "satisfied",
        /// 基本满意
        Mostly = "mostly",
        /// 不满意
        Dissatisfied = "dissatisfied",
        /// 非常不满意
        VeryDissatisfied = "very_dissatisfied",
    }
}

impl Satisfaction {
    /// Counts for the 满意率.
    pub const fn is_satisfied(self) -> bool {
        matches!(self, Self::VerySatisfied | Self::Satisfied | Self::Mostly)
    }
}

text_enum! {
    /// What a message about a case says (通知事由).
    pub enum NoticeKind {
        /// 新派遣
        Dispatched = "dispatched",
        /// 邀请协办
        AssistAsked = "assist_asked",
        /// 吹哨到本级
        WhistleBlown = "whistle_blown",
        /// 申请待审批
        AskWaiting = "ask_waiting",
        /// 申请已答复
        AskDecided = "ask_decided",
        /// 已受理
        Filed = "filed",
        /// 不予受理
        Declined = "declined",
        /// 已合并
        Merged = "merged",
        /// 已接办: who is responsible now.
        Accepted = "accepted",
        /// 请您补充
        Question = "question",
        /// 群众已补充或等待期满
        Answered = "answered",
        /// 已挂账
        Suspended = "suspended",
        /// 恢复办理
        Resumed = "resumed",
        /// 已办结，待核查
        Resolved = "resolved",
        /// 核查不通过
        Rework = "rework",
        /// 已结案，请评价
        Closed = "closed",
        /// 群众要求重办
        Reopened = "reopened",
        /// 超时
        Overdue = "overdue",
        /// 紧急待确认
        UrgentClaimed = "urgent_claimed",
        /// 紧急，请立即到场
        UrgentConfirmed = "urgent_confirmed",
        /// 督办
        Supervised = "supervised",
        /// 新留言
        Commented = "commented",
    }
}

text_enum! {
    /// How a clock ended.
    pub enum Ending {
        /// 完成, in time or late: compare with the due time.
        Met = "met",
        /// 作废: something else took its place.
        Superseded = "superseded",
        /// 超时升级: the level above took over.
        Overtaken = "overtaken",
    }
}

text_enum! {
    /// How near a clock is to its end (红黄绿).
    pub enum Colour {
        /// At most 80 % used.
        Green = "green",
        /// At most all of it used.
        Amber = "amber",
        /// 超时
        Red = "red",
    }
}
