//! What each input of the intent classifier brings on the stories that are held out, and what the next action does as a
//! third output: `cargo run --release -p charla-models --example ablation -- config/nlu [SEEDS]`.
//!
//! The next action is learnt in the same network as the intent: classes of both share all weights below the output, a
//! feature says which of the two is asked for, and each turn of a story is learnt from once for either.

use charla_models::{
    Result,
    data::{Dataset, turns::DialogueTurn},
    encoder::{Encoding, Kind, install},
    features::{context::Context, gazetteer::Gazetteer, sentence},
    heads::math::argmax,
    progress,
    text::Analysis,
    train::{Options, classifier, encodings, jobs, prepare},
};
use std::path::PathBuf;

/// Which inputs and outputs there are.
#[derive(Debug, Clone, Copy, Default)]
struct Parts {
    sparse: bool,
    encoder: bool,
    stories: bool,
    asked: bool,
    slot: bool,
    flow: bool,
    earlier: usize,
    next: bool,
}

/// Tells the classifier that the next action is asked for.
const ASK_ACTION: u64 = 0x00AC_7104;

struct Task<'a> {
    labels: &'a prepare::Labels,
    held: &'a [DialogueTurn],
    held_encodings: &'a [Encoding],
    prepared: &'a [prepare::Prepared],
    turns: &'a [DialogueTurn],
    examples: usize,
}

impl Task<'_> {
    fn context(&self, turn: &DialogueTurn, parts: Parts) -> Vec<u64> {
        let full = turn.context(&self.labels.entities);
        let kept = Context {
            asked: full.asked.filter(|_| parts.asked),
            slot: full.slot.filter(|_| parts.slot),
            flow: full.flow.filter(|_| parts.flow),
            earlier: full.earlier[full.earlier.len().saturating_sub(parts.earlier)..].to_vec(),
        };
        let mut out = Vec::new();
        kept.features(&mut out);
        out
    }

    /// Share of right intents and of right next actions.
    fn run(&self, parts: Parts, seed: u64) -> (f64, Option<f64>) {
        let intents = self.labels.intents.len();
        let mut samples = Vec::new();
        for (i, p) in self.prepared.iter().enumerate() {
            let turn = i.checked_sub(self.examples).map(|t| &self.turns[t]);
            if turn.is_some() && !parts.stories {
                continue;
            }
            let mut sample = p.sentence.clone();
            if !parts.sparse {
                sample.features.clear();
            }
            sample.vector = sample.vector.filter(|_| parts.encoder);
            // Contexts of examples are made up; those of stories are true.
            sample.contexts = match turn {
                Some(turn) => vec![self.context(turn, parts)],
                None if parts.asked => sample.contexts,
                None => Vec::new(),
            };
            if let Some(next) = p.next.filter(|_| parts.next) {
                let mut second = sample.clone();
                second.features.push(ASK_ACTION);
                second.class = intents + next;
                samples.push(second);
            }
            samples.push(sample);
        }
        let samples: Vec<&classifier::Sample> = samples.iter().collect();
        let classes = intents + if parts.next { self.labels.actions.len() } else { 0 };
        let options = Options::default().joint;
        let model = classifier::train(&samples, classes, &options, seed, &mut |epoch, _| epoch + 1 < 16);
        let (mut right, mut actions, mut known) = (0usize, 0usize, 0usize);
        for (turn, encoding) in self.held.iter().zip(self.held_encodings) {
            let mut features = if parts.sparse {
                sentence::features(&Analysis::new(&turn.example.text).words)
            } else {
                Vec::new()
            };
            features.extend(self.context(turn, parts));
            let vector = Some(encoding.sentence.as_slice()).filter(|_| parts.encoder);
            let logits = model.logits(&features, vector);
            right += usize::from(self.labels.intents[argmax(&logits[..intents])] == turn.example.intent);
            if let Some(next) = turn.next.as_ref().filter(|_| parts.next) {
                features.push(ASK_ACTION);
                let logits = model.logits(&features, vector);
                known += 1;
                actions += usize::from(self.labels.actions[argmax(&logits[intents..])] == *next);
            }
        }
        let share = |n: usize, of: usize| n as f64 / of.max(1) as f64;
        (share(right, self.held.len()), parts.next.then(|| share(actions, known)))
    }
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let data = Dataset::read(&PathBuf::from(arguments.first().map_or("config/nlu", String::as_str)))?;
    let seeds: u64 = arguments.get(1).and_then(|n| n.parse().ok()).unwrap_or(3);
    let cache = install::default_cache();
    let source = install::installed(&cache, Kind::Multilingual)?;
    let options = Options { encodings: Some(cache.join("encodings")), ..Options::default() };
    let labels = prepare::Labels::of(&data);
    let mut prepared = prepare::prepare(&data, &labels, &Gazetteer::default(), 3);
    let bars = progress::Bars::default();
    let texts: Vec<&Analysis> = prepared.iter().map(|p| &p.text).collect();
    let encoded = encodings::all(source.as_ref(), &texts, &options, &bars)?;
    prepare::attach(&mut prepared, &encoded);
    let (turns, held) = (data.story_turns(), data.held_out_turns());
    let analyses: Vec<Analysis> = held.iter().map(|t| Analysis::new(&t.example.text)).collect();
    let held_encodings =
        encodings::all(source.as_ref(), &analyses.iter().collect::<Vec<_>>(), &options, &bars)?;
    let task = Task {
        labels: &labels,
        held: &held,
        held_encodings: &held_encodings,
        prepared: &prepared,
        turns: &turns,
        examples: data.examples.len(),
    };
    println!(
        "{} examples, {} turns of stories, {} turns held out, {} actions, {seeds} seeds",
        data.examples.len(),
        turns.len(),
        held.len(),
        labels.actions.len()
    );
    let sparse = Parts { sparse: true, ..Parts::default() };
    let encoder = Parts { encoder: true, ..Parts::default() };
    let both = Parts { sparse: true, encoder: true, ..Parts::default() };
    let stories = Parts { stories: true, ..both };
    let asked = Parts { asked: true, ..stories };
    let slot = Parts { slot: true, ..asked };
    let flow = Parts { flow: true, ..slot };
    let one = Parts { earlier: 1, ..flow };
    let two = Parts { earlier: 2, ..flow };
    for (name, parts) in [
        ("n-grams alone", sparse),
        ("encoder alone", encoder),
        ("n-grams and encoder", both),
        ("+ messages of stories", stories),
        ("+ question just asked", asked),
        ("+ the slot's own name", slot),
        ("+ active flow", flow),
        ("+ one earlier turn", one),
        ("+ two earlier turns", two),
        ("+ next action as output", Parts { next: true, ..two }),
        ("  the same without earlier turns", Parts { next: true, ..flow }),
    ] {
        let results = jobs::run(seeds as usize, 2, |seed| task.run(parts, seed as u64 + 1));
        let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len().max(1) as f64;
        let intents = mean(results.iter().map(|r| r.0).collect());
        let actions: Vec<f64> = results.iter().filter_map(|r| r.1).collect();
        let actions =
            if actions.is_empty() { String::new() } else { format!("   next action {:.3}", mean(actions)) };
        println!("{name:<34} intent {intents:.4}{actions}");
    }
    Ok(())
}
