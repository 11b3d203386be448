//! Apps by name, or by as much of their place as tells them apart: `my-api`, `shop/production/my-api`.

use std::collections::BTreeSet;

use machine::app::AppKey;

use crate::journal::RunRow;
use crate::plan::Blocker;

/// The app that `text` means.
///
/// # Errors
/// [`Blocker`] when it means none or several.
pub(crate) fn find(rows: &[RunRow], text: &str) -> Result<AppKey, Blocker> {
    let meant: BTreeSet<&AppKey> =
        rows.iter().map(|row| &row.app).filter(|app| is_meant(app, text)).collect();
    let meant: Vec<&AppKey> = meant.into_iter().collect();
    match meant.as_slice() {
        [app] => Ok((*app).clone()),
        [] => Err(unknown(text)),
        several => {
            let all: Vec<String> = several.iter().map(|app| shown(app, several)).collect();
            Err(Blocker::new(
                format!("`{text}` could mean {} apps", several.len()),
                format!("say which: {}", all.join(", ")),
            ))
        }
    }
}

/// Whether `text` is the app's name, or the end of its place.
pub(crate) fn is_meant(app: &AppKey, text: &str) -> bool {
    format!("/{app}").ends_with(&format!("/{text}"))
}

/// What to say of a name that no app has.
pub(crate) fn unknown(text: &str) -> Blocker {
    let hint = "`fabrik history` lists all runs; `--state` or `--sandbox` chooses another journal";
    Blocker::new(format!("there is no run of `{text}` in this journal"), hint)
}

/// The app as briefly as it can be told from all `others`.
pub(crate) fn shown(app: &AppKey, others: &[&AppKey]) -> String {
    let AppKey { project, environment, name, .. } = app;
    let brief = [name.clone(), format!("{project}/{environment}/{name}")];
    let alone = |text: &String| !others.iter().any(|other| *other != app && is_meant(other, text));
    brief.into_iter().find(alone).unwrap_or_else(|| app.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app(ports: &str, project: &str, name: &str) -> AppKey {
        let [ports, project, name] = [ports, project, name].map(str::to_owned);
        AppKey { target: ports, project, environment: "production".to_owned(), name }
    }

    #[test]
    fn an_app_is_called_by_as_much_as_tells_it_apart() {
        let (shop, blog, twin) = (app("a", "shop", "api"), app("a", "blog", "api"), app("b", "blog", "api"));
        assert_eq!(shown(&shop, &[&shop]), "api");
        assert_eq!(shown(&shop, &[&shop, &blog]), "shop/production/api");
        assert_eq!(shown(&blog, &[&blog, &twin]), "a/blog/production/api");
    }

    #[test]
    fn the_end_of_a_name_is_not_a_name() {
        let shop = app("https://c.example.com team 0", "shop", "my-api");
        assert!(
            ["my-api", "production/my-api", "shop/production/my-api"].iter().all(|it| is_meant(&shop, it))
        );
        assert!(["api", "op/production/my-api", "shop/my-api", ""].iter().all(|it| !is_meant(&shop, it)));
    }
}
