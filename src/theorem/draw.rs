//! Where the randomness of a case comes from: a seeded stream, or a list of
//! choices that a property tester can shrink.

use crate::dynamics::Stream;
use crate::scalar::Rational;

/// A source of small integers and dyadic rationals.
pub struct Draw {
    source: Source,
}

enum Source {
    Stream(Box<Stream>),
    /// What is left of the choices; zeros once they are used up.
    Choices(std::vec::IntoIter<u64>),
}

impl Draw {
    /// The stream of one case: it depends on the seed and the case's own name and
    /// index, and on nothing that ran before.
    pub fn seeded(seed: u64, name: &str, index: u64) -> Self {
        Self {
            source: Source::Stream(Box::new(Stream::seeded(seed, name, index))),
        }
    }

    /// The given choices, then zeros: fewer and smaller choices make simpler cases.
    pub fn from_choices(choices: Vec<u64>) -> Self {
        Self {
            source: Source::Choices(choices.into_iter()),
        }
    }

    fn next(&mut self) -> u64 {
        match &mut self.source {
            Source::Stream(stream) => stream.bits(),
            Source::Choices(choices) => choices.next().unwrap_or(0),
        }
    }

    /// An integer from `low` to `high`, both included; `low` for the choice 0.
    pub fn integer(&mut self, low: i64, high: i64) -> i64 {
        let span = u64::try_from(high - low).unwrap_or(0) + 1;
        low + i64::try_from(self.next() % span).unwrap_or(0)
    }

    /// A size from `low` to `high`.
    pub fn size(&mut self, low: usize, high: usize) -> usize {
        let (low, high) = (
            i64::try_from(low).unwrap_or(0),
            i64::try_from(high).unwrap_or(0),
        );
        usize::try_from(self.integer(low, high)).unwrap_or(0)
    }

    /// Yes or no; no for the choice 0.
    pub fn flag(&mut self) -> bool {
        self.integer(0, 1) == 1
    }

    /// k/16 with |k| ≤ 48, exact in every number system; simplest choice 0 gives 1.
    pub fn dyadic(&mut self) -> Rational {
        let k = self.integer(0, 96);
        Rational::from((if k <= 48 { 16 - k } else { k - 32 }, 16))
    }

    /// A dyadic that is not 0.
    pub fn nonzero(&mut self) -> Rational {
        let x = self.dyadic();
        if x == 0 { Rational::from((1, 2)) } else { x }
    }

    /// A positive dyadic k/16, k ≤ 48.
    pub fn positive(&mut self) -> Rational {
        Rational::from((17 + self.integer(0, 31) - 16, 16))
    }

    /// `n` dyadics.
    pub fn vector(&mut self, n: usize) -> Vec<Rational> {
        (0..n).map(|_| self.dyadic()).collect()
    }
}
