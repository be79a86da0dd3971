//! The pace of a conversation that never comes to the end of what waits for it. Everybody has one turn at a time, but one
//! customer who always has a next one would keep a worker of the understanding pool busy for themselves.

/// How a conversation goes on after a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tempo {
    /// At once.
    Free,
    /// After a pause.
    Slowed {
        /// The first pause since it last came to an end.
        begins: bool,
    },
}

/// Counts turns without a rest.
#[derive(Debug, Clone)]
pub struct Pace {
    free: u32,
    turns: u32,
}

impl Pace {
    /// So many turns without a rest are free.
    pub fn new(free: u32) -> Self {
        Self { free, turns: 0 }
    }

    /// After a turn that has left so many events unhandled.
    pub fn turned(&mut self, left: u64) -> Tempo {
        if left == 0 {
            self.turns = 0;
            return Tempo::Free;
        }
        self.turns = self.turns.saturating_add(1);
        if self.turns < self.free {
            return Tempo::Free;
        }
        Tempo::Slowed { begins: self.turns == self.free }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_never_comes_to_an_end_is_slowed_until_they_do() {
        let mut pace = Pace::new(3);
        let slowed = |begins| Tempo::Slowed { begins };
        let tempi: Vec<_> = [9, 8, 7, 6, 5, 0, 2, 1, 0, 1].map(|left| pace.turned(left)).into();
        let free = Tempo::Free;
        assert_eq!(
            tempi,
            [free, free, slowed(true), slowed(false), slowed(false), free, free, free, free, free]
        );
    }
}
