//! The lattice of delivery states.

use crate::accept::Delivery;

impl Delivery {
    /// Whether nothing comes after it.
    pub fn is_final(self) -> bool {
        matches!(self, Delivery::Failed | Delivery::Deleted)
    }

    /// The state after a report: never backwards, and of the two final states the first one stays.
    #[must_use]
    pub fn join(self, report: Delivery) -> Delivery {
        if self.is_final() { self } else { self.max(report) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_delivery() -> impl Strategy<Value = Delivery> {
        proptest::sample::select(vec![
            Delivery::Queued,
            Delivery::Sent,
            Delivery::Delivered,
            Delivery::Read,
            Delivery::Played,
            Delivery::Failed,
            Delivery::Deleted,
        ])
    }

    proptest! {
        #[test]
        fn joining_never_goes_backwards(a in any_delivery(), b in any_delivery()) {
            prop_assert!(a.join(b) >= a);
            prop_assert_eq!(a.join(b).join(b), a.join(b));
            prop_assert_eq!(a.join(a), a);
        }

        #[test]
        fn any_order_of_the_same_reports_ends_alike_unless_both_ends_are_among_them(
            reports in proptest::collection::vec(any_delivery(), 0..8).prop_shuffle(),
        ) {
            let ends = |end| reports.contains(&end);
            let last = reports.iter().fold(Delivery::Queued, |at, report| at.join(*report));
            if !(ends(Delivery::Failed) && ends(Delivery::Deleted)) {
                prop_assert_eq!(last, reports.iter().copied().max().unwrap_or(Delivery::Queued));
            } else {
                prop_assert_eq!(Some(last), reports.iter().copied().find(|report| report.is_final()));
            }
        }

        #[test]
        fn final_states_stay(end in proptest::sample::select(vec![Delivery::Failed, Delivery::Deleted]), b in any_delivery()) {
            prop_assert_eq!(end.join(b), end);
        }
    }
}
