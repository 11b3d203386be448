//! A journal with a note beside it, for what it could not take.
//!
//! Where an effect has just succeeded and its entry cannot be written, the resource's id and ownership tag are said, and the entry
//! is put into `fabrik.db.unrecorded`, one JSON line each. Its intent is in the journal, so taking the run up again
//! finds the resource by its ownership tag; the note is for people, and goes when its run is closed.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use machine::effect::{Effect, EffectOutcome};
use machine::entry::{JournalEntry, StoredEntry};
use machine::id::RunId;
use machine::phase::PhaseKind;
use machine::receipt::ResourceState;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::ui::Ui;
use super::wiring::folder;
use crate::journal::decorator::StoreDecorator;
use crate::journal::{JournalStore, StoreError};
use crate::report::{JsonReporter, Screen};

/// An entry that the journal did not take.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Unrecorded {
    pub run: RunId,
    /// Its place there.
    pub seq: u64,
    pub line: StoredEntry,
}

/// A journal that notes what it could not take.
pub(crate) struct SpillStore {
    inner: Arc<dyn JournalStore>,
    note: PathBuf,
    screen: Arc<Screen>,
    json: Option<Arc<JsonReporter>>,
}

impl SpillStore {
    /// Notes what `inner`, which lies at `journal`, cannot take, and says so on `face`.
    pub(crate) fn new(inner: Arc<dyn JournalStore>, journal: &Path, face: &Ui) -> Self {
        Self { inner, note: note(journal), screen: face.screen.clone(), json: face.json.clone() }
    }

    fn unrecorded(&self, run: &RunId, seq: u64, line: &StoredEntry) {
        let Some(receipt) = outcome(line).filter(|receipt| receipt.is_ours_to_undo()) else { return };
        let unrecorded = Unrecorded { run: run.clone(), seq, line: line.clone() };
        let written = self.write(&unrecorded);
        let place = match &written {
            Ok(()) => format!("it is noted in {}", self.note.display()),
            Err(error) => format!("{} cannot be written either: {error}", self.note.display()),
        };
        let resource = resource(receipt);
        self.screen.complain(&format!("! {resource} is there, and the journal could not record it; {place}"));
        if let Some(json) = &self.json {
            let file = written.is_ok().then(|| self.note.display().to_string());
            let tag = receipt.tag.as_ref().map(ToString::to_string);
            let step = receipt.step.as_str();
            json.tell(
                "effect.unrecorded",
                json!({"step": step, "id": receipt.id, "mark": tag, "file": file}),
            );
        }
    }

    fn write(&self, unrecorded: &Unrecorded) -> io::Result<()> {
        let text = serde_json::to_string(unrecorded)? + "\n";
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.note)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        // A file that is new is only there after a crash if its folder is synced too.
        File::open(folder(&self.note))?.sync_all()
    }

    /// A closed run has settled all that was noted of it.
    fn settled(&self, run: &RunId) {
        let Ok(noted) = read(&self.note) else { return };
        let (gone, left): (Vec<_>, Vec<_>) = noted.into_iter().partition(|it| it.run == *run);
        // What cannot be removed is told once more by the doctor; the journal knows better.
        if left.is_empty() && !gone.is_empty() {
            drop(std::fs::remove_file(&self.note));
        } else if !gone.is_empty() {
            let text: Vec<String> = left.iter().filter_map(|it| serde_json::to_string(it).ok()).collect();
            drop(std::fs::write(&self.note, text.join("\n") + "\n"));
        }
    }
}

/// What is noted beside `journal`, as people call it, by run.
///
/// # Errors
/// [`io::Error`] when the note cannot be read.
pub(crate) fn beside(journal: &Path) -> io::Result<BTreeMap<RunId, Vec<String>>> {
    let mut by_run: BTreeMap<RunId, Vec<String>> = BTreeMap::new();
    for unrecorded in read(&note(journal))? {
        let resources = by_run.entry(unrecorded.run).or_default();
        resources.extend(outcome(&unrecorded.line).map(resource));
    }
    Ok(by_run)
}

fn note(journal: &Path) -> PathBuf {
    let mut name = journal.to_owned().into_os_string();
    name.push(".unrecorded");
    name.into()
}

fn read(note: &Path) -> io::Result<Vec<Unrecorded>> {
    let text = match std::fs::read_to_string(note) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        text => text?,
    };
    // The power may have failed within the last line.
    Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

/// The resource that an entry says is there.
fn outcome(line: &StoredEntry) -> Option<&ResourceState> {
    match &line.entry {
        JournalEntry::Effect(
            Effect::Resolved { outcome: EffectOutcome::Applied(state), .. } | Effect::Duplicate { state },
        ) => Some(state),
        _ => None,
    }
}

fn resource(receipt: &ResourceState) -> String {
    let tag = receipt.tag.as_ref().map(|tag| format!(", mark `{tag}`")).unwrap_or_default();
    format!("{} {}{tag}", receipt.step, receipt.id)
}

#[async_trait]
impl StoreDecorator for SpillStore {
    fn below(&self) -> &dyn JournalStore {
        self.inner.as_ref()
    }

    async fn append(&self, run: &RunId, seq: u64, token: u64, line: &StoredEntry) -> Result<(), StoreError> {
        let appended = self.inner.append(run, seq, token, line).await;
        match &appended {
            Ok(()) if line.entry.phase().is_some_and(PhaseKind::is_closed) => self.settled(run),
            Err(StoreError::Unusable { .. }) => self.unrecorded(run, seq, line),
            _ => {}
        }
        appended
    }
}
