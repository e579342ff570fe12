//! How right the records are (准确率), with the interval in which the truth lies in nineteen cases of twenty.

/// Quantile of the normal distribution for 95 %.
const Z: f64 = 1.959_963_984_540_054;

/// What checks have found, pooled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Found {
    /// 属实
    pub right: i64,
    /// 不符
    pub wrong: i64,
    /// 无法核对: counts for nothing.
    pub unknown: i64,
}

/// A share and its Wilson interval, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Accuracy {
    /// The share that was right.
    pub share: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Found {
    /// Adds what other checks have found.
    pub const fn add(&mut self, other: &Self) {
        self.right += other.right;
        self.wrong += other.wrong;
        self.unknown += other.unknown;
    }

    /// Nothing where nothing could be checked.
    pub fn accuracy(&self) -> Option<Accuracy> {
        let n = (self.right + self.wrong) as f64;
        if n <= 0.0 {
            return None;
        }
        let share = self.right as f64 / n;
        let z2 = Z * Z;
        let middle = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
        let half = Z * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt() / (1.0 + z2 / n);
        Some(Accuracy { share, low: (middle - half).max(0.0), high: (middle + half).min(1.0) })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(right: i64, wrong: i64) -> String {
        let a = Found { right, wrong, unknown: 5 }.accuracy().unwrap();
        format!("{:.3} {:.3} {:.3}", a.share, a.low, a.high)
    }

    #[test]
    fn as_in_the_books() {
        assert_eq!(of(81, 182), "0.308 0.255 0.366");
        assert_eq!(of(10, 0), "1.000 0.722 1.000");
        assert_eq!(of(0, 10), "0.000 0.000 0.278");
        assert_eq!(of(1, 1), "0.500 0.095 0.905");
        assert_eq!(Found { unknown: 9, ..Found::default() }.accuracy(), None);
    }

    proptest! {
        #[test]
        fn the_share_lies_in_its_interval(right in 0i64..5000, wrong in 0i64..5000) {
            if let Some(a) = (Found { right, wrong, unknown: 0 }).accuracy() {
                prop_assert!(a.low <= a.share + 1e-9 && a.share <= a.high + 1e-9);
                prop_assert!(a.low >= 0.0 && a.high <= 1.0);
            }
        }
    }
}
