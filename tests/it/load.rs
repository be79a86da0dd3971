//! A short load run on this build's engine, judged; `charla-loadtest run` does the long ones.

use crate::support::{cache, root};
use charla_loadtest::load::{Plan, Scenario, run};

fn smoke() -> Plan {
    let mut scenario = Scenario::load(&root().join("loadtest/scenarios/smoke-100.toml")).unwrap();
    // A debug build shares its cores with other tests: what is asked for is that every answer is right.
    scenario.sessions = 60;
    scenario.duration_s = 12.0;
    scenario.patience_s = 60.0;
    scenario.objectives.ack_p50_ms = None;
    scenario.objectives.ack_over_1s = None;
    scenario.objectives.reply_p99_ms = None;
    scenario.objectives.refused = None;
    let plan = Plan {
        charla: Some(env!("CARGO_BIN_EXE_charla").into()),
        assistant: root().join("config"),
        cache: Some(cache()),
        data: root().join("no public sets"),
        ..Plan::of(scenario)
    };
    plan.without_encoder()
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_customers_get_the_right_answers() {
    let place = tempfile::tempdir().unwrap();
    let run = run(Plan { report: Some(place.path().join("report")), ..smoke() }).await.unwrap();
    assert!(run.passed(), "{}\n{:#?}", run.verdict, run.violations);
    assert!(run.counts["answered"] > 50 && run.counts["taps"] > 20, "{:#?}", run.counts);
    assert!(
        run.latencies.contains_key("understand") && run.latencies.contains_key("turn"),
        "{:?}",
        run.latencies
    );
    for name in ["report.json", "report.html"] {
        assert!(place.path().join("report").join(name).is_file(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_never_come_are_in_the_verdict() {
    let mut plan = Plan { lose: 20, ..smoke() };
    // Those that are missing are waited for.
    plan.scenario.patience_s = 5.0;
    plan.scenario.duration_s = 6.0;
    plan.scenario.sessions = 30;
    let run = run(plan).await.unwrap();
    assert!(!run.passed(), "{}", run.verdict);
    assert!(run.verdict.contains("FAILED"), "{}", run.verdict);
    assert!(run.violations.iter().any(|wrong| wrong.kind == "lost"), "{:#?}", run.violations);
}
