//! Closed lists, with the field's own names.

use linli_kernel::text_enum;

text_enum! {
    /// What a house is (楼栋类别).
    pub enum BuildingKind {
        /// 住宅楼
        Flats = "flats",
        /// 平房、自建房
        House = "house",
        /// 商铺、写字楼
        Business = "business",
        /// 宿舍
        Dormitory = "dormitory",
    }
}

text_enum! {
    /// How a dwelling is used (房屋用途).
    pub enum Usage {
        /// 自住
        Own = "own",
        /// 出租
        Rent = "rent",
        /// 空置
        Empty = "empty",
        /// 经营
        Shop = "shop",
    }
}

text_enum! {
    /// What holds a household together (户别).
    pub enum HouseholdKind {
        /// 家庭户
        Family = "family",
        /// 合租户
        Shared = "shared",
        /// 集体户
        Collective = "collective",
    }
}

text_enum! {
    /// Sex by GB/T 2261.1, with its codes.
    pub enum Sex {
        /// 未知的性别
        Unknown = "0",
        /// 男性
        Male = "1",
        /// 女性
        Female = "2",
        /// 未说明的性别
        Unstated = "9",
    }
}

text_enum! {
    /// Relation to the head of the household (与户主关系, after GB/T 4761).
    pub enum Relation {
        /// 户主
        Head = "head",
        /// 配偶
        Spouse = "spouse",
        /// 子
        Son = "son",
        /// 女
        Daughter = "daughter",
        /// 孙子女、外孙子女
        Grandchild = "grandchild",
        /// 父母
        Parent = "parent",
        /// 祖父母、外祖父母
        Grandparent = "grandparent",
        /// 兄弟姐妹
        Sibling = "sibling",
        /// 其他亲属
        Relative = "relative",
        /// 非亲属
        Other = "other",
    }
}

text_enum! {
    /// Where somebody is registered (户籍/流动).
    pub enum Residence {
        /// 户籍在此
        Registered = "registered",
        /// 流动人口
        Floating = "floating",
        /// 境外人员
        Overseas = "overseas",
        /// 未登记
        Unknown = "unknown",
    }
}

text_enum! {
    /// Whether somebody lives in the district (居住状态).
    pub enum ResidentState {
        /// 在住
        Living = "living",
        /// 已迁出
        Left = "left",
        /// 已故
        Deceased = "deceased",
    }
}

text_enum! {
    /// Why a stay ended (迁出原因).
    pub enum Leaving {
        /// 区内搬家
        Moved = "moved",
        /// 迁出本区
        Away = "away",
        /// 去世
        Deceased = "deceased",
        /// 登记有误
        Mistake = "mistake",
    }
}

text_enum! {
    /// Who needs care (关爱标签): a short fixed list; nothing else about health is kept.
    pub enum CareKind {
        /// 独居老人
        LivesAlone = "lives_alone",
        /// 高龄
        VeryOld = "very_old",
        /// 残疾
        Disabled = "disabled",
        /// 孕产
        Maternity = "maternity",
        /// 婴幼儿
        Infant = "infant",
        /// 慢病用药
        Medication = "medication",
        /// 语言不通
        Language = "language",
    }
}

impl CareKind {
    /// After so many days somebody must say again that it is still so.
    pub const fn longest_days(self) -> i64 {
        match self {
            Self::Maternity => 300,
            Self::Infant => 3 * 365,
            Self::Medication | Self::Language => 365,
            Self::LivesAlone | Self::VeryOld | Self::Disabled => 2 * 365,
        }
    }
}

text_enum! {
    /// Why something may be kept (个人信息保护法 article 13).
    pub enum Basis {
        /// 本人同意
        Consent = "consent",
        /// 履行法定职责
        Duty = "duty",
        /// 突发事件应急
        Emergency = "emergency",
    }
}

text_enum! {
    /// What a legal entity is.
    pub enum EntityKind {
        /// 企业
        Company = "company",
        /// 个体工商户
        Shop = "shop",
        /// 机关事业单位
        Institution = "institution",
        /// 社会组织
        Organisation = "organisation",
    }
}

text_enum! {
    /// Whether it is still there.
    pub enum EntityState {
        /// 在营
        Open = "open",
        /// 已停业或迁出
        Gone = "gone",
    }
}
