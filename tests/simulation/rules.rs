//! The safety rules of the protocol, each with what takes it out of the source, for seeing that the simulation notices.

/// One rule.
pub struct Rule {
    /// What it says.
    pub name: &'static str,
    /// What takes it out: in a file, one text for another.
    pub cuts: &'static [Cut],
    /// Who notices: whole stories, or where another rule backs it up, a test that looks at the requests themselves.
    pub noticed_by: Noticed,
}

/// One text for another.
pub struct Cut {
    pub file: &'static str,
    pub text: &'static str,
    pub instead: &'static str,
}

/// Who notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noticed {
    /// The simulation, within ten thousand seeds.
    Simulation,
    /// The test of this name.
    Test(&'static str),
}

const fn cut(file: &'static str, text: &'static str, instead: &'static str) -> Cut {
    Cut { file, text, instead }
}

/// All of them.
pub const RULES: [Rule; 16] = [
    Rule {
        name: "intent first",
        cuts: &[cut(
            "src/engine/create.rs",
            "            self.record(deployment, Effect::Intended(intended)).await?;
            match self.send(call).await? {",
            "            let answer = self.send(call).await?;
            self.record(deployment, Effect::Intended(intended)).await?;
            match answer {",
        )],
        noticed_by: Noticed::Simulation,
    },
    Rule {
        name: "tag in the creating request",
        cuts: &[cut(
            "src/providers/coolify/slot.rs",
            "            \"description\": tag.to_string(),",
            "            \"description\": format!(\"made by {}\", tag.step),",
        )],
        noticed_by: Noticed::Simulation,
    },
    Rule {
        name: "settle window of a create",
        cuts: &[cut("src/engine/create.rs", "        if !left.is_zero() {", "        if left > Duration::MAX {")],
        noticed_by: Noticed::Simulation,
    },
    Rule {
        name: "two reads before absent",
        cuts: &[cut(
            "src/engine/create.rs",
            "            self.pause(Wait::SecondLook, STALENESS).await?;
            let now = self.ours(provider, tag).await?;",
            "            let now = before.clone();",
        )],
        noticed_by: Noticed::Test("absence_is_believed_only_after_two_reads_a_staleness_window_apart"),
    },
    Rule {
        name: "control read beside absence",
        cuts: &[cut(
            "src/engine/create.rs",
            "            if ids(&before) == ids(&now) {
                provider.check_access().await?;",
            "            if ids(&before) == ids(&now) {",
        )],
        noticed_by: Noticed::Test("absence_is_believed_only_beside_a_control_read"),
    },
    Rule {
        name: "two 404s before gone",
        cuts: &[cut(
            "src/engine/delete.rs",
            "        provider.check_access().await?;
        self.pause(Wait::SecondLook, STALENESS).await?;
        Ok(provider.get(id).await?)",
            "        Ok(None)",
        )],
        noticed_by: Noticed::Simulation,
    },
    Rule {
        name: "5xx is doubt",
        cuts: &[cut(
            "src/providers/outcome.rs",
            "        (_, Some(body)) => WriteOutcome::Ambiguous(words(status, &body)),",
            "        (_, Some(body)) => WriteOutcome::Refused(words(status, &body)),",
        )],
        noticed_by: Noticed::Simulation,
    },
    Rule {
        name: "tag checked before delete",
        cuts: &[cut(
            "src/engine/delete.rs",
            "    if provider.carries_tag() && (unmarked || object.tag != receipt.tag) {",
            "    if provider.carries_tag() && unmarked && object.tag.is_some() {",
        )],
        noticed_by: Noticed::Test("a_record_that_lost_our_mark_is_never_deleted"),
    },
    Rule {
        name: "id, not name",
        cuts: &[cut(
            "src/engine/delete.rs",
            "            let call = provider.delete_request(&receipt.id, volumes);",
            "            let by_name = provider.find_by_key().await?.pop().map_or_else(|| receipt.id.clone(), |it| it.id);
            let call = provider.delete_request(&by_name, volumes);",
        )],
        noticed_by: Noticed::Test(
            "a_record_that_a_stranger_adds_at_our_name_stays_when_ours_is_deleted",
        ),
    },
    Rule {
        name: "sweep after doubt",
        cuts: &[
            cut(
                "src/engine/prove.rs",
                "            self.sweep(deployment, &plan).await?;",
                "",
            ),
            cut(
                "src/engine/undo.rs",
                "            Box::pin(self.sweep(&mut deployment, &plan)).await.map_err(stopped)?;",
                "            let _ = plan;",
            ),
        ],
        noticed_by: Noticed::Test(
            "a_run_that_was_taken_up_again_lists_its_marks_once_more_before_it_is_complete",
        ),
    },
    Rule {
        name: "sweep after doubt, and its partner, the settle window",
        cuts: &[
            cut("src/engine/prove.rs", "            self.sweep(deployment, &plan).await?;", ""),
            cut(
                "src/engine/undo.rs",
                "            Box::pin(self.sweep(&mut deployment, &plan)).await.map_err(stopped)?;",
                "            let _ = plan;",
            ),
            cut("src/engine/create.rs", "        if !left.is_zero() {", "        if left > Duration::MAX {"),
        ],
        noticed_by: Noticed::Simulation,
    },
    Rule {
        name: "fencing",
        cuts: &[cut(
            "src/journal/memory.rs",
            "        if admitted { Ok(()) }",
            "        if admitted || token > 0 { Ok(()) }",
        )],
        noticed_by: Noticed::Test("an_older_token_is_fenced_by_a_newer_claim"),
    },
    Rule {
        name: "compare-and-set of entries",
        cuts: &[cut(
            "src/journal/memory.rs",
            "        if known.forgotten || known.lines.len() as u64 != seq {",
            "        if known.forgotten && known.lines.len() as u64 != seq {",
        )],
        noticed_by: Noticed::Test("a_line_goes_only_where_it_comes_next"),
    },
    Rule {
        name: "the first before-image is kept",
        cuts: &[cut(
            "machine/src/ledger.rs",
            "                if old.origin == Origin::Existing {",
            "                if old.origin != state.origin {",
        )],
        noticed_by: Noticed::Test("what_was_there_before_the_first_change_is_what_counts"),
    },
    Rule {
        name: "restored only if it is as we left it",
        cuts: &[cut(
            "src/engine/restore.rs",
            "        if let Some(reason) = not_ours(records, receipt, &object) {",
            "        if let Some(reason) = not_ours(records, receipt, &object).filter(String::is_empty) {",
        )],
        noticed_by: Noticed::Test("a_record_that_somebody_edited_after_our_change_is_not_put_back"),
    },
    Rule {
        name: "doubts are settled before anything is undone",
        cuts: &[cut(
            "src/engine/undo.rs",
            "        Box::pin(self.settle_doubts(&mut deployment)).await?;",
            "",
        )],
        noticed_by: Noticed::Simulation,
    },
];
