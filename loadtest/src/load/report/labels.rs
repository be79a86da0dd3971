//! How numbers and names are written.

/// Stands where nothing was measured.
pub const NONE: &str = "–";

/// A whole number with commas between thousands.
pub fn count(n: u64) -> String {
    commas(&n.to_string())
}

fn commas(digits: &str) -> String {
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// With at least so many significant digits; whole numbers whole, thousands with commas.
pub fn digits(value: f64, least: usize) -> String {
    if !value.is_finite() {
        return NONE.into();
    }
    let size = value.abs();
    let whole = size.log10().floor() as i32 + 1;
    let decimals = if size == 0.0 || size.fract() == 0.0 { 0 } else { (least as i32 - whole).clamp(0, 9) };
    let text = format!("{size:.*}", decimals as usize);
    let (before, after) = text.split_once('.').unwrap_or((&text, ""));
    // `0.00400` promises more than anyone measured.
    let after = if size < 0.1 { after.trim_end_matches('0') } else { after };
    let sign = if value < 0.0 && text.chars().any(|c| !matches!(c, '0' | '.')) { "−" } else { "" };
    let point = if after.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{after}", commas(before))
}

/// Three significant digits.
pub fn number(value: f64) -> String {
    digits(value, 3)
}

/// A value with its unit; milliseconds become seconds where they are many.
pub fn quantity(value: f64, unit: &str) -> String {
    with_unit(value, unit, 3)
}

fn with_unit(value: f64, unit: &str, least: usize) -> String {
    match unit {
        _ if !value.is_finite() => NONE.into(),
        "" => digits(value, least),
        "ms" if value.abs() >= 10_000.0 => format!("{} s", digits(value / 1_000.0, least)),
        "/s" => format!("{}/s", digits(value, least)),
        // 99.9987 % is not 100 %.
        "%" if value > 99.0 && value < 100.0 => {
            let nines = -(100.0 - value).log10().floor();
            format!("{value:.*} %", (nines.clamp(0.0, 8.0) as usize + 1).max(least.saturating_sub(2)))
        }
        _ => format!("{} {unit}", digits(value, least)),
    }
}

/// The same, or a dash.
pub fn known(value: Option<f64>, unit: &str) -> String {
    value.map_or_else(|| NONE.into(), |v| quantity(v, unit))
}

/// A value beside a limit from which it differs: with so many digits that this shows.
pub fn beside(value: f64, limit: f64, unit: &str) -> String {
    let same = |text: &str| {
        let bare = |text: &str| {
            let number = text.split([' ', '/']).next().unwrap_or_default().to_owned();
            if number.contains('.') {
                number.trim_end_matches('0').trim_end_matches('.').to_owned()
            } else {
                number
            }
        };
        bare(text) == bare(&quantity(limit, unit))
    };
    (3..=12)
        .map(|least| with_unit(value, unit, least))
        .find(|text| value == limit || !same(text))
        .unwrap_or_else(|| quantity(value, unit))
}

/// `×1.25`.
pub fn ratio(value: f64) -> String {
    match value {
        v if !v.is_finite() => NONE.into(),
        v if v >= 99.5 => format!("×{}", digits(v.round(), 3)),
        v if v >= 9.95 => format!("×{v:.1}"),
        v => format!("×{v:.2}"),
    }
}

/// A length of time for people: `45 s`, `10 min`, `1 h 5 min`.
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return NONE.into();
    }
    let whole = seconds.round() as u64;
    let parts = [(whole / 3600, "h"), (whole / 60 % 60, "min"), (whole % 60, "s")];
    if whole < 10 {
        return format!("{} s", number(seconds));
    }
    let parts: Vec<String> =
        parts.iter().filter(|p| p.0 > 0).map(|(n, unit)| format!("{n} {unit}")).collect();
    parts.join(" ")
}

/// A moment of a run: `0:30`, `12:05`, `1:00:00`.
pub fn clock(seconds: f64) -> String {
    let whole = if seconds.is_finite() { seconds.max(0.0).round() as u64 } else { 0 };
    let (h, m, s) = (whole / 3600, whole / 60 % 60, whole % 60);
    if h > 0 { format!("{h}:{m:02}:{s:02}") } else { format!("{m}:{s:02}") }
}

/// A coordinate in a drawing.
pub fn length(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// `refused_503` as words.
pub fn words(key: &str) -> String {
    key.replace('_', " ")
}

/// What a stage's latency is, for people.
pub fn stage(key: &str) -> String {
    match key {
        "ack" => "Acknowledgement".into(),
        "understand" => "Understanding".into(),
        "turn" => "Turn".into(),
        "reply" => "Reply".into(),
        "commit" => "Commit".into(),
        other => words(other),
    }
}

/// What it is counted from and to; empty where the name must do.
pub fn stage_about(key: &str) -> &'static str {
    match key {
        "ack" => "from the webhook's first sending to its 200, with all 503s and repetitions",
        "understand" => "from text to intent and entities, by the engine's own clock",
        "turn" => "one turn of a conversation, by the engine's own clock",
        "reply" => "from the moment the message was due to its answer's arrival at the simulator",
        "commit" => "one batch onto the disk, by the engine's own clock",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_read_well() {
        let texts = [0.0, 0.01234, 0.5, 3.0123, 56.78, 412.4, 1234.5, 300_000.0, -2.5, f64::NAN].map(number);
        assert_eq!(texts, ["0", "0.0123", "0.500", "3.01", "56.8", "412", "1,234", "300,000", "−2.50", NONE]);
        assert_eq!(number(1_234_567.8), "1,234,568");
        assert_eq!([count(7), count(1234), count(1_234_567)], ["7", "1,234", "1,234,567"]);
        assert_eq!(quantity(12_345.0, "ms"), "12.3 s");
        assert_eq!(
            [quantity(501.7, "/s"), quantity(0.31, "%"), quantity(3.0, "")],
            ["502/s", "0.310 %", "3"]
        );
        assert_eq!(known(None, "ms"), NONE);
        assert_eq!(
            [99.9987, 99.5, 99.0, 100.0].map(|v| quantity(v, "%")),
            ["99.9987 %", "99.50 %", "99 %", "100 %"]
        );
        assert_eq!([quantity(0.004, "%"), quantity(0.5, "%")], ["0.004 %", "0.500 %"]);
        assert_eq!(
            [ratio(1.0), ratio(12.345), ratio(1234.5), ratio(f64::INFINITY)],
            ["×1.00", "×12.3", "×1,235", NONE]
        );
    }

    #[test]
    fn a_missed_limit_never_looks_met() {
        assert_eq!(beside(500.0, 500.0, "ms"), "500 ms");
        assert_eq!(beside(500.4, 500.0, "ms"), "500.4 ms");
        assert_eq!(beside(500.000_04, 500.0, "ms"), "500.00004 ms");
        assert_eq!(beside(312.0, 500.0, "ms"), "312 ms");
        assert_eq!(beside(10_000.4, 10_000.0, "ms"), "10.0004 s");
        assert_eq!(beside(1_499.7, 1_500.0, "/s"), "1,499.7/s");
    }

    #[test]
    fn times_read_well() {
        let texts = [0.4, 45.0, 60.0, 600.0, 3900.0, 3661.0].map(duration);
        assert_eq!(texts, ["0.400 s", "45 s", "1 min", "10 min", "1 h 5 min", "1 h 1 min 1 s"]);
        assert_eq!(
            [clock(30.0), clock(725.0), clock(3600.0), clock(f64::NAN)],
            ["0:30", "12:05", "1:00:00", "0:00"]
        );
    }

    proptest! {
        #[test]
        fn digits_keep_the_value(value in -1e9f64..1e9) {
            let text = number(value).replace(',', "").replace('−', "-");
            let back: f64 = text.parse().unwrap();
            prop_assert!((back - value).abs() <= value.abs() * 0.006 + 1e-9, "{value} {text}");
        }
    }
}
