//! What operators deploy, `ops/`: rules, their tests and dashboards name what the engine really shows, and hold together.

use crate::support::{Town, root};
use charla::telemetry::names;
use charla_loadtest::load::prometheus::Scraper;
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    path::PathBuf,
    process::Command,
};

const RULES: [&str; 2] = ["rules.yml", "alerts.yml"];
const TESTS: [&str; 4] = ["rules.test.yml", "objectives.test.yml", "days.test.yml", "alerts.test.yml"];
const DASHBOARDS: [&str; 2] = ["charla.json", "charla-runtime.json"];
/// What panels and rules may be without in a short conversation: it shows with its first value, and has had none.
const SILENT: [&str; 4] = [
    "charla_agent_requests_total",
    "charla_dialogue_invariant_violations_total",
    "charla_kept_total",
    "charla_nlu_parse_seconds",
];

#[derive(Deserialize)]
struct File {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
struct Rule {
    record: Option<String>,
    alert: Option<String>,
    expr: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

fn prometheus(file: &str) -> PathBuf {
    root().join("ops/prometheus").join(file)
}

fn rules() -> Vec<Rule> {
    let read = |file: &str| -> File {
        serde_saphyr::from_str(&std::fs::read_to_string(prometheus(file)).unwrap()).unwrap()
    };
    RULES.iter().flat_map(|file| read(file).groups).flat_map(|group| group.rules).collect()
}

/// Panel and expression of everything that the dashboards show, with their variables filled in.
fn targets() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for file in DASHBOARDS {
        let text = std::fs::read_to_string(root().join("ops/grafana").join(file)).unwrap();
        let board: serde_json::Value = serde_json::from_str(&text).unwrap();
        for panel in board["panels"].as_array().unwrap() {
            for target in panel["targets"].as_array().into_iter().flatten() {
                let place = format!("{file}: {}", panel["title"].as_str().unwrap());
                found.push((place, filled(target["expr"].as_str().unwrap())));
            }
        }
        for note in board["annotations"]["list"].as_array().unwrap() {
            found.push((format!("{file}: annotation"), filled(note["expr"].as_str().unwrap())));
        }
    }
    found
}

fn filled(expression: &str) -> String {
    let filled = expression.replace("$__rate_interval", "1m").replace("$instance", ".*");
    let filled = filled.replace("$backend", ".*");
    assert!(!filled.contains('$'), "an unknown variable in {expression}");
    filled
}

/// Names in an expression that are metrics, each with the labels it is chosen by.
fn metrics_of(expression: &str) -> Vec<(String, Vec<String>)> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let mut found = Vec::new();
    let mut rest = expression;
    while let Some(begin) = rest.find(word) {
        let text = &rest[begin..];
        let end = text.find(|c| !word(c)).unwrap_or(text.len());
        let (name, after) = text.split_at(end);
        rest = after;
        let mut labels = Vec::new();
        // No value that is matched here has a brace or a comma in it.
        if let Some(inside) = after.strip_prefix('{') {
            let (inside, after) = inside.split_once('}').unwrap();
            labels.extend(inside.split(',').map(|m| m.split(['=', '!']).next().unwrap().trim().to_owned()));
            rest = after;
        }
        if name.starts_with("charla_") || name.starts_with("process_") || name.contains(':') || name == "up" {
            found.push((name.to_owned(), labels));
        }
    }
    found
}

/// The metric behind a series of a histogram.
fn family(name: &str) -> &str {
    let cut = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
    cut.filter(|cut| cut.ends_with("_seconds") || cut.ends_with("_size")).unwrap_or(name)
}

fn declared() -> BTreeSet<&'static str> {
    let of_edge = names::ALL.iter().map(|(name, ..)| *name);
    let of_runtime = charla_actors::metrics::ALL.iter().copied();
    of_edge.chain(of_runtime).chain(charla_models::measures::ALL.iter().copied()).collect()
}

/// A customer who agrees, asks something, and wants a person.
async fn short_conversation(town: &Town, phone: &str) {
    let mut customer = town.customer(phone);
    let greeting = customer.say("hi there, good morning").await;
    customer.say("where is my order").await;
    customer.choose(&greeting, "/Consent(yes)").await;
    customer.say("I want to talk to a human").await;
    let (id, _) = town.conversation_of(phone).await;
    town.wait_for(&id, |detail| detail["owner"]["kind"] == "queue").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_and_dashboards_name_what_the_engine_shows() {
    let town = Town::here().await;
    short_conversation(&town, "447700900771").await;
    let text = town.metrics().await;
    town.stop().await;
    let mut shown: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let name = line.split(['{', ' ']).next().unwrap();
        let labels = shown.entry(name).or_default();
        if let Some((_, inside)) = line.split_once('{') {
            labels.extend(inside.split("\",").map(|label| label.split('=').next().unwrap()));
        }
    }
    let rules = rules();
    let recorded: BTreeSet<&str> = rules.iter().filter_map(|rule| rule.record.as_deref()).collect();
    let declared = declared();
    let of_rules = rules.iter().map(|rule| {
        let name = rule.record.as_deref().or(rule.alert.as_deref());
        (name.unwrap().to_owned(), rule.expr.clone())
    });
    let mut seen = BTreeSet::new();
    for (place, expression) in of_rules.chain(targets()) {
        for (name, labels) in metrics_of(&expression) {
            if name == "up" {
                continue;
            }
            if name.contains(':') {
                assert!(recorded.contains(name.as_str()), "{place}: nothing records {name}");
                continue;
            }
            seen.insert(family(&name).to_owned());
            let Some(has) = shown.get(name.as_str()) else {
                assert!(SILENT.contains(&family(&name)), "{place}: the engine does not show {name}");
                assert!(declared.contains(family(&name)), "{place}: nothing is called {name}");
                continue;
            };
            for label in labels.iter().filter(|label| !["job", "instance"].contains(&label.as_str())) {
                assert!(has.contains(label.as_str()), "{place}: {name} has no label {label}, only {has:?}");
            }
        }
    }
    let unseen: Vec<_> = declared.iter().filter(|name| !seen.contains(**name)).collect();
    assert!(unseen.is_empty(), "neither rules nor dashboards show {unseen:?}");
    let value = |series: &str| -> f64 {
        let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {series}")).parse().unwrap()
    };
    for series in [
        "charla_consents_total{outcome=\"asked\"}",
        "charla_consents_total{outcome=\"given\"}",
        "charla_consent_messages_kept_total",
        "charla_handovers_total{reason=\"requested\"}",
        "charla_human_queue{state=\"waiting\"}",
        "charla_matters_total{outcome=\"escalated\"}",
        "charla_limit{of=\"outbox\"}",
        "charla_free_credits",
        "charla_journal_disk_bytes",
        "charla_data_free_bytes",
        "process_resident_memory_bytes",
    ] {
        assert!(value(series) >= 1.0, "{series} is {}", value(series));
    }
    assert_eq!(value("charla_webhook_requests_total{status=\"503\"}"), 0.0, "there before it has happened");
    // The objectives count what is within exactly these bounds.
    for (metric, bounds) in
        [("charla_webhook_ack_seconds", ["0.25", "1"]), ("charla_reply_seconds", ["1", "2"])]
    {
        for bound in bounds {
            let series = format!("{metric}_bucket{{le=\"{bound}\"}}");
            assert!(text.contains(&series), "no {series}");
        }
    }
}

#[test]
fn the_operator_s_guide_has_every_metric() {
    let page = std::fs::read_to_string(root().join("docs/operating.md")).unwrap();
    for name in declared() {
        // Four of the snapshots' counters share a row.
        let end = name.strip_prefix("charla_snapshots");
        let there = page.contains(name) || end.is_some_and(|end| page.contains(&format!("…{end}")));
        assert!(there, "docs/operating.md lacks {name}");
    }
}

#[test]
fn every_alert_has_its_page_its_severity_and_its_tests() {
    let page = std::fs::read_to_string(root().join("docs/alerts.md")).unwrap();
    let tests: String = TESTS.iter().map(|t| std::fs::read_to_string(prometheus(t)).unwrap()).collect();
    let mut alerts = BTreeSet::new();
    for rule in rules() {
        let Some(alert) = rule.alert else { continue };
        assert!(["page", "ticket"].contains(&rule.labels["severity"].as_str()), "{alert}");
        assert!(rule.annotations["summary"].len() > 20, "{alert}");
        assert_eq!(rule.annotations["runbook"], format!("docs/alerts.md#{}", alert.to_lowercase()));
        assert!(page.contains(&format!("\n### {alert}\n")), "docs/alerts.md lacks {alert}");
        let fires = format!("alertname: {alert}\n");
        assert!(tests.contains(&fires), "no test in which {alert} fires");
        assert!(alerts.insert(alert), "twice");
    }
    let told = page.lines().filter_map(|line| line.strip_prefix("### "));
    assert_eq!(told.map(str::to_owned).collect::<BTreeSet<_>>(), alerts, "docs/alerts.md and the rules");
}

/// `None` and a word about it where promtool is not installed.
fn promtool(arguments: &[&str]) -> Option<()> {
    let run = Command::new("promtool").args(arguments).current_dir(root().join("ops/prometheus")).output();
    match run {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            eprintln!("skipped: promtool is not installed");
            None
        }
        run => {
            let run = run.unwrap();
            let said =
                format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
            assert!(run.status.success(), "promtool {arguments:?}:\n{said}");
            Some(())
        }
    }
}

#[test]
fn promtool_takes_configuration_and_rules_and_their_tests_pass() {
    let Some(()) = promtool(&["check", "config", "prometheus.yml"]) else { return };
    promtool(&["check", "rules", RULES[0], RULES[1]]);
    for file in TESTS {
        promtool(&["test", "rules", file]);
    }
}

#[test]
fn dashboards_are_whole_and_promtool_understands_their_queries() {
    for file in DASHBOARDS {
        let text = std::fs::read_to_string(root().join("ops/grafana").join(file)).unwrap();
        let board: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(board["uid"], file.trim_end_matches(".json"));
        let mut ids = BTreeSet::new();
        for panel in board["panels"].as_array().unwrap() {
            let title = panel["title"].as_str().unwrap();
            assert!(ids.insert(panel["id"].as_u64().unwrap()), "{file}: {title}: its id is there twice");
            let place = &panel["gridPos"];
            assert!(place["x"].as_u64().unwrap() + place["w"].as_u64().unwrap() <= 24, "{file}: {title}");
            if panel["type"] == "row" {
                continue;
            }
            assert!(panel["description"].as_str().unwrap().len() > 5, "{file}: {title}: no description");
            assert!(panel["fieldConfig"]["defaults"]["unit"].is_string(), "{file}: {title}: no unit");
            for target in panel["targets"].as_array().unwrap() {
                assert_eq!(target["datasource"]["uid"], "${datasource}", "{file}: {title}");
            }
        }
    }
    let mut text = "groups:\n  - name: panels\n    rules:\n".to_owned();
    for (n, (_, expression)) in targets().iter().enumerate() {
        let quoted = serde_json::to_string(expression).unwrap();
        writeln!(text, "      - record: panel:{n}\n        expr: {quoted}").unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("panels.yml");
    std::fs::write(&file, text).unwrap();
    promtool(&["check", "rules", file.to_str().unwrap()]);
}

/// Every panel is asked of a real Prometheus that scrapes a real engine. What has nothing to show must have a reason.
#[tokio::test(flavor = "multi_thread")]
async fn panels_show_something_of_a_running_engine() {
    let town = Town::here().await;
    let engine = town.running().addr;
    // What is recorded every half minute would come too late for a test.
    let text = std::fs::read_to_string(prometheus(RULES[0])).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules.yml");
    std::fs::write(
        &rules,
        text.replace("interval: 30s", "interval: 1s").replace("interval: 2m", "interval: 1s"),
    )
    .unwrap();
    let Some(scraper) = Scraper::start(&[engine], Some(&rules)).await.unwrap() else {
        eprintln!("skipped: prometheus is not installed");
        town.stop().await;
        return;
    };
    // Two, and a scrape between them: histograms begin with their first value, and a rate needs a difference.
    short_conversation(&town, "447700900771").await;
    scraper.availability().await.unwrap();
    short_conversation(&town, "447700900772").await;
    let availability = scraper.availability().await.unwrap();
    assert_eq!(availability, Some(1.0), "nothing was refused");
    let mut empty = Vec::new();
    for (place, expression) in targets() {
        let value = scraper.query(&expression).await.unwrap_or_else(|error| panic!("{place}: {error}"));
        let reason = expression.contains("> 0")
            || metrics_of(&expression).iter().any(|(name, _)| SILENT.contains(&family(name)));
        if value.is_none() {
            assert!(reason, "{place}: nothing for {expression}");
            empty.push(format!("{place}: {expression}"));
        }
    }
    eprintln!("without data after a short conversation: {empty:#?}");
    scraper.stop().await;
    town.stop().await;
}
