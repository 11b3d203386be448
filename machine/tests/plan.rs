//! What a plan says of itself: which records it wants, and whether anything is to be done.

use machine::plan::{Action, DesiredResource, EnvVarAction, Plan, Proxy};
use machine::receipt::{Attributes, Origin};
use machine::step::Step;
use machine::tag::OwnershipTag;

use crate::world::{plan, state, tag};

/// Where a plan has the wish for one of its resources.
type WishOf = fn(&mut Plan) -> &mut DesiredResource;

fn keep() -> Action {
    Action::NoOp { id: "k1".to_owned(), tag: None }
}

fn change() -> Action {
    Action::Update { id: "c1".to_owned(), before: Attributes::new(), tag: None }
}

fn take_away(tag: OwnershipTag) -> Action {
    Action::Delete { id: "d1".to_owned(), before: Attributes::new(), tag }
}

/// Each way in which a wish can differ from what is.
fn differing() -> [Action; 3] {
    [Action::Create, change(), take_away(tag(Step::App))]
}

/// A plan for a world that is as it asks.
fn idle() -> Plan {
    let mut plan = plan();
    for record in &mut plan.records {
        record.proxy = Proxy::AsMade;
        record.desired.action = keep();
    }
    for desired in [&mut plan.project, &mut plan.environment, &mut plan.app] {
        desired.action = keep();
    }
    plan.envs[0].change = EnvVarAction::Keep;
    plan
}

/// The idle plan with one resource to do, once for each resource and way; and whether it is one that starts the app.
fn one_thing_to_do() -> Vec<(String, Plan, bool)> {
    let with = |edit: &dyn Fn(&mut Plan)| {
        let mut plan = idle();
        edit(&mut plan);
        plan
    };
    let mut plans = Vec::new();
    for action in differing() {
        let resources: [(&str, WishOf, bool); 5] = [
            ("first record", |plan| &mut plan.records[0].desired, false),
            ("last record", |plan| &mut plan.records[1].desired, false),
            ("project", |plan| &mut plan.project, false),
            ("environment", |plan| &mut plan.environment, false),
            ("app", |plan| &mut plan.app, true),
        ];
        for (resource, of, starts) in resources {
            let plan = with(&|plan| of(plan).action = action.clone());
            plans.push((format!("{resource}: {action:?}"), plan, starts));
        }
    }
    for change in [EnvVarAction::Add, EnvVarAction::Set, EnvVarAction::Remove] {
        plans.push((format!("variable: {change:?}"), with(&|plan| plan.envs[0].change = change), true));
    }
    let proxied = with(&|plan| plan.records[1].proxy = Proxy::AfterProof);
    plans.push(("proxy".to_owned(), proxied, false));
    let late = with(&|plan| plan.orphans = vec![state(Step::App, "a0", Origin::Orphaned)]);
    plans.push(("what came late".to_owned(), late, false));
    plans
}

#[test]
fn a_plan_for_a_world_that_is_as_asked_does_nothing() {
    assert!(!idle().has_changes());
    assert!(!idle().starts_app());
}

#[test]
fn one_thing_to_do_is_enough_to_do_something_and_only_the_apps_own_start_it() {
    for (what, plan, starts) in one_thing_to_do() {
        assert!(plan.has_changes(), "{what}");
        assert_eq!(plan.starts_app(), starts, "{what}");
    }
}

#[test]
fn what_is_there_already_has_an_id_and_only_what_is_kept_is_not_written() {
    assert_eq!((keep().changes(), keep().id()), (false, Some("k1")));
    let told: Vec<_> =
        differing().iter().map(|action| (action.changes(), action.id().map(str::to_owned))).collect();
    assert_eq!(told, [(true, None), (true, Some("c1".to_owned())), (true, Some("d1".to_owned()))]);
}

#[test]
fn a_record_has_its_place_as_its_number_whether_it_is_wanted_or_not() {
    let mut plan = plan();
    let third = plan.records[0].clone();
    plan.records.push(third);
    let numbers = |plan: &Plan| (0..=3).map(|nth| plan.record(nth).cloned()).collect::<Vec<_>>();
    let records: Vec<_> = plan.records.iter().cloned().map(Some).chain([None]).collect();
    assert_eq!(numbers(&plan), records);
    assert_eq!(plan.wanted().collect::<Vec<_>>(), [(0, &plan.records[0]), (2, &plan.records[2])]);
    assert_eq!(plan.unwanted().collect::<Vec<_>>(), [(1, &plan.records[1])]);
}
