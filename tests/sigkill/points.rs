//! The list of crash points beside this file, and what holds a sweep to it.
//!
//! What a row and its cells mean stands there. A point that nobody listed is noticed, a row that nobody passes, and a
//! point at which nobody was killed.

use std::collections::BTreeSet;

use crate::crash_safety::operation::{Operation, Story};
use crate::crash_safety::scenario::Made;
use crate::sample::is_every_point;

const LIST: &str = include_str!("points.md");
/// What the columns of deeds are about, from the second on.
const COLUMNS: [Made; 3] = [Made::Folder, Made::Image, Made::PrivateGit];

/// What a sweep came by, by name.
pub struct Met {
    /// The points of the deed itself.
    pub passed: BTreeSet<String>,
    /// Those that only taking it up again passes.
    pub again: BTreeSet<String>,
}

impl Met {
    pub fn of(passed: &[String]) -> Self {
        Self { passed: passed.iter().cloned().collect(), again: BTreeSet::new() }
    }
}

/// The points of a row.
fn sides(what: &str) -> impl Iterator<Item = String> {
    let sides: &[&str] =
        if what.starts_with("append ") { &["before", "after"] } else { &["before", "after", "mid-reply"] };
    sides.iter().map(move |side| format!("{side} {what}"))
}

fn word(operation: Operation) -> &'static str {
    match operation {
        Operation::Apply => "apply",
        Operation::Update => "update",
        Operation::Undo => "undo",
        Operation::FailedUpdate => "failed",
        Operation::Destroy => "destroy",
        other => panic!("the list does not know {other:?}"),
    }
}

/// Each row: what it is about, and its cells.
fn rows() -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
    LIST.lines().filter_map(|line| {
        let (what, cells) = line.strip_prefix("| `")?.strip_suffix('|')?.split_once("` |")?;
        Some((what, cells.split('|').map(str::trim).collect()))
    })
}

/// What the list says of a story.
fn listed(story: Story) -> Met {
    let column = COLUMNS.iter().position(|made| *made == story.made).expect("the list has such a column");
    let of = |tag: &str| {
        let word = format!("{}{tag}", word(story.operation));
        let has = move |cells: &[&str]| cells[column].split(' ').any(|operation| operation == word);
        rows().filter(|(_, cells)| has(cells)).flat_map(|(what, _)| sides(what)).collect()
    };
    Met { passed: of(""), again: of("+") }
}

/// Holds what a sweep met, and where it killed, to the list.
pub fn hold(story: Story, met: &Met, killed: &BTreeSet<String>) {
    let listed = listed(story);
    let mut wrong = Vec::new();
    let mut tell = |what: &str, names: Vec<&String>| {
        wrong.extend(names.into_iter().map(|name| format!("{what}: {name}")));
    };
    tell("passed, not listed", met.passed.difference(&listed.passed).collect());
    tell("listed, not passed", listed.passed.difference(&met.passed).collect());
    tell("passed when resumed, not listed", met.again.difference(&listed.again).collect());
    // Some of the points do not lead to all that lies behind them.
    if is_every_point() {
        tell("listed, not passed when resumed", listed.again.difference(&met.again).collect());
        let alive = |name: &&String| !killed.contains(*name);
        tell("nobody was killed there", met.passed.union(&met.again).filter(alive).collect());
    }
    assert!(wrong.is_empty(), "{story:?} and points.md:\n{}", wrong.join("\n"));
}

#[test]
fn the_list_names_each_point_once_and_somebody_passes_it() {
    let mut known = BTreeSet::new();
    for (what, cells) in rows() {
        assert!(known.insert(what), "{what} stands there twice");
        assert_eq!(cells.len(), COLUMNS.len(), "{what}");
        assert!(cells.iter().any(|cell| !cell.is_empty()), "nobody passes {what}");
    }
    let points: usize = known.iter().map(|what| sides(what).count()).sum();
    println!("{} rows, {points} named points", known.len());
    assert!(points > 100, "only {points} points are read");
}
