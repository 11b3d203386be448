//! Drawing the app: what Coolify is to have of it, as fields.

use machine::id::RunId;
use machine::plan::{Action, DesiredResource};
use machine::receipt::Attributes;

use super::compose::release_label;
use super::planner::{Planner, fields};
use super::resolved_spec::sha256;
use super::{Blocker, values};
use crate::providers::Clients;
use crate::providers::coolify::application_attributes;
use crate::providers::coolify::resource::is_application;
use crate::spec::env_value::Carrier;
use crate::spec::{Access, FingerprintSpec, Git, Source};

impl<'a> Planner<'a> {
    /// What the app should be.
    ///
    /// # Errors
    /// [`Blocker`] for a deploy key or GitHub App that Coolify does not know.
    pub(super) async fn app(&self, clients: &Clients) -> Result<Attributes, Blocker> {
        let mut app = fields([("name", &self.resolved.spec.name), ("url", &self.urls())]);
        match &self.resolved.spec.source {
            Source::Template { .. } | Source::Folder { .. } | Source::Compose { .. } => {
                let artifact = &self.resolved.artifact;
                let hash = sha256(artifact.compose.as_bytes());
                app.extend(fields([("kind", "service"), ("service", &artifact.main), ("compose", &hash)]));
                Ok(app)
            }
            Source::Image { reference } => {
                app.extend(fields([("kind", "image"), ("image", reference)]));
                Ok(self.application(app))
            }
            Source::Git(git) => {
                app.extend(repository(clients, git).await?);
                Ok(self.application(app))
            }
        }
    }

    // The port that Coolify's proxy routes to must be in a service's URL (Coolify API, domains). An application has it in
    // a field of its own, and would be told it as part of its public URL (Coolify 4.3.11, `COOLIFY_URL`, observed).
    fn urls(&self) -> String {
        let port = match values::carrier(&self.resolved.spec.source) {
            Carrier::Service => format!(":{}", self.resolved.artifact.port.unwrap_or(80)),
            Carrier::Application => String::new(),
        };
        // A tunnel asks over http: an https domain would be redirected to itself for ever.
        let scheme = if self.resolved.spec.dns.is_tunnel() { "http" } else { "https" };
        let url = |domain: &String| format!("{scheme}://{domain}{port}");
        self.resolved.spec.domains.iter().map(url).collect::<Vec<_>>().join(",")
    }

    fn application(&self, mut app: Attributes) -> Attributes {
        let spec = &self.resolved.spec;
        // Coolify below 4.1.2 makes no application without one, so a worker has one that nobody asks.
        let port = self.resolved.artifact.port.unwrap_or(80);
        app.insert("port".to_owned(), port.to_string());
        app.insert("health_path".to_owned(), spec.health.path.clone());
        let limits = [("memory", &spec.resources.memory), ("cpu", &spec.resources.cpu)];
        app.extend(limits.into_iter().filter_map(|(key, limit)| Some((key.to_owned(), limit.clone()?))));
        self.with_volumes(application_attributes::settled(&app))
    }

    /// Whether the proxy is to answer the release for the app with these fields.
    pub(super) fn is_labelled(&self, app: &Attributes) -> bool {
        let spec = &self.resolved.spec;
        let has_site = !is_application(app) && !spec.domains.is_empty();
        has_site && spec.health.fingerprint != Some(FingerprintSpec::Off)
    }

    /// The release that the label of the app in place names; none where the app is created, or has no label.
    pub(super) fn label_in_place(&self, app: &DesiredResource) -> Option<&'a str> {
        let base = self.base.filter(|_| app.action != Action::Create)?;
        base.plan().app.attributes.get(release_label::FIELD).map(String::as_str)
    }

    /// The wish with the label of the `release` that will run: a start sends the text again for its sake, and without a
    /// start the one in place stays.
    pub(super) fn labelled(&self, app: DesiredResource, release: &RunId) -> DesiredResource {
        let in_place = self.label_in_place(&app);
        let starts = release == self.run;
        let wanted = self.is_labelled(&app.attributes).then_some(release.as_str());
        let label = if starts { wanted } else { in_place };
        let DesiredResource { attributes: mut fields, action } = app;
        let pair = |release: &str| (release_label::FIELD.to_owned(), release.to_owned());
        let action = match action {
            Action::NoOp { id, tag } if label != in_place => {
                Action::Update { id, before: in_place.map(pair).into_iter().collect(), tag }
            }
            Action::Update { id, mut before, tag } => {
                before.extend(in_place.map(pair));
                Action::Update { id, before, tag }
            }
            action => action,
        };
        fields.extend(label.map(pair));
        DesiredResource { attributes: fields, action }
    }

    /// Refuses what would make another app of it.
    ///
    /// # Errors
    /// [`Blocker`] with the way to do it.
    pub(super) fn changeable(&self, wanted: &Attributes) -> Result<(), Blocker> {
        let Some(base) = self.base else { return Ok(()) };
        let before = &base.plan().app.attributes;
        let changeable = match (is_application(before), is_application(wanted)) {
            (false, false) => Ok(()),
            (true, true) => application_attributes::changeable(before, wanted),
            (true, false) => {
                Err("an app from an image or from git cannot become one from compose text".to_owned())
            }
            (false, true) => {
                Err("an app from compose text cannot become one from an image or from git".to_owned())
            }
        };
        changeable.map_err(|why| {
            let name = &self.resolved.spec.name;
            let hint = format!("`fabrik destroy {name}` first, or give the new one another name and file");
            Blocker::new(format!("this cannot be changed in place: {why}"), hint)
        })
    }
}

async fn repository(clients: &Clients, git: &Git) -> Result<Attributes, Blocker> {
    let mut app = fields([
        ("kind", "git"),
        ("repository", &git.repository),
        ("branch", &git.branch),
        ("dockerfile", &git.dockerfile),
    ]);
    app.extend(git.commit.iter().map(|commit| ("commit".to_owned(), commit.clone())));
    let coolify = &clients.coolify;
    let (field, name, uuid) = match &git.access {
        Access::Public => return Ok(app),
        Access::DeployKey(name) => ("deploy_key", name, coolify.private_key(name).await?),
        Access::GithubApp(name) => ("github_app", name, coolify.github_app(name).await?),
    };
    let Some(uuid) = uuid else {
        return Err(Blocker::new(
            format!("Coolify knows no `git.{field}` named `{name}`"),
            "add it in Coolify (Keys & Tokens, Sources), or write the name it has there",
        ));
    };
    app.insert(field.to_owned(), uuid);
    Ok(app)
}
