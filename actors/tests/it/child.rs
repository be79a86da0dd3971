//! Kills: this test binary starts itself as an engine with failpoints armed, talks to it, lets it die, and starts it again.

use crate::world::{Edge, said, start_in};
use charla_actors::clock::SystemClock;
use charla_actors::failpoints;
use charla_actors::inspect::Inspector;
use charla_actors::options::Options;
use charla_actors::testing::Counter;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

const FOLDER: &str = "CHARLA_TEST_CHILD_FOLDER";
const PEOPLE: usize = 6;

/// Not a test of its own: what the child process runs. Reads `PERSON N` lines, accepts, prints `ok PERSON N` once that is
/// durable.
#[tokio::test(flavor = "multi_thread")]
async fn child_process() {
    let Ok(folder) = std::env::var(FOLDER) else {
        return;
    };
    let edge = Edge::new();
    let engine = start_in(Path::new(&folder), &edge, Arc::new(SystemClock::default())).await;
    let (lines, mut queue) = tokio::sync::mpsc::unbounded_channel::<String>();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if lines.send(line).is_err() {
                return;
            }
        }
    });
    while let Some(line) = queue.recv().await {
        let (person, n) = line.split_once(' ').unwrap();
        let text = format!("twice {n}");
        if engine.accept(vec![said(person, &text, Some(&line))]).await.is_err() {
            std::process::exit(3);
        }
        println!("ok {line}");
        std::io::stdout().flush().unwrap();
    }
    crate::world::quiet(&engine).await;
    assert!(engine.drain(Duration::from_secs(30)).await);
}

/// Talks until the child dies or all is said. Returns whether it died.
fn talk(folder: &Path, arm: &str, acknowledged: &mut [usize], until: usize) -> bool {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["child::child_process", "--exact", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .env(failpoints::VARIABLE, arm)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    'talking: while acknowledged.iter().any(|n| *n < until) {
        for (person, said) in acknowledged.iter_mut().enumerate() {
            if *said >= until {
                continue;
            }
            let next = format!("{person} {said}");
            if writeln!(input, "{next}").and_then(|()| input.flush()).is_err() {
                break 'talking;
            }
            let expected = format!("ok {next}");
            loop {
                match output.next() {
                    Some(Ok(line)) if line.ends_with(&expected) => break,
                    Some(Ok(_)) => {}
                    _ => break 'talking,
                }
            }
            *said += 1;
        }
    }
    drop(input);
    !child.wait().unwrap().success()
}

#[test]
fn nothing_acknowledged_is_lost_or_handled_twice_whatever_the_place_of_the_kill() {
    let places = [
        (failpoints::BEFORE_APPEND, "2%abort"),
        (failpoints::AFTER_APPEND_BEFORE_ACK, "2%abort"),
        (failpoints::BETWEEN_EFFECTS, "3%abort"),
        (failpoints::AFTER_COMMIT_BEFORE_DISPATCH, "3%abort"),
        (failpoints::AFTER_ANSWER_BEFORE_RECORD, "3%abort"),
        (failpoints::DURING_SNAPSHOT, "20%abort"),
        (failpoints::DURING_RECOVERY, "abort"),
        (failpoints::SYNC_ERROR, "2%error"),
    ];
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = [0; PEOPLE];
    let mut kills = BTreeMap::<_, u32>::new();
    for (round, (name, action)) in places.iter().enumerate() {
        let arm = format!("{name}={action}");
        let goal = (round + 1) * 40;
        if talk(folder.path(), &arm, &mut acknowledged, goal) {
            *kills.entry(*name).or_insert(0) += 1;
        }
    }
    assert!(kills.len() >= 4, "{kills:?}");
    // A last start without failpoints finishes everything.
    let end = places.len() * 40 + 5;
    assert!(!talk(folder.path(), "", &mut acknowledged, end));

    let options = Options::in_dir(folder.path());
    let inspector = Inspector::<Counter>::open(&options).unwrap();
    let total = inspector.replay_all(Some(&Counter::default())).unwrap();
    assert_eq!(total.differences, vec![]);
    let ids = inspector.conversations(100, None).unwrap();
    assert_eq!(ids.len(), PEOPLE);
    for id in ids {
        let log = inspector.state(&id).unwrap().unwrap().log;
        let expected: Vec<String> = (0..end)
            .flat_map(|n| [format!("twice {n}"), format!("looked {n}a"), format!("looked {n}b")])
            .collect();
        let differs = log.iter().zip(&expected).position(|(a, b)| a != b);
        assert_eq!((log.len(), differs), (expected.len(), None));
        assert_eq!(inspector.deliveries(&id).unwrap().len(), 2 * end);
    }
}
