//! What is in a world, for people and for comparing before with after.
//!
//! No times, no counters, no cached statuses: nothing in it changes by waiting once all that was begun has
//! ended. Values of environment variables appear as fingerprints where they are stored, and as they are in the
//! containers that got them.

use serde_json::{Value, json};

use super::applications::Application;
use super::services::{SimContainer, SimEnvRow, SimService};
use super::world::{World, digest, hex};
use super::{Sandbox, middleware};

/// Of a variable's value, so many characters are shown in text.
const LONGEST: usize = 120;

impl Sandbox {
    /// What is in the world, as text.
    pub fn show(&self) -> String {
        self.look(World::show)
    }

    /// The same as JSON.
    pub fn show_json(&self) -> Value {
        self.look(World::show_json)
    }
}

impl World {
    /// What is in the world, as text, one resource a line.
    pub fn show(&self) -> String {
        let mut lines = Vec::new();
        section(&mut lines, "records", self.record_lines());
        section(&mut lines, "projects", self.project_lines());
        section(&mut lines, "services", self.service_lines());
        section(&mut lines, "applications", self.application_lines());
        section(&mut lines, "volumes", self.volume_lines());
        section(&mut lines, "stray containers", self.stray_containers.clone());
        lines.push(String::new());
        lines.join("\n")
    }

    /// What is in the world, as JSON.
    pub fn show_json(&self) -> Value {
        json!({
            "world": self.id,
            "records": self.record_lines(),
            "projects": self.project_lines(),
            "services": self.service_lines(),
            "applications": self.application_lines(),
            "volumes": self.volume_lines(),
            "stray_containers": self.stray_containers,
            "containers": self.containers_json(),
        })
    }

    /// Each container with its whole environment, by the service's or application's uuid.
    fn containers_json(&self) -> Vec<Value> {
        let services =
            self.services.iter().flat_map(|it| it.containers.iter().map(move |one| (&it.uuid, one)));
        let applications = self.applications.iter().filter_map(|it| Some((&it.uuid, it.container.as_ref()?)));
        let told =
            |(of, it): (&String, &SimContainer)| json!({"of": of, "part": it.part, "environment": *it.env});
        services.chain(applications).map(told).collect()
    }

    fn record_lines(&self) -> Vec<String> {
        let lines = self.records.iter().map(|it| {
            let proxied = if it.proxied { " proxied" } else { "" };
            let comment = remark(it.comment.as_deref());
            format!("{} {} → {} ttl {}{proxied} {}{comment}", it.kind, it.name, it.content, it.ttl, it.id)
        });
        sorted(lines)
    }

    fn project_lines(&self) -> Vec<String> {
        let lines = self.projects.iter().flat_map(|project| {
            let team = if project.team == self.coolify.team { "" } else { " (another team's)" };
            let own =
                format!("{} {}{}{team}", project.name, project.uuid, remark(project.description.as_deref()));
            let inside = self.environments.iter().filter(|it| it.project == project.id);
            let environments = inside.map(|it| {
                format!("{} {} / {} {}", project.name, project.uuid, it.name, it.uuid)
                    + &remark(it.description.as_deref())
            });
            std::iter::once(own).chain(environments).collect::<Vec<_>>()
        });
        sorted(lines)
    }

    fn service_lines(&self) -> Vec<String> {
        let mut services: Vec<&SimService> = self.services.iter().collect();
        services.sort_by(|a, b| (&a.name, &a.uuid).cmp(&(&b.name, &b.uuid)));
        services.into_iter().flat_map(|service| self.lines_of(service)).collect()
    }

    fn lines_of(&self, service: &SimService) -> Vec<String> {
        let deleting = if service.deleting { " being deleted" } else { "" };
        let place = self.place(service.environment);
        let head = format!("{} {} in {place}{deleting}", service.name, service.uuid);
        let mut lines = vec![head + &remark(service.description.as_deref())];
        let (text, headers) = middleware::apart(&service.compose);
        lines.push(format!("  compose {}", &hex(&digest(&[text.as_bytes()]))[..12]));
        lines.extend(sorted(
            headers.iter().map(|(part, name, value)| format!("  header {part} {name}: {value}")),
        ));
        lines.extend(sorted(service.parts.iter().map(|part| {
            let state = if service.container(&part.name).is_some() { "up" } else { "down" };
            let (image, urls) = (part.image.as_deref().unwrap_or("-"), part.fqdn.as_deref().unwrap_or("-"));
            let silent = if part.excluded { " excluded" } else { "" };
            format!("  part {} {state}{silent} {image} {urls}", part.name)
        })));
        lines.extend(sorted(service.envs.iter().map(env_line)));
        lines.extend(service.containers.iter().flat_map(container_lines));
        lines
    }

    fn application_lines(&self) -> Vec<String> {
        let mut applications: Vec<&Application> = self.applications.iter().collect();
        applications.sort_by(|a, b| (&a.name, &a.uuid).cmp(&(&b.name, &b.uuid)));
        applications.into_iter().flat_map(|application| self.lines_of_application(application)).collect()
    }

    fn lines_of_application(&self, application: &Application) -> Vec<String> {
        let deleting = if application.deleting { " being deleted" } else { "" };
        let place = self.place(application.environment);
        let head = format!("{} {} in {place}{deleting}", application.name, application.uuid);
        let mut lines = vec![head + &remark(application.description.as_deref())];
        let state = if application.container.is_some() { "up" } else { "down" };
        let urls = application.fqdn.as_deref().unwrap_or("-");
        lines.push(format!("  {state} {} {urls}", application.origin()));
        lines.extend(sorted(application.envs.iter().map(env_line)));
        lines.extend(sorted(
            application.storages.iter().map(|it| format!("  volume {} at {}", it.name, it.path)),
        ));
        lines.extend(application.container.iter().flat_map(container_lines));
        lines
    }

    /// Project and environment, by name.
    fn place(&self, environment: u64) -> String {
        let project = self.project_with(environment).map_or("?", |project| project.name.as_str());
        format!("{project}/{}", self.environment(environment).map_or("?", |it| it.name.as_str()))
    }

    fn volume_lines(&self) -> Vec<String> {
        let lines = self
            .volumes
            .iter()
            .map(|it| format!("{} on {} by {}{}", it.name, it.server, it.made_by, remark(it.tag.as_deref())));
        sorted(lines)
    }
}

fn env_line(row: &SimEnvRow) -> String {
    let value = row
        .value
        .as_deref()
        .map_or_else(|| "(none)".to_owned(), |value| hex(&digest(&[value.as_bytes()]))[..12].to_owned());
    let flag = |on: bool, name: &str| if on { format!(" {name}") } else { String::new() };
    let flags = flag(row.is_literal, "literal") + &flag(row.is_multiline, "multiline");
    let flags = flags + &flag(row.is_shown_once, "shown-once") + &flag(row.is_preview, "preview");
    format!("  env {}={value}{flags}", row.key)
}

/// What a container got as its environment; long values are cut in this form, and whole in JSON.
fn container_lines(container: &SimContainer) -> Vec<String> {
    let line = |(key, value): (&String, &String)| {
        let shown: String = value.chars().take(LONGEST).collect();
        let cut =
            if shown.len() < value.len() { format!(" … ({} bytes)", value.len()) } else { String::new() };
        format!("  container {} has {key}={}{cut}", container.part, json!(shown))
    };
    container.env.iter().map(line).collect()
}

fn remark(text: Option<&str>) -> String {
    text.map(|text| format!(" \"{text}\"")).unwrap_or_default()
}

fn sorted(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<String> = lines.collect();
    lines.sort();
    lines
}

fn section(lines: &mut Vec<String>, name: &str, inside: Vec<String>) {
    if inside.is_empty() {
        lines.push(format!("{name}: none"));
        return;
    }
    lines.push(format!("{name}:"));
    lines.extend(inside.into_iter().map(|line| format!("  {line}")));
}
