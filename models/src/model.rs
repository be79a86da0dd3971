//! A trained model: what it holds and how it reads a message.

use crate::{
    artefact::{Check, Manifest},
    calibrate::Scores,
    data::{Example, is_out_of_scope},
    encoder::{self, Encode, EncoderSource, Encoding, Tuned},
    error::{Error, Result},
    features::{context::Context, gazetteer::Gazetteer, sentence, token},
    heads::{
        classifier::Classifier,
        tagger::{Tagger, Tagging},
    },
    language::Languages,
    pool::{Parse, ParseRequest, ParsedEntity},
    shared::Top,
    text::Analysis,
    values,
};
use std::sync::Arc;

/// Name of the joint tier in a [`Parse`].
const JOINT: &str = "joint";
/// At most this many intents are told.
const TOLD: usize = 10;
/// How sure a locked language makes of the language of the next message.
const LOCKED: f32 = 0.8;

/// Classifier and tagger of one tier.
#[derive(Debug, Clone)]
pub struct Tier {
    /// Intents.
    pub intents: Classifier,
    /// Entities.
    pub tagger: Tagger,
    /// The encoder's last layers, where they were trained with the heads.
    pub top: Option<Arc<Vec<Top>>>,
}

/// A trained model. Cheap to share, never changed: a new one is swapped in whole.
pub struct Model {
    id: String,
    manifest: Manifest,
    gazetteer: Gazetteer,
    languages: Languages,
    ngram: Tier,
    joint: Option<Tier>,
    encoder: Option<Arc<dyn EncoderSource>>,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model")
            .field("id", &self.id)
            .field("joint", &self.joint.is_some())
            .finish_non_exhaustive()
    }
}

/// What one tier made of a message.
struct Read {
    intents: Vec<(String, f32)>,
    outside: f32,
    tagging: Tagging,
}

/// What came of the first tier.
pub(crate) enum Begun {
    /// It was sure.
    Answered(Parse),
    /// The encoder is asked.
    Unsure(Box<Unsure>),
}

/// A message of which the first tier is not sure, analysed.
pub(crate) struct Unsure {
    /// To be encoded.
    pub(crate) text: Analysis,
    languages: Vec<(String, f32)>,
    /// Of the languages, for calibration.
    weights: Vec<(String, f32)>,
    context: Context,
    words: Vec<u64>,
    tokens: Vec<token::TokenFeatures>,
    /// What the first tier made of it, where it went as far.
    first: Option<Read>,
}

impl Model {
    /// Puts a model together. An encoder of another kind than the joint tier was trained with is left out.
    pub fn new(
        manifest: Manifest,
        languages: Languages,
        ngram: Tier,
        joint: Option<Tier>,
        encoder: Option<Arc<dyn EncoderSource>>,
    ) -> Self {
        let encoder = encoder.and_then(|e| encoder::of_id(e, manifest.encoder.as_deref()));
        let gazetteer = Gazetteer::new(manifest.tables.clone());
        let id = manifest.id();
        let top = joint.as_ref().and_then(|tier| tier.top.clone());
        let encoder = match (encoder, top) {
            // Other layers are another encoder: whoever keeps one open goes by its name.
            (Some(source), Some(top)) => {
                let sum = manifest.files.get(crate::artefact::JOINT).map_or(id.as_str(), String::as_str);
                let id = format!("{}+{}", source.id(), &sum[..sum.len().min(12)]);
                Some(Arc::new(Tuned { source, tops: top, id }) as Arc<dyn EncoderSource>)
            }
            (encoder, _) => encoder,
        };
        Self { id, gazetteer, languages, ngram, joint, encoder, manifest }
    }

    /// The artefact's id: 12 hexadecimal digits of the manifest's hash, which covers all weights.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The manifest.
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What opens encoders for the joint tier; `None`: the n-gram tier answers alone.
    pub fn encoder(&self) -> Option<&Arc<dyn EncoderSource>> {
        self.encoder.as_ref().filter(|_| self.joint.is_some())
    }

    /// The trained parts, for saving.
    pub(crate) const fn parts(&self) -> (&Languages, &Tier, Option<&Tier>) {
        (&self.languages, &self.ngram, self.joint.as_ref())
    }

    /// Reads a message. Without an encoder the n-gram tier answers; with one, the joint tier answers what the n-gram tier
    /// is not sure of.
    ///
    /// # Errors
    /// The encoder's.
    pub fn parse(&self, request: &ParseRequest, encoder: Option<&mut (dyn Encode + '_)>) -> Result<Parse> {
        self.parse_from(self.manifest.first_tier, request, encoder)
    }

    /// As [`parse`](Self::parse), but the n-gram tier answers alone from the confidence `least` on; with one above 1 the
    /// joint tier answers all it can.
    pub(crate) fn parse_from(
        &self,
        least: f32,
        request: &ParseRequest,
        encoder: Option<&mut (dyn Encode + '_)>,
    ) -> Result<Parse> {
        match self.begin(least, request, encoder.is_some()) {
            Begun::Answered(parse) => Ok(parse),
            Begun::Unsure(unsure) => {
                let encoding = encoder.map(|e| e.encode(&unsure.text)).transpose()?;
                Ok(self.finish(request, *unsure, encoding.as_ref()))
            }
        }
    }

    /// The first tier's part. With `encoder`, what it is not sure of (with at least the confidence `least`) is left to
    /// [`finish`](Self::finish).
    pub(crate) fn begin(&self, least: f32, request: &ParseRequest, encoder: bool) -> Begun {
        let text = Analysis::new(&request.text);
        let languages = self.languages.posterior(&text);
        let weights = self.weights(&languages, request.language.as_deref());
        let context =
            Context::new(request.asked.as_deref(), request.flow.as_deref(), &self.manifest.entities)
                .after(&request.earlier);
        let words = sentence::features(&text.words);
        let tokens = token::features(&text, &self.gazetteer, &context);
        let mut unsure = Unsure { text, languages, weights, context, words, tokens, first: None };
        let logits = Self::logits(&self.ngram, None, &unsure);
        let (ranked, outside) = self.intents(&self.ngram, &logits, false, &unsure);
        let sure = ranked.first().map_or(0.0, |i| i.1);
        let can = encoder && self.joint.is_some() && !unsure.text.words.is_empty();
        // The first tier's tags are asked for only where they can still matter.
        if can && sure < least {
            return Begun::Unsure(Box::new(unsure));
        }
        let tagging = self.ngram.tagger.tag(&unsure.tokens, None, None);
        let fine = !can || tagging.confidence >= least;
        let read = Read { intents: ranked, outside, tagging };
        if fine {
            return Begun::Answered(self.answer(&request.text, &unsure.text, unsure.languages, read, false));
        }
        unsure.first = Some(read);
        Begun::Unsure(Box::new(unsure))
    }

    /// The joint tier's part, with the encoding of [`Unsure::text`]; without one the first tier answers after all.
    pub(crate) fn finish(
        &self,
        request: &ParseRequest,
        mut unsure: Unsure,
        encoding: Option<&Encoding>,
    ) -> Parse {
        let joint = self.joint.as_ref().zip(encoding);
        let read = match (joint, unsure.first.take()) {
            (Some((tier, encoding)), _) => {
                let logits = Self::logits(tier, Some(&encoding.sentence), &unsure);
                let tagging = tier.tagger.tag(&unsure.tokens, Some(&encoding.words), Some(&logits));
                let (intents, outside) = self.intents(tier, &logits, true, &unsure);
                Read { intents, outside, tagging }
            }
            (None, Some(read)) => read,
            (None, None) => {
                let logits = Self::logits(&self.ngram, None, &unsure);
                let (intents, outside) = self.intents(&self.ngram, &logits, false, &unsure);
                Read { intents, outside, tagging: self.ngram.tagger.tag(&unsure.tokens, None, None) }
            }
        };
        self.answer(&request.text, &unsure.text, unsure.languages, read, joint.is_some())
    }

    /// Of the intents; `vector`: the joint tier's.
    fn logits(tier: &Tier, vector: Option<&[f32]>, of: &Unsure) -> Vec<f32> {
        let mut features = of.words.clone();
        of.context.features(&mut features);
        tier.intents.logits(&features, vector)
    }

    /// Intents by probability, and how likely the message lies outside all of them.
    fn intents(&self, tier: &Tier, logits: &[f32], joint: bool, of: &Unsure) -> (Vec<(String, f32)>, f32) {
        let manifest = self.manifest.joint.as_ref().filter(|_| joint);
        let manifest = manifest.unwrap_or(&self.manifest.ngram);
        let familiarity = tier.intents.familiarity(&of.words);
        let scores = Scores { logits, languages: &of.weights, familiarity };
        let (p, outside) = manifest.calibration.probabilities(scores, self.outside());
        let mut intents: Vec<(String, f32)> = self.manifest.intents.iter().cloned().zip(p).collect();
        intents.sort_by(|a, b| b.1.total_cmp(&a.1));
        (intents, outside)
    }

    fn answer(
        &self,
        original: &str,
        text: &Analysis,
        languages: Vec<(String, f32)>,
        read: Read,
        joint: bool,
    ) -> Parse {
        let calibration = match &self.manifest.joint {
            Some(tier) if joint => &tier.calibration,
            _ => &self.manifest.ngram.calibration,
        };
        let candidates = calibration.candidates(&read.intents);
        let mut intents = read.intents;
        intents.truncate(TOLD);
        let mut entities: Vec<ParsedEntity> = Vec::new();
        for span in &read.tagging.spans {
            let (start, end) = (text.words[span.first].start, text.words[span.last].end);
            // Words that share one character as written cannot be told apart in it; the first span keeps it.
            if entities.last().is_some_and(|before| before.end > start) {
                continue;
            }
            let entity = self.manifest.entities[span.entity].clone();
            let text = crate::data::slice(original, start, end);
            let value = values::value(&entity, &text, &self.gazetteer);
            let currency = values::currency(&entity, &text).map(str::to_owned);
            let confidence = span.confidence;
            entities.push(ParsedEntity { entity, start, end, text, value, currency, confidence });
        }
        Parse {
            languages,
            intents,
            entities,
            out_of_scope: read.outside,
            candidates,
            model: self.id.clone(),
            tier: if joint { JOINT } else { "ngram" }.into(),
        }
    }

    /// Language weights for calibration: the message's posterior, times what the conversation says.
    fn weights(&self, posterior: &[(String, f32)], locked: Option<&str>) -> Vec<(String, f32)> {
        let known = &self.manifest.ngram.calibration.temperature;
        if known.len() == 1 && known.contains_key("") {
            return vec![(String::new(), 1.0)];
        }
        let Some(locked) = locked.filter(|l| known.contains_key(*l)) else { return posterior.to_vec() };
        let rest = (1.0 - LOCKED) / posterior.len().saturating_sub(1).max(1) as f32;
        let mut out: Vec<(String, f32)> =
            posterior.iter().map(|(l, p)| (l.clone(), p * if l == locked { LOCKED } else { rest })).collect();
        let sum: f32 = out.iter().map(|(_, p)| p).sum();
        out.iter_mut().for_each(|(_, p)| *p /= sum.max(f32::MIN_POSITIVE));
        out
    }

    fn outside(&self) -> Option<usize> {
        self.manifest.intents.iter().position(|i| is_out_of_scope(i))
    }

    /// Writes down what a few examples give, so that a loaded copy can be tested, and takes its name from it all.
    pub(crate) fn seal(&mut self, examples: &[Example]) -> Result<()> {
        let (_, bytes) = crate::artefact::weights(self);
        self.manifest.files =
            bytes.iter().map(|(name, data)| ((*name).to_owned(), crate::artefact::sha256(data))).collect();
        let step = (examples.len() / 12).max(1);
        let mut encoder = self.encoder().map(|e| e.open()).transpose()?;
        let mut checks = Vec::new();
        for (i, example) in examples.iter().step_by(step).enumerate() {
            // Of its own examples the n-gram tier is sure: left to itself it would keep all of them from the other.
            let parse = self.check(&example.text, i % 2 == 1, encoder.as_deref_mut())?;
            let (intent, probability) = parse.intents.first().cloned().unwrap_or_default();
            checks.push(Check { text: example.text.clone(), intent, probability, tier: parse.tier });
        }
        self.manifest.checks = checks;
        self.id = self.manifest.id();
        Ok(())
    }

    fn check(&self, text: &str, joint: bool, encoder: Option<&mut (dyn Encode + '_)>) -> Result<Parse> {
        let least = if joint { f32::INFINITY } else { self.manifest.first_tier };
        self.parse_from(least, &ParseRequest { text: text.to_owned(), ..ParseRequest::default() }, encoder)
    }

    /// Parses the examples noted at training and compares: a damaged or foreign artefact does not go live.
    ///
    /// # Errors
    /// `CHARLA-E4020` naming the first example that came out otherwise; the encoder's errors.
    pub fn self_test(&self) -> Result<()> {
        let mut encoder = self.encoder().map(|e| e.open()).transpose()?;
        for check in &self.manifest.checks {
            let parse = self.check(&check.text, check.tier == JOINT, encoder.as_deref_mut())?;
            let (intent, p) = parse.intents.first().cloned().unwrap_or_default();
            // Without the encoder, the joint tier's examples are answered by the other: nothing to compare.
            if parse.tier == check.tier && (intent != check.intent || !near(p, check.probability)) {
                return Err(Error::Artefact {
                    path: self.id.clone().into(),
                    why: format!(
                        "its self-test gives `{intent}` ({p:.2}) where training gave `{}` ({:.2})",
                        check.intent, check.probability
                    ),
                });
            }
        }
        Ok(())
    }
}

/// Whether two probabilities are the same, up to what another machine's arithmetic may change. What is no number is near
/// nothing.
fn near(a: f32, b: f32) -> bool {
    (a - b).abs() <= 0.02
}
