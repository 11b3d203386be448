//! Lots drawn from a seed: the same seed, the same lots, on every machine.

/// A row of lots (splitmix64).
pub struct Dice(u64);

impl Dice {
    pub fn of(seed: u64) -> Self {
        Self(seed ^ 0x5_1ea5_fab4)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// One of 0 up to `sides`, which it never is.
    pub fn below(&mut self, sides: u64) -> u64 {
        self.next() % sides
    }

    /// Whether something that happens so many times in a hundred happens.
    pub fn falls(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.below(of.len() as u64)).expect("it is below the length")]
    }
}
