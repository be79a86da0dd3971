//! BILOU tags: begin, inside, last of a longer span, outside, unit (a span of one word).

/// Tags of a set of entities: 0 is outside, then B, I, L, U of each entity in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tags {
    entities: usize,
}

/// What a tag says of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tag {
    /// No entity.
    Outside,
    /// First of several words.
    Begin(usize),
    /// Between first and last.
    Inside(usize),
    /// Last of several words.
    Last(usize),
    /// The only word.
    Unit(usize),
}

impl Tags {
    /// For that many entities.
    pub const fn new(entities: usize) -> Self {
        Self { entities }
    }
    /// How many tags.
    pub const fn len(&self) -> usize {
        1 + 4 * self.entities
    }
    /// Never: there is always "outside".
    pub const fn is_empty(&self) -> bool {
        false
    }
    /// Number of a tag.
    pub const fn index(tag: Tag) -> usize {
        match tag {
            Tag::Outside => 0,
            Tag::Begin(e) => 1 + 4 * e,
            Tag::Inside(e) => 2 + 4 * e,
            Tag::Last(e) => 3 + 4 * e,
            Tag::Unit(e) => 4 + 4 * e,
        }
    }
    /// Tag of a number.
    pub const fn tag(index: usize) -> Tag {
        if index == 0 {
            return Tag::Outside;
        }
        let e = (index - 1) / 4;
        match (index - 1) % 4 {
            0 => Tag::Begin(e),
            1 => Tag::Inside(e),
            2 => Tag::Last(e),
            _ => Tag::Unit(e),
        }
    }
    /// Whether a message may begin with the tag.
    pub const fn may_begin(index: usize) -> bool {
        matches!(Self::tag(index), Tag::Outside | Tag::Begin(_) | Tag::Unit(_))
    }
    /// Whether a message may end with the tag.
    pub const fn may_end(index: usize) -> bool {
        matches!(Self::tag(index), Tag::Outside | Tag::Last(_) | Tag::Unit(_))
    }
    /// All pairs of tags that may follow each other.
    pub fn pairs(&self) -> Vec<(usize, usize)> {
        let mut pairs = Vec::new();
        for from in 0..self.len() {
            for to in 0..self.len() {
                let open = match Self::tag(from) {
                    Tag::Begin(e) | Tag::Inside(e) => Some(e),
                    _ => None,
                };
                let goes = match (open, Self::tag(to)) {
                    (Some(e), Tag::Inside(f) | Tag::Last(f)) => e == f,
                    (Some(_), _) | (None, Tag::Inside(_) | Tag::Last(_)) => false,
                    (None, _) => true,
                };
                if goes {
                    pairs.push((from, to));
                }
            }
        }
        pairs
    }

    /// Tags of `n` words for spans of words (entity, first, last inclusive) that do not overlap.
    pub fn encode(spans: &[(usize, usize, usize)], n: usize) -> Vec<usize> {
        let mut tags = vec![0; n];
        for &(entity, first, last) in spans {
            if first == last {
                tags[first] = Self::index(Tag::Unit(entity));
            } else {
                tags[first] = Self::index(Tag::Begin(entity));
                tags[first + 1..last].fill(Self::index(Tag::Inside(entity)));
                tags[last] = Self::index(Tag::Last(entity));
            }
        }
        tags
    }

    /// Spans of words (entity, first, last inclusive) of a well-formed sequence of tags.
    pub fn decode(tags: &[usize]) -> Vec<(usize, usize, usize)> {
        let (mut spans, mut first) = (Vec::new(), 0);
        for (i, &tag) in tags.iter().enumerate() {
            match Self::tag(tag) {
                Tag::Begin(_) => first = i,
                Tag::Last(e) => spans.push((e, first, i)),
                Tag::Unit(e) => spans.push((e, i, i)),
                Tag::Inside(_) | Tag::Outside => {}
            }
        }
        spans
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn spans_survive_and_only_legal_pairs_occur(cuts in proptest::collection::vec((0usize..3, 1usize..4, proptest::bool::ANY), 0..6)) {
            let (mut spans, mut at) = (Vec::new(), 0);
            for (entity, length, marked) in cuts {
                if marked {
                    spans.push((entity, at, at + length - 1));
                }
                at += length;
            }
            let tags = Tags::encode(&spans, at);
            prop_assert_eq!(Tags::decode(&tags), spans);
            let pairs = Tags::new(3).pairs();
            for pair in tags.windows(2) {
                prop_assert!(pairs.contains(&(pair[0], pair[1])));
            }
            if let (Some(&first), Some(&last)) = (tags.first(), tags.last()) {
                prop_assert!(Tags::may_begin(first) && Tags::may_end(last));
            }
        }
    }
}
