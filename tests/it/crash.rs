//! A short crash loop on this build's engine; `charla-loadtest crash` runs the long one.

use charla_loadtest::crash::{Plan, run};

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_dies_again_and_again_keeps_its_promises() {
    let plan = Plan {
        rounds: 6,
        seed: 11,
        charla: Some(env!("CARGO_BIN_EXE_charla").into()),
        customers: 40,
        messages: 120,
        rate: 200,
        settle_every: 6,
        keep: None,
    };
    let report = run(&plan).await.unwrap();
    assert!(report.kept(), "{report}\n{}", report.verdict());
    assert_eq!((report.rounds, report.totals.answered), (6, 6 * 120), "{report}");
}
