//! Lints that need the whole configuration.

mod flows;
mod names;
mod plain;
mod responses;
mod spellings;

use crate::Assistant;
use crate::finding::{Finding, Findings};

pub(crate) fn check(a: &Assistant) -> Vec<Finding> {
    let mut findings = Findings::default();
    names::check(a, &mut findings);
    flows::check(a, &mut findings);
    plain::check(a, &mut findings);
    responses::check(a, &mut findings);
    spellings::check(a, &mut findings);
    findings.list
}
