//! Settings as lines, and the command that does it again.

use crate::load::record::Run;
use serde_json::Value;
use std::collections::BTreeMap;

/// The key under which a run may keep the command line that was given.
const COMMAND: &str = "command";

/// Every setting with its path, e.g. `think.mean`, in order; the command is not one.
pub fn lines(run: &Run) -> Vec<(String, String)> {
    let mut out = Vec::new();
    flatten("", &run.settings, &mut out);
    out.retain(|(name, _)| name != COMMAND);
    out
}

fn flatten(name: &str, value: &Value, out: &mut Vec<(String, String)>) {
    let below = |key: &str| if name.is_empty() { key.to_owned() } else { format!("{name}.{key}") };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| flatten(&below(key), value, out)),
        Value::Array(items) if items.iter().any(|i| i.is_object() || i.is_array()) => {
            for (i, item) in items.iter().enumerate() {
                flatten(&below(&(i + 1).to_string()), item, out);
            }
        }
        Value::Null if name.is_empty() => {}
        Value::Null => out.push((name.to_owned(), "–".to_owned())),
        Value::String(text) => out.push((name.to_owned(), text.clone())),
        Value::Array(items) => {
            let items: Vec<String> =
                items.iter().map(|i| i.as_str().map_or_else(|| i.to_string(), str::to_owned)).collect();
            out.push((name.to_owned(), items.join(", ")));
        }
        other => out.push((name.to_owned(), other.to_string())),
    }
}

/// The command that repeats a run: the one that was given if the settings keep it under `command`, otherwise the one that
/// plays the scenario of that name with the same seed.
pub fn command(run: &Run) -> String {
    let Some(given) = run.settings.get(COMMAND).and_then(Value::as_str) else {
        return format!(
            "charla-loadtest run {} --seed {}",
            quoted(&format!("loadtest/scenarios/{}.toml", run.scenario)),
            run.seed
        );
    };
    if given.contains("--seed") { given.to_owned() } else { format!("{given} --seed {}", run.seed) }
}

/// As a shell takes it for one word.
fn quoted(word: &str) -> String {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%=".contains(c);
    if word.chars().all(harmless) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// Settings that two runs do not share: name, in the first, in the second.
pub fn differences(a: &Run, b: &Run) -> Vec<(String, Option<String>, Option<String>)> {
    let (a, b): (BTreeMap<_, _>, BTreeMap<_, _>) =
        (lines(a).into_iter().collect(), lines(b).into_iter().collect());
    let mut names: Vec<&String> = a.keys().chain(b.keys().filter(|k| !a.contains_key(*k))).collect();
    names.sort();
    (names.into_iter())
        .filter(|name| a.get(*name) != b.get(*name))
        .map(|name| (name.clone(), a.get(name).cloned(), b.get(name).cloned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::report::sample;
    use serde_json::json;

    #[test]
    fn settings_are_lines() {
        let mut run = sample::steady();
        run.settings = json!({"command": "x", "think": {"mean": 20.5, "law": "exponential"}, "numbers": ["a", 2],
            "phases": [{"rate": 1}, {"rate": 3}], "nothing": null});
        let lines: Vec<String> =
            lines(&run).into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut sorted = lines.clone();
        sorted.sort();
        assert_eq!(
            sorted,
            [
                "nothing=–",
                "numbers=a, 2",
                "phases.1.rate=1",
                "phases.2.rate=3",
                "think.law=exponential",
                "think.mean=20.5"
            ]
        );
        run.settings = serde_json::Value::Null;
        assert!(super::lines(&run).is_empty());
    }

    #[test]
    fn the_command_is_the_given_one_or_made_of_name_and_seed() {
        let mut run = sample::steady();
        run.settings = json!({});
        run.seed = 9;
        assert_eq!(command(&run), "charla-loadtest run loadtest/scenarios/steady-10k.toml --seed 9");
        run.scenario = "it's mine".into();
        assert_eq!(command(&run), r"charla-loadtest run 'loadtest/scenarios/it'\''s mine.toml' --seed 9");
        run.settings = json!({"command": "charla-loadtest run a.toml --duration 60s"});
        assert_eq!(command(&run), "charla-loadtest run a.toml --duration 60s --seed 9");
        run.settings = json!({"command": "charla-loadtest run a.toml --seed 9"});
        assert_eq!(command(&run), "charla-loadtest run a.toml --seed 9");
    }

    #[test]
    fn only_differences_are_told() {
        let (mut a, mut b) = (sample::steady(), sample::steady());
        a.settings = json!({"x": 1, "y": {"z": true}, "only_a": 1});
        b.settings = json!({"x": 1, "y": {"z": false}, "only_b": "k"});
        let told = differences(&a, &b);
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            told,
            [
                ("only_a".into(), some("1"), None),
                ("only_b".into(), None, some("k")),
                ("y.z".into(), some("true"), some("false"))
            ]
        );
    }
}
