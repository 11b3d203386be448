//! Mutations of a text: bytes and pieces changed, cut, doubled, or taken over from another text.

/// A few bytes with which grammars are broken.
const BYTES: &[u8] = b"\0\n\t \"'{}[]:,#$\\-/%*&!|>=0a\xc3\xff";

/// An endless row of mutations, always the same for the same texts.
pub struct Mutations<'a> {
    text: &'a [u8],
    others: &'a [Vec<u8>],
    state: u64,
}

impl<'a> Mutations<'a> {
    pub fn of(text: &'a [u8], others: &'a [Vec<u8>]) -> Self {
        let state = text.iter().fold(1, |state: u64, byte| state.wrapping_mul(31) + u64::from(*byte));
        Self { text, others, state }
    }

    /// A number below `end`, or 0.
    fn below(&mut self, end: usize) -> usize {
        // The constants of Knuth's MMIX.
        self.state =
            self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.state >> 33).unwrap_or_default() % end.max(1)
    }

    fn piece(&mut self, text: &[u8]) -> std::ops::Range<usize> {
        let start = self.below(text.len() + 1);
        start..(start + self.below(24)).min(text.len())
    }

    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        let at = self.piece(bytes);
        match self.below(5) {
            0 => drop(bytes.drain(at)),
            1 => {
                let byte = BYTES[self.below(BYTES.len())];
                drop(bytes.splice(at.start..(at.start + 1).min(bytes.len()), [byte]));
            }
            2 => bytes.insert(at.start, BYTES[self.below(BYTES.len())]),
            3 => {
                let doubled = bytes[at.clone()].to_vec();
                drop(bytes.splice(at.start..at.start, doubled));
            }
            _ => {
                let others = self.others;
                let other = &others[self.below(others.len())];
                let taken = self.piece(other);
                drop(bytes.splice(at, other[taken].iter().copied()));
            }
        }
    }
}

impl Iterator for Mutations<'_> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let mut bytes = self.text.to_vec();
        for _ in 0..=self.below(4) {
            self.mutate(&mut bytes);
        }
        Some(bytes)
    }
}
