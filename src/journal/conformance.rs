//! What every store means: one list of sentences, each tried on all of them.

use std::collections::BTreeMap;
use std::time::Duration;

use machine::phase::PhaseKind;

use super::fixtures::{
    InFile, InMemory, Journal, Layered, app, begun, blobs, complete, copy, destroy_failed, destroy_retried,
    destroyed, first, first_to_destroy, from_the_future, held, holder, line, minutes, parked, refused,
    rolling_back, run,
};
use super::{Acquisition, Holder, LEASE, LeaseHolder, StoreError};
use crate::net::Clock;

macro_rules! holds_for_every_store {
    ($($sentence:ident)*) => {
        mod in_memory {
            $(#[tokio::test]
            async fn $sentence() {
                super::$sentence(&super::InMemory::new()).await;
            })*
        }
        mod under_a_layer {
            $(#[tokio::test]
            async fn $sentence() {
                super::$sentence(&super::Layered::new()).await;
            })*
        }
        mod in_a_file {
            $(#[tokio::test]
            async fn $sentence() {
                super::$sentence(&super::InFile::new()).await;
            })*
        }
    };
}

holds_for_every_store! {
    what_is_written_reads_back
    a_destroy_run_has_phases_of_its_own_and_frees_its_app_when_it_is_over
    a_store_keeps_its_name
    a_line_goes_only_where_it_comes_next
    a_run_begins_only_once
    a_run_begins_only_with_its_beginning
    a_run_begins_only_with_all_that_is_frozen
    nothing_is_written_without_the_apps_lease
    an_older_token_is_fenced_by_a_newer_claim
    a_lease_given_back_admits_no_more
    an_app_has_one_open_run
    a_finished_run_is_not_undone_beside_an_open_one
    a_closed_run_can_be_forgotten_and_an_open_one_cannot
    a_shared_blob_stays_until_its_last_run_is_forgotten
    an_unreadable_run_hides_no_other
    the_list_is_in_the_order_begun_whatever_the_clock_said_and_of_one_app_if_asked
    an_unknown_run_is_told_as_such
    a_live_process_keeps_its_lease_beyond_its_end
    another_hosts_lease_ends_only_with_time
    a_claim_of_ones_own_key_is_taken_by_oneself
    a_dead_process_is_taken_over_at_once
    a_process_id_proves_nothing
    a_host_started_anew_gives_its_keys_back
    a_claim_tells_whose_tenure_it_ends
    a_living_holder_whose_tenure_is_given_back_writes_no_more
    a_lease_is_renewed_from_now_on
    a_lost_lease_is_not_renewed
    a_token_rises_over_release_and_claim
    giving_back_what_is_no_longer_ours_does_nothing
    two_keys_do_not_touch_each_other
}

async fn what_is_written_reads_back(journal: &dyn Journal) {
    let store = journal.process();
    let lease = held(&*store, &app("blog").to_string(), "here").await;
    let lines = [first(&run(1), "blog", &["spec", "files"]), parked(), refused()];
    store.begin(&lease, &lines[0], &blobs(&["spec", "files"])).await.expect("begins");
    store.append(&run(1), 1, lease.token, &lines[1]).await.expect("goes on");
    store.append(&run(1), 2, lease.token, &lines[2]).await.expect("ends");

    let loaded = journal.process().load(&run(1)).await.expect("is there");
    assert_eq!(loaded.lines, lines);
    assert_eq!(loaded.blobs, blobs(&["spec", "files"]));
    let rows = store.list(None).await.expect("lists");
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].phase, rows[0].forgotten), (Some(PhaseKind::RolledBack), false));
    assert_eq!(rows[0].begun.as_ref().map(|begun| &begun.run), Some(&run(1)));
}

async fn a_destroy_run_has_phases_of_its_own_and_frees_its_app_when_it_is_over(journal: &dyn Journal) {
    let store = journal.process();
    let lease = held(&*store, &app("blog").to_string(), "here").await;
    let phase = async || store.list(None).await.expect("lists")[0].phase;
    let begins =
        async |bits| store.begin(&lease, &first_to_destroy(&run(bits), "blog"), &BTreeMap::new()).await;
    begins(1).await.expect("begins");
    assert_eq!(phase().await, Some(PhaseKind::Surveying));
    let way = [
        (destroy_failed(), PhaseKind::DestroyFailed),
        (destroy_retried(), PhaseKind::Destroying),
        (destroyed(), PhaseKind::Destroyed),
    ];
    for (seq, (entry, is)) in (1..).zip(way) {
        let beside = begins(2).await;
        assert!(matches!(beside, Err(StoreError::OpenRun { .. })), "{beside:?}");
        store.append(&run(1), seq, lease.token, &entry).await.expect("goes on");
        assert_eq!(phase().await, Some(is));
    }
    begins(2).await.expect("the app is free");
    store.purge(&run(1)).await.expect("it is closed");
    store.append(&run(2), 1, lease.token, &refused()).await.expect("is refused");
    store.purge(&run(2)).await.expect("it is closed");
    let rows = store.list(None).await.expect("lists");
    let phases: Vec<_> = rows.iter().map(|row| row.phase).collect();
    assert_eq!(phases, [Some(PhaseKind::Destroyed), Some(PhaseKind::RolledBack)], "forgotten or not");
}

async fn a_store_keeps_its_name(journal: &dyn Journal) {
    let first = journal.process();
    let name = first.journal().clone();
    drop(first);
    assert_eq!(*journal.process().journal(), name);
}

async fn a_line_goes_only_where_it_comes_next(journal: &dyn Journal) {
    let store = journal.process();
    let lease = begun(&*store, &run(1), "blog").await;
    for seq in [0, 2, u64::MAX] {
        let written = store.append(&run(1), seq, lease.token, &parked()).await;
        assert!(matches!(written, Err(StoreError::Conflict { seq: at, .. }) if at == seq), "{written:?}");
    }
    store.append(&run(1), 1, lease.token, &parked()).await.expect("comes next");
    let again = store.append(&run(1), 1, lease.token, &parked()).await;
    assert!(matches!(again, Err(StoreError::Conflict { seq: 1, .. })), "{again:?}");
    assert_eq!(store.load(&run(1)).await.expect("is there").lines.len(), 2);
}

async fn a_run_begins_only_once(journal: &dyn Journal) {
    let store = journal.process();
    let lease = begun(&*store, &run(1), "blog").await;
    let again = store.begin(&lease, &first(&run(1), "blog", &[]), &BTreeMap::new()).await;
    assert!(matches!(again, Err(StoreError::Conflict { seq: 0, .. })), "{again:?}");
}

async fn a_run_begins_only_with_its_beginning(journal: &dyn Journal) {
    let store = journal.process();
    let lease = held(&*store, &app("blog").to_string(), "here").await;
    let written = store.begin(&lease, &parked(), &BTreeMap::new()).await;
    assert!(matches!(written, Err(StoreError::Unusable { .. })), "{written:?}");
    assert_eq!(store.list(None).await.expect("lists"), []);
}

async fn a_run_begins_only_with_all_that_is_frozen(journal: &dyn Journal) {
    let store = journal.process();
    let lease = held(&*store, &app("blog").to_string(), "here").await;
    let written = store.begin(&lease, &first(&run(1), "blog", &["spec", "files"]), &blobs(&["spec"])).await;
    assert!(
        matches!(&written, Err(StoreError::Unusable { reason, .. }) if reason.contains("hash-of-files")),
        "{written:?}"
    );
    assert_eq!(store.list(None).await.expect("lists"), []);
}

async fn nothing_is_written_without_the_apps_lease(journal: &dyn Journal) {
    let store = journal.process();
    let other = held(&*store, &app("shop").to_string(), "here").await;
    let begun = store.begin(&other, &first(&run(1), "blog", &[]), &BTreeMap::new()).await;
    assert!(matches!(begun, Err(StoreError::Fenced { .. })), "{begun:?}");
    store.begin(&other, &first(&run(2), "shop", &[]), &BTreeMap::new()).await.expect("its own app");
    for token in [0, other.token + 1, u64::MAX] {
        let written = store.append(&run(2), 1, token, &parked()).await;
        assert!(matches!(written, Err(StoreError::Fenced { .. })), "{written:?}");
    }
}

async fn an_older_token_is_fenced_by_a_newer_claim(journal: &dyn Journal) {
    let (old, new) = (journal.process(), journal.process());
    let lease = begun(&*old, &run(1), "blog").await;
    drop(old);
    let newer = held(&*new, &lease.key, "here").await;
    let late = new.append(&run(1), 1, lease.token, &parked()).await;
    assert!(matches!(late, Err(StoreError::Fenced { key }) if key == lease.key));
    new.append(&run(1), 1, newer.token, &parked()).await.expect("the newer one writes");
}

async fn a_lease_given_back_admits_no_more(journal: &dyn Journal) {
    let store = journal.process();
    let lease = begun(&*store, &run(1), "blog").await;
    store.release(copy(&lease)).await.expect("gives back");
    let late = store.append(&run(1), 1, lease.token, &parked()).await;
    assert!(matches!(late, Err(StoreError::Fenced { .. })), "{late:?}");
    assert!(matches!(store.renew(&mut copy(&lease)).await, Err(StoreError::Fenced { .. })));
}

async fn an_app_has_one_open_run(journal: &dyn Journal) {
    let store = journal.process();
    let lease = begun(&*store, &run(1), "blog").await;
    let second = store.begin(&lease, &first(&run(2), "blog", &[]), &BTreeMap::new()).await;
    assert!(matches!(second, Err(StoreError::OpenRun { run: open }) if open == run(1)));
    store.append(&run(1), 1, lease.token, &refused()).await.expect("closes");
    store.begin(&lease, &first(&run(2), "blog", &[]), &BTreeMap::new()).await.expect("now it may");
}

async fn a_finished_run_is_not_undone_beside_an_open_one(journal: &dyn Journal) {
    let store = journal.process();
    let lease = begun(&*store, &run(1), "blog").await;
    store.append(&run(1), 1, lease.token, &complete()).await.expect("closes");
    store.begin(&lease, &first(&run(2), "blog", &[]), &BTreeMap::new()).await.expect("begins");
    let undone = store.append(&run(1), 2, lease.token, &rolling_back()).await;
    assert!(matches!(undone, Err(StoreError::OpenRun { run: open }) if open == run(2)));
    assert_eq!(store.load(&run(1)).await.expect("is there").lines.len(), 2);
    store.append(&run(2), 1, lease.token, &refused()).await.expect("closes");
    store.append(&run(1), 2, lease.token, &rolling_back()).await.expect("now it may");
}

async fn a_closed_run_can_be_forgotten_and_an_open_one_cannot(journal: &dyn Journal) {
    let store = journal.process();
    let lease = begun(&*store, &run(1), "blog").await;
    assert!(matches!(store.purge(&run(1)).await, Err(StoreError::NotClosed(open)) if open == run(1)));
    store.append(&run(1), 1, lease.token, &refused()).await.expect("closes");
    let before = store.list(None).await.expect("lists");
    store.purge(&run(1)).await.expect("is closed");
    store.purge(&run(1)).await.expect("twice is once");

    let rows = store.list(None).await.expect("lists");
    assert_eq!(rows, [super::RunRow { forgotten: true, ..before[0].clone() }]);
    assert!(matches!(store.load(&run(1)).await, Err(StoreError::Unreadable { .. })));
    for seq in [0, 2] {
        let written = store.append(&run(1), seq, lease.token, &parked()).await;
        assert!(matches!(written, Err(StoreError::Conflict { .. })), "{written:?}");
    }
    let again = store.begin(&lease, &first(&run(1), "blog", &[]), &BTreeMap::new()).await;
    assert!(matches!(again, Err(StoreError::Conflict { .. })), "{again:?}");
}

async fn a_shared_blob_stays_until_its_last_run_is_forgotten(journal: &dyn Journal) {
    let store = journal.process();
    let lease = held(&*store, &app("blog").to_string(), "here").await;
    for (bits, given) in [(1, blobs(&["spec"])), (2, BTreeMap::new())] {
        store.begin(&lease, &first(&run(bits), "blog", &["spec"]), &given).await.expect("begins");
        store.append(&run(bits), 1, lease.token, &refused()).await.expect("closes");
    }
    store.purge(&run(1)).await.expect("is closed");
    assert_eq!(store.load(&run(2)).await.expect("is there").blobs, blobs(&["spec"]));
    store.purge(&run(2)).await.expect("is closed");
    let third = store.begin(&lease, &first(&run(3), "blog", &["spec"]), &BTreeMap::new()).await;
    assert!(matches!(third, Err(StoreError::Unusable { .. })), "{third:?}");
}

async fn an_unreadable_run_hides_no_other(journal: &dyn Journal) {
    let store = journal.process();
    let lease = begun(&*store, &run(1), "blog").await;
    store.append(&run(1), 1, lease.token, &from_the_future()).await.expect("is only kept");
    store.append(&run(1), 2, lease.token, &parked()).await.expect("is only kept");
    begun(&*store, &run(2), "shop").await;

    let loaded = store.load(&run(1)).await;
    assert!(
        matches!(&loaded, Err(StoreError::Unreadable { reason, .. }) if reason.contains("newer version"))
    );
    assert!(store.load(&run(2)).await.is_ok());
    let rows = store.list(None).await.expect("lists");
    let phases: Vec<_> = rows.iter().map(|row| (row.phase, row.begun.is_some())).collect();
    assert_eq!(phases, [(None, false), (Some(PhaseKind::Pending), true)]);
}

async fn the_list_is_in_the_order_begun_whatever_the_clock_said_and_of_one_app_if_asked(
    journal: &dyn Journal,
) {
    let store = journal.process();
    for (bits, name, wall_ms) in [(9, "blog", 3_000), (3, "shop", 1_000), (5, "wiki", 2_000)] {
        let lease = held(&*store, &app(name).to_string(), "here").await;
        let mut line = first(&run(bits), name, &[]);
        line.at.wall_ms = wall_ms;
        store.begin(&lease, &line, &BTreeMap::new()).await.expect("begins");
    }
    let all = store.list(None).await.expect("lists");
    assert_eq!(all.iter().map(|row| row.run.clone()).collect::<Vec<_>>(), [run(9), run(3), run(5)]);
    let one = store.list(Some(&app("shop"))).await.expect("lists");
    assert_eq!(one, all[1..2]);
    assert_eq!(store.list(Some(&app("none"))).await.expect("lists"), []);
}

async fn an_unknown_run_is_told_as_such(journal: &dyn Journal) {
    let store = journal.process();
    let lease = held(&*store, &app("blog").to_string(), "here").await;
    assert!(matches!(store.load(&run(1)).await, Err(StoreError::NoSuchRun(_))));
    assert!(matches!(store.purge(&run(1)).await, Err(StoreError::NoSuchRun(_))));
    let written =
        store.append(&run(1), 0, lease.token, &line(machine::entry::JournalEntry::Validating)).await;
    assert!(matches!(written, Err(StoreError::NoSuchRun(_))), "{written:?}");
}

async fn a_live_process_keeps_its_lease_beyond_its_end(journal: &dyn Journal) {
    let (alive, other) = (journal.process(), journal.process());
    let lease = held(&*alive, "key", "here").await;
    journal.clock().advance(minutes(60));
    let claim = other.acquire("key", &holder("here")).await.expect("a journal that works");
    assert!(matches!(claim, Acquisition::Busy(LeaseHolder { by, .. }) if by == holder("here")));
    alive.renew(&mut copy(&lease)).await.expect("nobody else was let in");
}

async fn another_hosts_lease_ends_only_with_time(journal: &dyn Journal) {
    let (there, here) = (journal.process(), journal.process());
    held(&*there, "key", "there").await;
    // Locks of another host are not seen from here: as if there were none.
    drop(there);
    let blink = Duration::from_millis(1);
    journal.clock().advance(LEASE.saturating_sub(blink));
    let early = here.acquire("key", &holder("here")).await.expect("a journal that works");
    assert!(matches!(early, Acquisition::Busy(LeaseHolder { by, .. }) if by == holder("there")));
    journal.clock().advance(blink);
    held(&*here, "key", "here").await;
}

async fn a_claim_of_ones_own_key_is_taken_by_oneself(journal: &dyn Journal) {
    let store = journal.process();
    held(&*store, "key", "here").await;
    let again = store.acquire("key", &holder("here")).await.expect("a journal that works");
    assert!(matches!(again, Acquisition::Busy(LeaseHolder { by, .. }) if by == holder("here")));
}

async fn a_dead_process_is_taken_over_at_once(journal: &dyn Journal) {
    let (dying, next) = (journal.process(), journal.process());
    let lease = held(&*dying, "key", "here").await;
    drop(dying);
    assert!(held(&*next, "key", "here").await.token > lease.token);
}

async fn a_process_id_proves_nothing(journal: &dyn Journal) {
    // The first is of a process that is there for ever, the second of none that can be: of another namespace, perhaps.
    for pid in [1, u32::MAX] {
        let (there, here) = (journal.process(), journal.process());
        let other = Holder { pid, ..holder("here") };
        assert!(matches!(there.acquire("key", &other).await, Ok(Acquisition::Acquired { .. })));
        let alive = here.acquire("key", &holder("here")).await.expect("a journal that works");
        assert!(matches!(alive, Acquisition::Busy(LeaseHolder { by, .. }) if by == other), "pid {pid}");
        drop(there);
        let lease = held(&*here, "key", "here").await;
        here.release(copy(&lease)).await.expect("gives back");
    }
}

async fn a_host_started_anew_gives_its_keys_back(journal: &dyn Journal) {
    let before = journal.process();
    held(&*before, "key", "here").await;
    drop(before);
    let after = Holder { boot: "the next boot".into(), ..holder("here") };
    let claim = journal.process().acquire("key", &after).await.expect("a journal that works");
    assert!(
        matches!(claim, Acquisition::Acquired { over: Some(LeaseHolder { by, .. }), .. } if by == holder("here"))
    );
}

async fn a_claim_tells_whose_tenure_it_ends(journal: &dyn Journal) {
    let first = journal.process();
    let since = journal.clock().wall();
    let lease = held(&*first, "key", "there").await;
    drop(first);
    journal.clock().advance(LEASE);
    let next = journal.process();
    let claim = next.acquire("key", &holder("here")).await.expect("a journal that works");
    let Acquisition::Acquired { lease: newer, over } = claim else { panic!("it has run out: {claim:?}") };
    assert_eq!(over, Some(LeaseHolder { by: holder("there"), since, token: lease.token }));
    next.release(newer).await.expect("gives back");
    let claim = next.acquire("key", &holder("here")).await.expect("a journal that works");
    assert!(matches!(claim, Acquisition::Acquired { over: None, .. }), "it was given back: {claim:?}");
}

async fn a_living_holder_whose_tenure_is_given_back_writes_no_more(journal: &dyn Journal) {
    let (alive, other) = (journal.process(), journal.process());
    let lease = begun(&*alive, &run(1), "blog").await;
    other.evict(&lease.key, lease.token).await.expect("ends that tenure");
    let late = alive.append(&run(1), 1, lease.token, &parked()).await;
    assert!(matches!(late, Err(StoreError::Fenced { .. })), "{late:?}");
    assert!(matches!(alive.renew(&mut copy(&lease)).await, Err(StoreError::Fenced { .. })));
    // It still lives, and the row does not tell who it is.
    let claim = other.acquire(&lease.key, &holder("here")).await.expect("a journal that works");
    let Acquisition::Busy(holder) = claim else { panic!("its lock is not free: {claim:?}") };
    assert_eq!((holder.by.pid, holder.token), (0, lease.token));
    drop(alive);
    assert!(held(&*other, &lease.key, "here").await.token > lease.token);
}

async fn a_lease_is_renewed_from_now_on(journal: &dyn Journal) {
    let store = journal.process();
    let mut lease = held(&*store, "key", "here").await;
    let token = lease.token;
    assert_eq!(lease.until, LEASE);
    journal.clock().advance(minutes(2));
    store.renew(&mut lease).await.expect("is ours");
    assert_eq!((lease.token, lease.until), (token, minutes(2) + LEASE));
    drop(store);
    journal.clock().advance(minutes(2));
    let claim = journal.process().acquire("key", &holder("elsewhere")).await.expect("a journal that works");
    assert!(matches!(claim, Acquisition::Busy(_)), "the renewal counts for others too");
}

async fn a_lost_lease_is_not_renewed(journal: &dyn Journal) {
    let there = journal.process();
    let lease = begun(&*there, &run(1), "blog").await;
    drop(there);
    journal.clock().advance(LEASE);
    let here = journal.process();
    held(&*here, &lease.key, "elsewhere").await;
    assert!(matches!(here.renew(&mut copy(&lease)).await, Err(StoreError::Fenced { .. })));
    let late = here.append(&run(1), 1, lease.token, &parked()).await;
    assert!(matches!(late, Err(StoreError::Fenced { .. })), "{late:?}");
}

async fn a_token_rises_over_release_and_claim(journal: &dyn Journal) {
    let (one, two) = (journal.process(), journal.process());
    let mut last = 0;
    for store in [&one, &two, &one, &one] {
        let lease = held(&**store, "key", "here").await;
        assert!(lease.token > last);
        last = lease.token;
        store.release(lease).await.expect("gives back");
    }
}

async fn giving_back_what_is_no_longer_ours_does_nothing(journal: &dyn Journal) {
    let (old, new) = (journal.process(), journal.process());
    let lease = held(&*old, "key", "here").await;
    drop(old);
    let newer = held(&*new, "key", "here").await;
    new.release(copy(&lease)).await.expect("does nothing");
    new.renew(&mut copy(&newer)).await.expect("is still held");
    let claim = journal.process().acquire("key", &holder("here")).await.expect("a journal that works");
    assert!(matches!(claim, Acquisition::Busy(_)));
}

async fn two_keys_do_not_touch_each_other(journal: &dyn Journal) {
    let (one, two) = (journal.process(), journal.process());
    let blog = begun(&*one, &run(1), "blog").await;
    let shop = begun(&*two, &run(2), "shop").await;
    assert_eq!((blog.token, shop.token), (1, 1));
    two.release(shop).await.expect("gives back");
    one.append(&run(1), 1, blog.token, &parked()).await.expect("is untouched");
}
