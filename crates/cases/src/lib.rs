//! Cases and the three whistles (网格吹哨 · 部门报到): one life of a case in seven steps,
//! clocks in working time, and exactly one organisation that leads at every moment.

pub mod hotline;
pub mod model;
pub mod rules;
