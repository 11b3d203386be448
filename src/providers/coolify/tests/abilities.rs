//! What a token may do, told from answers that no sandbox gives.

use serde_json::{Value, json};

use super::coolify;
use crate::providers::ReadError;
use crate::providers::coolify::abilities::Ability;

#[tokio::test]
async fn only_a_word_about_the_ability_says_that_it_is_missing() {
    let missing = json!({"message": "Missing required permissions: deploy"});
    let coolify = coolify([("/deploy", 403, missing)]);
    let found = coolify.may_deploy().await;
    assert_eq!(found, Ok(Ability::Lacks("403 Missing required permissions: deploy".to_owned())));
}

#[tokio::test]
async fn a_door_that_is_shut_says_nothing_about_abilities() {
    for (status, message) in [(403, "API is disabled."), (403, "Unauthorized"), (401, "Unauthenticated.")] {
        let coolify = coolify([("/deploy", status, json!({"success": true, "message": message}))]);
        let found = coolify.may_deploy().await;
        assert!(matches!(found, Err(ReadError::TokenRefused { .. })), "{message}: {found:?}");
    }
}

#[tokio::test]
async fn neither_a_broken_server_nor_a_missing_call_says_that_the_token_has_it() {
    let no_call = json!({"message": "Not found.", "docs": "https://coolify.io/docs"});
    for (status, body) in [(500, json!({"message": "Server Error"})), (404, no_call), (302, Value::Null)] {
        let found = coolify([("/projects/none", status, body)]).may_write().await;
        assert!(matches!(found, Ok(Ability::Unclear(_))), "{status}: {found:?}");
    }
}

#[tokio::test]
async fn what_is_no_coolify_is_not_quoted_but_named_by_its_address() {
    let coolify = coolify([("/version", 200, json!("<html><head>a login page</head></html>"))]);
    let refused = coolify.version().await.unwrap_err().to_string();
    assert!(refused.starts_with("https://coolify.example.com: no Coolify answers there"), "{refused}");
}

#[tokio::test]
async fn without_a_date_the_clocks_are_not_compared() {
    let coolify = coolify([("/health", 200, json!("OK"))]);
    assert!(matches!(coolify.skew().await, Err(ReadError::Unintelligible { .. })));
}
