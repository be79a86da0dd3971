//! Which writing systems a text uses.

/// Letters of a text by script.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scripts {
    /// Latin.
    pub latin: usize,
    /// Devanagari: Hindi, but also Marathi, Nepali, Sanskrit.
    pub devanagari: usize,
    /// Bengali, Gurmukhi, Gujarati, Odia, Tamil, Telugu, Kannada, Malayalam, Sinhala.
    pub indic: usize,
    /// Every other script.
    pub other: usize,
}

impl Scripts {
    /// Counts.
    pub fn of(text: &str) -> Self {
        let mut counts = Self::default();
        for c in text.chars().filter(|c| c.is_alphabetic()) {
            match c as u32 {
                0x41..=0x24F | 0x1E00..=0x1EFF => counts.latin += 1,
                0x0900..=0x097F | 0xA8E0..=0xA8FF => counts.devanagari += 1,
                0x0980..=0x0DFF => counts.indic += 1,
                _ => counts.other += 1,
            }
        }
        counts
    }

    /// Letters in all.
    pub const fn letters(self) -> usize {
        self.latin + self.devanagari + self.indic + self.other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_told_apart() {
        assert_eq!(Scripts::of("abc é 12").latin, 4);
        assert!(Scripts::of("कहाँ").devanagari >= 2);
        assert!(Scripts::of("வணக்கம்").indic > 0 && Scripts::of("নমস্কার").indic > 0);
        assert!(Scripts::of("مرحبا").other > 0 && Scripts::of("привет").other > 0);
        assert_eq!(Scripts::of("👍 12").letters(), 0);
    }
}
