//! Regular expressions, as far as a pattern of a `.dockerignore` becomes one.
//!
//! moby turns a pattern into a regular expression of Go, and what it does not escape on the way means there what Go says:
//! `[^a]` also fits a slash, `\d` a digit, `|` an alternative. This reads and runs such a text the same way, in time that
//! grows with text times pattern and never more. Left out: `\p` (classes of Unicode), which is refused.

mod class;
mod parser;

pub(crate) use self::class::Class;
use self::parser::{RegexNode, parse};
use super::units::Unit;

/// The most steps that one expression may have; Go has a limit too.
const MOST_STEPS: usize = 50_000;

/// A text that is no regular expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoRegex;

/// A compiled expression.
#[derive(Debug)]
pub(crate) struct Regex {
    steps: Vec<Step>,
}

#[derive(Debug, Clone)]
enum Step {
    One(Class),
    At(Place),
    /// Goes on at two places.
    Split(usize, usize),
    Jump(usize),
    Match,
}

/// A place between two characters.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    Start,
    End,
    WordEdge,
    NoWordEdge,
}

impl Regex {
    /// Reads and compiles an expression.
    ///
    /// # Errors
    /// [`NoRegex`] where Go would refuse it, or where it is too large.
    pub(crate) fn parse(text: &[Unit]) -> Result<Self, NoRegex> {
        let mut steps = Vec::new();
        emit(&parse(text)?, &mut steps)?;
        steps.push(Step::Match);
        Ok(Self { steps })
    }

    /// Says whether it fits some part of a text.
    pub(crate) fn fits(&self, text: &[Unit]) -> bool {
        let mut now = Threads::new(self.steps.len());
        for at in 0..=text.len() {
            // A match may begin anywhere.
            now.add(&self.steps, 0, text, at);
            if now.matched {
                return true;
            }
            let Some(letter) = text.get(at) else { break };
            let mut next = Threads::new(self.steps.len());
            for step in &now.list {
                if let Step::One(class) = &self.steps[*step]
                    && class.has(*letter)
                {
                    next.add(&self.steps, step + 1, text, at + 1);
                }
            }
            now = next;
        }
        now.matched
    }
}

/// The steps that a run stands at.
struct Threads {
    list: Vec<usize>,
    seen: Vec<bool>,
    matched: bool,
}

impl Threads {
    fn new(steps: usize) -> Self {
        Self { list: Vec::new(), seen: vec![false; steps], matched: false }
    }

    fn add(&mut self, steps: &[Step], first: usize, text: &[Unit], at: usize) {
        let mut open = vec![first];
        while let Some(step) = open.pop() {
            if std::mem::replace(&mut self.seen[step], true) {
                continue;
            }
            match &steps[step] {
                Step::One(_) => self.list.push(step),
                Step::At(place) if place.holds(text, at) => open.push(step + 1),
                Step::At(_) => {}
                Step::Split(one, other) => open.extend([*one, *other]),
                Step::Jump(to) => open.push(*to),
                Step::Match => self.matched = true,
            }
        }
    }
}

impl Place {
    fn holds(self, text: &[Unit], at: usize) -> bool {
        let word =
            |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(|unit| Class::word().has(*unit));
        let edge = || word(at.checked_sub(1)) != word(Some(at));
        match self {
            Self::Start => at == 0,
            Self::End => at == text.len(),
            Self::WordEdge => edge(),
            Self::NoWordEdge => !edge(),
        }
    }
}

fn emit(node: &RegexNode, steps: &mut Vec<Step>) -> Result<(), NoRegex> {
    if steps.len() > MOST_STEPS {
        return Err(NoRegex);
    }
    match node {
        RegexNode::One(class) => steps.push(Step::One(class.clone())),
        RegexNode::At(place) => steps.push(Step::At(*place)),
        RegexNode::Sequence(nodes) => nodes.iter().try_for_each(|node| emit(node, steps))?,
        RegexNode::Either(nodes) => {
            let mut ends = Vec::new();
            for (at, node) in nodes.iter().enumerate() {
                let split = steps.len();
                let is_last = at + 1 == nodes.len();
                if !is_last {
                    steps.push(Step::Split(split + 1, 0));
                }
                emit(node, steps)?;
                if !is_last {
                    ends.push(steps.len());
                    steps.push(Step::Jump(0));
                    steps[split] = Step::Split(split + 1, steps.len());
                }
            }
            let end = steps.len();
            for jump in ends {
                steps[jump] = Step::Jump(end);
            }
        }
        RegexNode::Repeat(node, least, most) => {
            (0..*least).try_for_each(|_| emit(node, steps))?;
            let Some(most) = most else {
                let split = steps.len();
                steps.push(Step::Match);
                emit(node, steps)?;
                steps.push(Step::Jump(split));
                steps[split] = Step::Split(split + 1, steps.len());
                return Ok(());
            };
            for _ in *least..*most {
                let split = steps.len();
                steps.push(Step::Match);
                emit(node, steps)?;
                steps[split] = Step::Split(split + 1, steps.len());
            }
        }
    }
    Ok(())
}
