//! How numbers and names are written.

/// A share as percent with one decimal.
pub fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// A share as whole percent; what is not quite nothing or not quite all does not become it.
pub fn round(share: f64) -> String {
    let percent = share * 100.0;
    match percent.round() {
        0.0 if percent > 0.0 => "under 1 %".into(),
        100.0 if percent < 100.0 => "over 99 %".into(),
        whole => format!("{whole:.0} %"),
    }
}

/// `so many of 100`, for sentences: whole, but for what is near nothing or near all.
pub fn of_100(share: f64) -> String {
    let n = share * 100.0;
    if (10.0..=90.0).contains(&n) {
        return format!("{n:.0}");
    }
    let text = format!("{n:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// A coordinate or length in a drawing.
pub fn length(value: f64) -> String {
    format!("{value:.1}")
}

/// A count with thin spaces between thousands.
pub fn count(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('\u{202F}');
        }
        out.push(digit);
    }
    out
}

/// The name of a language; codes that have none here stay codes.
pub fn language(code: &str) -> &str {
    match code {
        "" => "Unnamed",
        "en" => "English",
        "es" => "Spanish",
        "hi" => "Hindi",
        "hi-Latn" => "Hinglish",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(percent(0.9236), "92.4 %");
        assert_eq!(
            [round(0.0), round(0.001), round(0.995), round(1.0)],
            ["0 %", "under 1 %", "over 99 %", "100 %"]
        );
        assert_eq!([0.7949, 0.995, 0.002, 1.0, 0.04].map(of_100), ["79", "99.5", "0.2", "100", "4"]);
        assert_eq!(
            [count(7), count(1234), count(1_234_567)],
            ["7", "1\u{202F}234", "1\u{202F}234\u{202F}567"]
        );
        assert_eq!([language("hi-Latn"), language("ta"), language("")], ["Hinglish", "ta", "Unnamed"]);
    }
}
