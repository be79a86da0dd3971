//! Sparse features of each word, for the tagger.

use super::{context::Context, gazetteer::Gazetteer, name, pair, shape, skeleton};
use crate::text::Analysis;

/// Features of one word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenFeatures {
    /// That name the word itself; dropped now and then in training, so that the words around it are learnt from too.
    pub lexical: Vec<u64>,
    /// All others.
    pub around: Vec<u64>,
}

/// Features of all words of a message.
pub fn features(text: &Analysis, gazetteer: &Gazetteer, context: &Context) -> Vec<TokenFeatures> {
    let words = &text.words;
    let found = gazetteer.features(text);
    let folds: Vec<u64> = words.iter().map(|w| name(50, &number_free(&w.fold))).collect();
    let shapes: Vec<u64> = words.iter().map(|w| name(51, &shape(&w.text))).collect();
    let at = |list: &[u64], i: isize| usize::try_from(i).ok().and_then(|i| list.get(i)).copied().unwrap_or(1);
    let asked = context.asked_feature();
    let mut out = Vec::with_capacity(words.len());
    for (i, word) in words.iter().enumerate() {
        let mut f = TokenFeatures::default();
        let signed = i as isize;
        f.lexical.push(folds[i]);
        f.lexical.push(name(52, &skeleton(&word.fold)));
        let chars: Vec<char> = word.fold.chars().collect();
        for n in 1..=4usize.min(chars.len()) {
            f.lexical.push(name(53, &chars[..n].iter().collect::<String>()));
            f.lexical.push(name(54, &chars[chars.len() - n..].iter().collect::<String>()));
        }
        if chars.len() > 3 && !chars.iter().any(char::is_ascii_digit) {
            for gram in chars.windows(4) {
                f.lexical.push(name(55, &gram.iter().collect::<String>()));
            }
        }
        for (offset, kind) in [(-2, 60), (-1, 61), (1, 62), (2, 63)] {
            f.around.push(pair(kind, at(&folds, signed + offset)));
        }
        f.lexical.push(pair(64, pair(at(&folds, signed - 1), folds[i])));
        f.lexical.push(pair(65, pair(folds[i], at(&folds, signed + 1))));
        f.around.push(pair(66, pair(at(&folds, signed - 1), at(&folds, signed + 1))));
        f.around.push(pair(67, pair(at(&folds, signed - 2), at(&folds, signed - 1))));
        f.around.push(pair(68, pair(at(&folds, signed + 1), at(&folds, signed + 2))));
        f.around.push(shapes[i]);
        f.around.push(pair(69, at(&shapes, signed - 1)));
        f.around.push(pair(70, at(&shapes, signed + 1)));
        f.around.push(pair(71, pair(shapes[i], at(&folds, signed - 1))));
        f.around.push(pair(72, pair(shapes[i], at(&folds, signed + 1))));
        f.around.push(pair(73, words.len().min(4) as u64));
        f.around.push(pair(74, pair(shapes[i], words.len().min(4) as u64)));
        for offset in [-1, 1] {
            if let Some(near) = usize::try_from(signed + offset).ok().and_then(|j| words.get(j)) {
                f.around.push(pair((75 + offset) as u64, name(54, &skeleton(&near.fold))));
            }
        }
        for &feature in &found[i] {
            f.around.push(feature);
        }
        for (offset, kind) in [(-1, 77), (1, 78)] {
            for &feature in
                usize::try_from(signed + offset).ok().and_then(|j| found.get(j)).into_iter().flatten()
            {
                f.around.push(pair(kind, feature));
            }
        }
        if let Some(asked) = asked {
            f.around.push(pair(79, asked));
            f.around.push(pair(80, pair(asked, shapes[i])));
            f.around.push(pair(81, pair(asked, words.len().min(4) as u64)));
        }
        // Sorted and single, so that sums run in one order everywhere.
        for list in [&mut f.lexical, &mut f.around] {
            list.sort_unstable();
            list.dedup();
        }
        out.push(f);
    }
    out
}

/// Numbers of three and more digits are alike (ids, prices, pincodes differ by their shape); small ones are themselves.
fn number_free(fold: &str) -> String {
    if fold.chars().filter(char::is_ascii_digit).count() >= 3 { shape(fold) } else { fold.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_share_features_and_the_question_is_seen() {
        let gazetteer = Gazetteer::default();
        let of = |text: &str, context: &Context| features(&Analysis::new(text), &gazetteer, context);
        let none = Context::default();
        let (a, b) = (of("order 8842 please", &none), of("order 1234 please", &none));
        assert_eq!(a[1].around, b[1].around);
        let asked = Context { asked: Some("pincode".into()), ..Context::default() };
        assert_eq!(of("110001", &asked)[0].around.len(), of("110001", &none)[0].around.len() + 3);
    }
}
