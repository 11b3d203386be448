//! Which of many cases a sweep tries.
//!
//! A plain `cargo test` tries one of some, from an offset that follows from a seed. The seed is printed with every sweep,
//! and `FABRIK_POINT_SEED` sets it; another run takes another one. `FABRIK_EVERY_POINT=1` tries every case, as `.ci/run`
//! does.

/// Whether every case is tried.
pub fn is_every_point() -> bool {
    std::env::var_os("FABRIK_EVERY_POINT").is_some()
}

/// What the choice of cases follows from.
pub fn seed() -> usize {
    let given = std::env::var("FABRIK_POINT_SEED").ok().and_then(|text| text.parse().ok());
    given.unwrap_or_else(|| std::process::id() as usize)
}

/// Of many, every how many-th is taken, and from which on: one of `share`, or all of them.
pub fn pace(share: usize) -> (usize, usize) {
    if is_every_point() { (1, 0) } else { (share, seed() % share) }
}

/// The sample of one sweep, asked once for each case in order.
pub struct Sample {
    every: usize,
    left: usize,
}

/// One of `share` cases of the sweep called `name`, or all of them.
pub fn sampled(share: usize, name: &str) -> Sample {
    let (every, left) = pace(share);
    println!("{name}: every {every} from {left} (FABRIK_POINT_SEED={})", seed());
    Sample { every, left }
}

impl Sample {
    /// Whether the next case is tried.
    pub fn takes(&mut self) -> bool {
        let takes = self.left == 0;
        self.left = if takes { self.every - 1 } else { self.left - 1 };
        takes
    }
}

#[test]
fn a_sample_takes_each_case_in_one_of_its_offsets_and_no_case_in_two() {
    for every in 1..=7 {
        let mut times = [0; 50];
        for left in 0..every {
            let mut sample = Sample { every, left };
            times.iter_mut().filter(|_| sample.takes()).for_each(|times| *times += 1);
        }
        assert_eq!(times, [1; 50], "every {every}");
    }
}
