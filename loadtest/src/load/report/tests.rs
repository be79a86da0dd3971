use super::*;
use crate::load::record::{Latency, Second, Wrong};

/// Elements that have no end tag in HTML.
const VOID: [&str; 5] = ["meta", "br", "input", "link", "hr"];

/// What every page must be, however little it has to show: every tag closed in order, nothing fetched, no odd numbers.
fn sound(page: &str) {
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>"));
    let mut open: Vec<&str> = Vec::new();
    let mut rest = &page["<!DOCTYPE html>".len()..];
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let end = rest.find('>').expect("a tag that ends");
        let tag = &rest[..end];
        rest = &rest[end + 1..];
        let name = tag.trim_start_matches('/').split_whitespace().next().unwrap_or_default();
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric()) && !name.is_empty(), "<{tag}>");
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "in order");
        } else if !VOID.contains(&name) {
            open.push(name);
        }
        if !tag.starts_with('/') && (name == "script" || name == "style") {
            let end = rest.find(&format!("</{name}>")).expect("an end");
            rest = &rest[end..];
        }
    }
    assert_eq!(open, Vec::<&str>::new());
    for strange in ["NaN", ">inf", "\"inf", " inf ", "http://", "https://", "src=", "<img", "@import", "url("]
    {
        // Quoted messages may hold anything, escaped.
        let shown = page.replace("&lt;img src=x", "");
        assert!(!shown.contains(strange), "{strange}");
    }
    let ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|p| p.split('"').next()).collect();
    let unique: std::collections::HashSet<_> = ids.iter().collect();
    assert_eq!(ids.len(), unique.len(), "{ids:?}");
    for target in page.split("href=\"#").skip(1).filter_map(|p| p.split('"').next()) {
        assert!(ids.contains(&target), "{target}");
    }
}

#[test]
fn a_page_of_everything() {
    let run = sample::burst();
    let page = page(&run);
    sound(&page);
    assert!(page == super::page(&run), "the same run, the same page");
    assert_eq!(page.matches("<svg class=\"histogram\"").count(), 5);
    assert_eq!(page.matches("<svg class=\"series\"").count(), 8);
    assert_eq!(page.matches("<rect class=\"warm\"").count(), 8);
    for text in [
        "✗ Failed",
        "FAILED burst-30k",
        "✗ missed",
        "✓ met",
        "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;",
        "मेरा ऑर्डर",
        "The first 2 of 3.",
        "No example was kept.",
        "Only quantiles are known.",
        "--report reports/steady --seed 8",
        "think.distribution",
        "99.9987 %",
        "AMD EPYC 7B13",
        "Median of the first third",
    ] {
        assert!(page.contains(text), "{text}");
    }
    assert!(!page.contains("× doubled"), "what never happened is no violation");
    assert!(page.len() < 500_000, "{} bytes", page.len());
}

#[test]
fn whoever_passed_is_told_so() {
    let page = page(&sample::steady());
    sound(&page);
    assert!(page.contains("✓ Passed") && page.contains("None was found.") && !page.contains("✗"));
}

#[test]
fn pages_of_little() {
    let nothing = sample::nothing();
    let text = page(&nothing);
    sound(&text);
    for absent in [
        "<b>Reply</b> was not measured",
        "<b>The course of the run</b> was not recorded",
        "set no objectives",
    ] {
        assert!(text.contains(absent), "{absent}");
    }
    let mut little = sample::nothing();
    little.series = vec![Second { at: 1.0, ..Second::default() }];
    little.latencies.insert(
        "reply".into(),
        Latency { count: 1, p50: 4.0, max: 4.0, buckets: vec![(4.0, 1)], ..Latency::default() },
    );
    little.latencies.insert("ack".into(), Latency { mean: f64::NAN, ..Latency::default() });
    let text = page(&little);
    sound(&text);
    assert!(text.contains("<b>Engine memory</b> was not measured in this run."));
    assert!(text.contains("<b>Acknowledgement</b> was not measured in this run."));
    assert_eq!(text.matches("<svg class=\"histogram\"").count(), 1);
    for (a, b) in [(&nothing, &little), (&little, &nothing), (&nothing, &sample::steady())] {
        sound(&comparison_page(a, b));
    }
}

#[test]
fn all_text_is_escaped() {
    let mut run = sample::burst();
    let nasty = "\"><script>alert('x')</script>&amp;<!--";
    run.scenario = nasty.into();
    run.about = nasty.into();
    run.started_at = nasty.into();
    run.verdict = nasty.into();
    run.machine.cpu = nasty.into();
    run.machine.system = nasty.into();
    run.machine.engine = nasty.into();
    run.settings = serde_json::json!({ nasty: nasty, "command": nasty });
    run.counts.insert(nasty.into(), 1);
    run.objectives[0].name = nasty.into();
    run.objectives[1].unit = nasty.into();
    run.violations = vec![Wrong { kind: nasty.into(), count: 2, examples: vec![nasty.into()] }];
    let latency = run.latencies["reply"].clone();
    run.latencies.insert(nasty.into(), latency);
    for page in [page(&run), comparison_page(&run, &sample::steady())] {
        sound(&page);
        assert_eq!(page.matches("<script>").count(), 1);
        assert!(!page.contains("alert('x')</script>") && !page.contains("<!--"));
    }
}

#[test]
fn two_runs_on_one_page() {
    let page = comparison_page(&sample::steady(), &sample::burst());
    sound(&page);
    assert_eq!(page.matches("<svg class=\"histogram\"").count(), 5);
    assert_eq!(page.matches("<svg class=\"series\"").count(), 11);
    for text in ["missed now", "Different seeds: 7 in A, 8 in B.", "<th scope=\"row\">peak</th>", "B/A"] {
        assert!(page.contains(text), "{text}");
    }
}

#[test]
fn written_whole_and_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("reports/new");
    let run = sample::burst();
    let path = write(&run, &dir).unwrap();
    assert_eq!(path, dir.join("report.html"));
    // Not `assert_eq!`, which would print ten minutes of both.
    assert!(std::fs::read_to_string(&path).unwrap() == page(&run));
    assert!(read(&dir).unwrap() == run);
    assert!(read(&dir.join("report.json")).unwrap() == run);
    assert_eq!(write_comparison(&run, &run, &dir).unwrap(), dir.join("compare.html"));
    assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 3, "no parts are left");
    assert!(std::fs::read_to_string(dir.join("report.json")).unwrap().contains("\n  \"scenario\""), "pretty");
}

#[test]
fn what_json_cannot_say_is_said_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let mut run = sample::nothing();
    let buckets = vec![(1.0, 3), (5.0, 2), (f64::INFINITY, 1), (f64::INFINITY, 1)];
    run.latencies
        .insert("turn".into(), Latency { count: 7, mean: f64::NAN, max: 9.0, buckets, ..Latency::default() });
    run.series = vec![Second { at: 1.0, turn_mean: Some(f64::NAN), ..Second::default() }];
    write(&run, folder.path()).unwrap();
    let back = read(folder.path()).unwrap();
    assert_eq!(back.latencies["turn"].buckets, [(1.0, 3), (5.0, 2), (9.0, 2)]);
    assert_eq!((back.latencies["turn"].mean, back.series[0].turn_mean), (0.0, None));
}

#[test]
fn strange_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = read(folder.path()).unwrap_err().to_string();
    assert!(error.contains("CHARLA-E5451") && error.contains("report.json"), "{error}");
    let path = folder.path().join("x.json");
    std::fs::write(&path, "{\"scenario\": 3}").unwrap();
    let error = read(&path).unwrap_err().to_string();
    assert!(
        error.contains("CHARLA-E5452") && error.contains("x.json") && error.contains("line 1"),
        "{error}"
    );
}

/// Relative luminance and contrast after WCAG 2.2.
fn contrast(a: &str, b: &str) -> f64 {
    let luminance = |colour: &str| {
        let part = |i: usize| {
            let c = f64::from(u8::from_str_radix(&colour[i..i + 2], 16).unwrap()) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
    };
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn colours_keep_wcag_aa() {
    let style = include_str!("page.css");
    let schemes: Vec<&str> = style.split(":root{").skip(1).map(|s| s.split('}').next().unwrap()).collect();
    assert_eq!(schemes.len(), 2, "light and dark");
    for scheme in schemes {
        let colour = |name: &str| {
            let value =
                scheme.split([';', '\n']).find_map(|d| d.strip_prefix(&format!("--{name}:"))).unwrap();
            assert_eq!(value.len(), 7, "{name}");
            value
        };
        for ground in ["card", "page"] {
            for text in ["ink", "soft", "mute", "hitink", "missink", "goodink"] {
                let found = contrast(colour(text), colour(ground));
                assert!(found >= 4.5, "text {text} on {ground}: {found:.2}");
            }
            for line in ["c0", "c1", "c2", "c3", "a", "b"] {
                let found = contrast(colour(line), colour(ground));
                assert!(found >= 3.0, "line {line} on {ground}: {found:.2}");
            }
        }
    }
}

#[test]
#[ignore = "writes the made-up runs' pages where CHARLA_SAMPLE_REPORTS says, to be looked at"]
fn samples_can_be_looked_at() {
    let dir =
        PathBuf::from(std::env::var_os("CHARLA_SAMPLE_REPORTS").expect("CHARLA_SAMPLE_REPORTS: a folder"));
    for (name, run) in
        [("steady", sample::steady()), ("burst", sample::burst()), ("nothing", sample::nothing())]
    {
        write(&run, &dir.join(name)).unwrap();
        std::fs::write(dir.join(name).join("report.md"), text(&run)).unwrap();
    }
    write_comparison(&sample::steady(), &sample::burst(), &dir).unwrap();
    std::fs::write(dir.join("compare.txt"), compare(&sample::steady(), &sample::burst()).to_string())
        .unwrap();
}
