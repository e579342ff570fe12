//! In which order a list of homes stands, and where its next page begins. What is confirmed meanwhile does not move the
//! place where somebody reads: a cursor holds what the list is sorted by.

use linli_kernel::{Cursor, text_enum};
use linli_store::Where;
use uuid::Uuid;

text_enum! {
    /// The order of a list.
    pub enum Order {
        /// In the order of registration.
        Door = "door",
        /// By house, staircase, floor and door.
        Address = "address",
        /// Never first, then what was longest ago.
        Oldest = "oldest",
        /// What was last first.
        Newest = "newest",
        /// Where somebody needs care first, of those what was longest ago.
        Care = "care",
    }
}

/// Joined to `dwelling d` for [`Order::Address`].
const PLACE: &str = "JOIN building b ON b.id = d.building_id LEFT JOIN building_unit u ON u.id = d.unit_id";
/// Numbers in names count as numbers: the shorter of two comes first.
const ADDRESS: &str = "b.place, length(b.name), b.name, coalesce(u.name, ''), coalesce(d.floor, 0), length(d.door), d.door, d.n";

/// What a list is sorted by, over `dwelling d`.
pub(crate) struct Keys<'a> {
    /// When it was last confirmed or met.
    pub(crate) last: &'a str,
    /// Nought where somebody needs care, else one: a `BIGINT`.
    pub(crate) care: &'a str,
}

/// What a row of a list is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) last: i64,
    pub(crate) care: i64,
    pub(crate) n: i64,
}

impl Order {
    /// What has to be joined.
    pub(crate) const fn joins(self) -> &'static str {
        match self {
            Self::Address => PLACE,
            _ => "",
        }
    }

    /// `ORDER BY`.
    pub(crate) fn by(self, keys: &Keys<'_>) -> String {
        let Keys { last, care } = keys;
        match self {
            Self::Door => "d.n".into(),
            Self::Address => ADDRESS.into(),
            Self::Oldest => format!("coalesce({last}, 0), d.n"),
            Self::Newest => format!("-coalesce({last}, 0), d.n"),
            Self::Care => format!("{care}, coalesce({last}, 0), d.n"),
        }
    }

    /// Rows after the cursor.
    pub(crate) fn after(self, rows: &mut Where, keys: &Keys<'_>, after: Option<Cursor>) {
        let Some(cursor) = after else { return };
        let half = |bits: u128| i64::try_from(bits & u128::from(u64::MAX)).unwrap_or(i64::MAX);
        let (care, n, last) = (half(cursor.id.as_u128() >> 64), half(cursor.id.as_u128()), cursor.key);
        let by = self.by(keys);
        match self {
            Self::Door => rows.and("d.n > ?", vec![n.into()]),
            Self::Address => rows.and(
                &format!("({by}) > (SELECT {by} FROM dwelling d {PLACE} WHERE d.n = ?)"),
                vec![n.into()],
            ),
            Self::Oldest => rows.and(&format!("({by}) > (?, ?)"), vec![last.into(), n.into()]),
            Self::Newest => rows.and(&format!("({by}) > (?, ?)"), vec![(-last).into(), n.into()]),
            Self::Care => rows.and(&format!("({by}) > (?, ?, ?)"), vec![care.into(), last.into(), n.into()]),
        };
    }

    /// The cursor behind a row.
    pub(crate) fn cursor(row: Place) -> Cursor {
        let half = |number: i64| u128::try_from(number).unwrap_or_default();
        Cursor { key: row.last, id: Uuid::from_u128((half(row.care) << 64) | half(row.n)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_says_where_a_row_stands() {
        let keys = Keys { last: "x.at", care: "x.care" };
        let cursor = Order::cursor(Place { last: 1_700_000_000_000, care: 1, n: 42 });
        let cursor: Cursor = cursor.to_string().parse().unwrap();
        for (order, text, values) in [
            (Order::Door, " WHERE (d.n > $1)", 1),
            (Order::Newest, " WHERE ((-coalesce(x.at, 0), d.n) > ($1, $2))", 2),
            (Order::Care, " WHERE ((x.care, coalesce(x.at, 0), d.n) > ($1, $2, $3))", 3),
        ] {
            let mut rows = Where::new();
            order.after(&mut rows, &keys, Some(cursor));
            assert_eq!((rows.text().as_str(), rows.args().len()), (text, values));
        }
    }
}
