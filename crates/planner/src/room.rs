//! Room at a site when windows differ (各时段余量): can these people all be seated inside their windows?
//!
//! Hall's condition for intervals: for every pair (first slot of some window, last slot of some window) the people
//! whose windows lie inside must not exceed the capacity inside. One table of slacks per site; without windows it
//! has one entry. Exact for people seated one by one. Cost of a change: the entries that contain the window.

use crate::problem::Problem;

/// The slack table of one site.
#[derive(Clone, Debug, Default)]
pub(crate) struct Room {
    ends: usize,
    /// For each window class: first row and first column of the entries that contain it (or none).
    corner: Vec<(u16, u16)>,
    slack: Vec<i64>,
    /// The slack of a table of one entry, once more: here without a detour over the heap.
    one: i64,
}

const ABSENT: u16 = u16::MAX;

impl Room {
    /// The empty site: capacities over all window pairs, for the slots up to `horizon`.
    fn new(problem: &Problem, site: usize, present: &[bool], horizon: usize) -> Self {
        let windows = || {
            let used = problem.windows.iter().zip(present);
            used.filter(|(_, here)| **here).map(|(window, _)| *window)
        };
        let mut starts: Vec<usize> = windows().map(|w| w.0).collect();
        let mut ends: Vec<usize> = windows().map(|w| w.1).collect();
        starts.sort_unstable_by(|a, b| b.cmp(a));
        starts.dedup();
        ends.sort_unstable();
        ends.dedup();
        // Rows: window starts from late to early; columns: ends from early to late. So what contains a window is
        // everything from its own corner on.
        let mut slack = Vec::with_capacity(starts.len() * ends.len());
        for &start in &starts {
            for &end in &ends {
                slack.push(if start <= end {
                    problem.capacity_between(site, start, end.min(horizon))
                } else {
                    i64::MAX / 4
                });
            }
        }
        let find = |list: &[usize], value: usize| {
            let at = list.iter().position(|&x| x == value);
            at.and_then(|at| u16::try_from(at).ok()).unwrap_or(ABSENT)
        };
        let corner =
            problem.windows.iter().zip(present).map(|(w, here)| {
                if *here { (find(&starts, w.0), find(&ends, w.1)) } else { (ABSENT, ABSENT) }
            });
        let one = slack.first().copied().unwrap_or(0);
        Self { ends: ends.len(), corner: corner.collect(), slack, one }
    }

    /// The tables of all sites.
    pub(crate) fn all(problem: &Problem, horizon: usize) -> Vec<Self> {
        let classes = problem.windows.len();
        let mut present = vec![vec![false; classes]; problem.capacity.len()];
        for &b in &problem.served {
            for arc in problem.arcs_of(b as usize) {
                present[arc.hub as usize][problem.class[b as usize] as usize] = true;
            }
        }
        let sites = present.iter().enumerate();
        sites.map(|(site, present)| Self::new(problem, site, present, horizon)).collect()
    }

    /// Places left, if everybody has the same window.
    #[inline]
    pub(crate) fn spare(&self) -> i64 {
        self.one
    }

    /// People too many now.
    #[inline]
    pub(crate) fn over(&self) -> i64 {
        if let [slack] = self.slack[..] {
            return (-slack).max(0);
        }
        -self.slack.iter().copied().min().unwrap_or(0).min(0)
    }

    /// People too many if `people` of a class came in (or left, if negative).
    #[inline]
    pub(crate) fn over_with(&self, class: u32, people: i64) -> i64 {
        if let [slack] = self.slack[..] {
            return (people - slack).max(0);
        }
        let (row, column) = self.corner[class as usize];
        let mut least = 0;
        for (at, entries) in self.slack.chunks_exact(self.ends.max(1)).enumerate() {
            for (end, &slack) in entries.iter().enumerate() {
                let inside = at >= row as usize && end >= column as usize;
                least = least.min(if inside { slack - people } else { slack });
            }
        }
        -least
    }

    /// Lets `people` of a class in (or out, if negative).
    pub(crate) fn add(&mut self, class: u32, people: i64) {
        if let [slack] = &mut self.slack[..] {
            *slack -= people;
            self.one = *slack;
            return;
        }
        let (row, column) = self.corner[class as usize];
        let ends = self.ends.max(1);
        for entries in self.slack.chunks_exact_mut(ends).skip(row as usize) {
            for slack in entries.iter_mut().skip(column as usize) {
                *slack -= people;
            }
        }
    }

    /// Takes capacity away for good (what could not be packed), from the windows containing the class.
    pub(crate) fn shrink(&mut self, class: u32, people: i64) {
        self.add(class, people);
    }
}
