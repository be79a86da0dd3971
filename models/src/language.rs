//! Which language a message is in: script first, then a classifier over character n-grams trained on the shop's own
//! examples, since no library knows Hindi in Latin letters mixed with English.

use crate::{
    calibrate::temperature,
    features::sentence::language_features,
    heads::{classifier::Classifier, math::softmax},
    text::{Analysis, script::Scripts},
    train::classifier::{Options, Sample, train},
};

/// A language that the shop does not serve.
pub const OTHER: &str = "other";
/// An Indian language that the shop does not serve.
pub const OTHER_INDIC: &str = "other-indic";

/// They belong to what a model is made of, like the shop's examples.
pub const SAMPLES: &str = include_str!("../data/other-languages.txt");

/// The trained classifier with its labels.
#[derive(Debug, Clone)]
pub struct Languages {
    /// Labels in the order of the classes.
    pub labels: Vec<String>,
    /// The classifier.
    pub classifier: Classifier,
    /// Its temperature.
    pub temperature: f32,
}

/// Sentences of languages not served: (label, sentence).
pub fn samples() -> impl Iterator<Item = (&'static str, &'static str)> {
    let mut label = OTHER;
    SAMPLES.lines().map(str::trim).filter_map(move |line| {
        if let Some(heading) = line.strip_prefix("## ") {
            label = if heading.starts_with(OTHER_INDIC) { OTHER_INDIC } else { OTHER };
            return None;
        }
        (!line.is_empty() && !line.starts_with('#')).then_some((label, line))
    })
}

/// What the letters alone allow.
fn allowed(scripts: Scripts, label: &str, known: &dyn Fn(&str) -> bool) -> bool {
    // Names of makers and models are longer than the words about them: "सफ़ेद Motorola फ्रिज".
    let devanagari = scripts.devanagari * 3 > scripts.letters();
    match label {
        "hi" => devanagari,
        OTHER_INDIC => true,
        // A few Latin words (brands) do not make a Devanagari message English.
        _ if devanagari => !known("hi") && label == OTHER,
        _ => true,
    }
}

impl Languages {
    /// Trains on (language, text) pairs; temperature from a fifth that was held out.
    pub fn train(examples: &[(&str, &str)], seed: u64) -> Self {
        let mut all: Vec<(&str, &str)> = examples.iter().copied().filter(|(l, _)| !l.is_empty()).collect();
        // Written by hand and few: they weigh as much as one of the shop's languages would.
        let others: Vec<(&str, &str)> = samples().collect();
        let served = all.iter().map(|(l, _)| *l).collect::<std::collections::BTreeSet<_>>();
        let weight = (all.len() / served.len().max(1) / others.len().max(1)).clamp(1, 6);
        for _ in 0..weight {
            all.extend(&others);
        }
        let mut labels: Vec<String> = all.iter().map(|(l, _)| (*l).to_owned()).collect();
        labels.sort();
        labels.dedup();
        let made: Vec<Sample> = all
            .iter()
            .map(|(label, text)| Sample {
                features: language_features(&Analysis::new(text).words),
                contexts: Vec::new(),
                class: labels.iter().position(|l| l == label).unwrap_or(0),
                vector: None,
            })
            .collect();
        let options = Options { epochs: 6, smoothing: 0.02, drop_features: 0.4, ..Options::default() };
        // The same sentence repeated must not sit on both sides, so sides are told by the text.
        let held = |text: &str| crate::features::name(9, text).is_multiple_of(5);
        let fit: Vec<&Sample> =
            made.iter().zip(&all).filter(|(_, (_, t))| !held(t)).map(|(s, _)| s).collect();
        let trial = train(&fit, labels.len(), &options, seed, &mut |_, _| true);
        let scored: Vec<(Vec<f32>, usize)> = made
            .iter()
            .zip(&all)
            .filter(|(_, (_, t))| held(t))
            .map(|(s, _)| (trial.logits(&s.features, None), s.class))
            .collect();
        let temperature = temperature::fit(scored.iter().map(|(z, y)| (z.as_slice(), *y)));
        let every: Vec<&Sample> = made.iter().collect();
        let classifier = train(&every, labels.len(), &options, seed, &mut |_, _| true);
        Self { labels, classifier, temperature }
    }

    /// The posterior, most likely first; it sums to 1.
    pub fn posterior(&self, text: &Analysis) -> Vec<(String, f32)> {
        let scripts = Scripts::of(&text.normal.text);
        let letters = scripts.letters();
        if letters > 0 && (scripts.indic * 2 > letters || scripts.other * 2 > letters) {
            let label = if scripts.indic >= scripts.other { OTHER_INDIC } else { OTHER };
            let rest = 0.01 / self.labels.len().saturating_sub(1).max(1) as f32;
            return self.ranked(|l| if l == label { 0.99 } else { rest });
        }
        let features = language_features(&text.words);
        if features.is_empty() {
            // Numbers and emoji are anybody's.
            let served = self.labels.iter().filter(|l| !l.starts_with(OTHER)).count().max(1);
            return self.ranked(|l| if l.starts_with(OTHER) { 0.0 } else { 1.0 / served as f32 });
        }
        let mut p = self.classifier.logits(&features, None);
        let known = |l: &str| self.labels.iter().any(|label| label == l);
        p.iter_mut().zip(&self.labels).for_each(|(p, label)| {
            *p = if allowed(scripts, label, &known) { *p / self.temperature } else { f32::NEG_INFINITY };
        });
        softmax(&mut p);
        self.ranked(|label| self.labels.iter().position(|l| l == label).map_or(0.0, |i| p[i]))
    }

    fn ranked(&self, p: impl Fn(&str) -> f32) -> Vec<(String, f32)> {
        let mut all: Vec<(String, f32)> = self.labels.iter().map(|l| (l.clone(), p(l))).collect();
        let sum: f32 = all.iter().map(|(_, p)| p).sum();
        all.iter_mut().for_each(|(_, p)| *p /= sum.max(f32::MIN_POSITIVE));
        all.sort_by(|a, b| b.1.total_cmp(&a.1));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trained() -> Languages {
        let own = [
            ("en", "where is my order"),
            ("en", "i want to cancel my order"),
            ("en", "show me black shoes"),
            ("en", "thank you so much"),
            ("en", "is this available in my city"),
            ("en", "the product is broken"),
            ("es", "dónde está mi pedido"),
            ("es", "quiero cancelar mi compra"),
            ("es", "muchas gracias"),
            ("es", "tienen zapatos negros"),
            ("es", "cuánto cuesta este teléfono"),
            ("es", "el producto llegó roto"),
            ("hi", "मेरा ऑर्डर कहाँ है"),
            ("hi", "मुझे ऑर्डर रद्द करना है"),
            ("hi", "बहुत धन्यवाद"),
            ("hi", "यह कितने का है"),
            ("hi-Latn", "mera order kahan hai"),
            ("hi-Latn", "mujhe order cancel karna hai"),
            ("hi-Latn", "bahut dhanyavaad"),
            ("hi-Latn", "ye phone kitne ka hai bhai"),
            ("hi-Latn", "kab tak aayega"),
        ];
        let many: Vec<_> = own.iter().cycle().take(own.len() * 8).copied().collect();
        Languages::train(&many, 1)
    }

    #[test]
    fn ours_others_and_scripts() {
        let languages = trained();
        let of = |text: &str| languages.posterior(&Analysis::new(text))[0].0.clone();
        assert_eq!(of("where is my black order"), "en");
        assert_eq!(of("dónde está el teléfono"), "es");
        assert_eq!(of("mera phone kab aayega"), "hi-Latn");
        assert_eq!(of("मेरा फोन कहाँ है"), "hi");
        // Which of Devanagari's languages is more than these few sentences tell.
        assert!(["hi", OTHER_INDIC].contains(&of("मेरा Motorolla फोन").as_str()));
        assert_eq!(of("mera वाला phone kab aayega bhai"), "hi-Latn");
        assert_eq!(of("wo ist mein Paket, ich habe es nicht bekommen"), OTHER);
        assert_eq!(of("je voudrais annuler la commande"), OTHER);
        assert_eq!(of("माझा फोन कुठे आहे, मला पाहिजे"), OTHER_INDIC);
        assert_eq!(of("எனது ஆர்டர் எங்கே"), OTHER_INDIC);
        assert_eq!(of("أين طلبي"), OTHER);
        let nobody = languages.posterior(&Analysis::new("8842 👍"));
        assert!((nobody.iter().map(|(_, p)| p).sum::<f32>() - 1.0).abs() < 1e-4 && nobody[0].1 < 0.5);
    }

    #[test]
    fn every_sample_has_a_label() {
        assert!(samples().count() > 300);
        assert!(samples().any(|(l, t)| l == OTHER_INDIC && t.contains("आहे")));
    }
}
