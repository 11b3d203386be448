//! Both vendors, and their resources at the natural keys of one app.

use machine::plan::{DesiredRecord, Plan, TargetLocation};
use machine::receipt::Attributes;
use machine::step::Step;

use super::cloudflare::Records;
use super::coolify::resource::is_application;
use super::coolify::services::APP;
use super::coolify::{AppSlot, Applications, Environments, Projects, Services};
use super::{Cloudflare, Coolify, Provider};
use crate::net::Ports;

/// The two vendors, seen with the user's tokens.
#[derive(Clone)]
pub struct Clients {
    /// For DNS.
    pub cloudflare: Cloudflare,
    /// For the app.
    pub coolify: Coolify,
}

/// What an app's resources are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceNames {
    /// The project's name.
    pub project: String,
    /// The environment's name.
    pub environment: String,
    /// The app's name.
    pub app: String,
}

impl ResourceNames {
    /// The names that `plan` was drawn with.
    pub fn of(plan: &Plan) -> Self {
        let name = |fields: &Attributes| fields.get("name").cloned().unwrap_or_default();
        Self {
            project: name(&plan.project.attributes),
            environment: name(&plan.environment.attributes),
            app: name(&plan.app.attributes),
        }
    }
}

impl Clients {
    /// The same vendors and tokens, reached through other ports.
    #[must_use]
    pub fn through(self, ports: &Ports) -> Self {
        Self { cloudflare: self.cloudflare.through(ports), coolify: self.coolify.through(ports) }
    }

    /// The records at the name of `record`, one of which `step` wants.
    pub fn records(&self, record: &DesiredRecord, step: Step) -> Records {
        Records {
            cloudflare: self.cloudflare.clone(),
            zone: record.zone.id.clone(),
            name: record.name.clone(),
            step,
        }
    }

    /// The projects of the app's project name.
    pub fn projects(&self, place: &TargetLocation, names: &ResourceNames) -> Projects {
        Projects {
            coolify: self.coolify.clone(),
            team: place.team.clone(),
            server: place.server.clone(),
            name: names.project.clone(),
        }
    }

    /// The app's environment in `project`.
    pub fn environments(&self, place: &TargetLocation, names: &ResourceNames, project: &str) -> Environments {
        Environments {
            coolify: self.coolify.clone(),
            team: place.team.clone(),
            server: place.server.clone(),
            project: project.to_owned(),
            name: names.environment.clone(),
        }
    }

    /// What is called as the app in `project`; making and changing one sends `app`, and `compose` where it is a service.
    pub fn app(
        &self,
        place: &TargetLocation,
        names: &ResourceNames,
        project: &str,
        app: &Attributes,
        compose: &str,
    ) -> Box<dyn Provider> {
        let slot = self.slot(place, names, project);
        if is_application(app) {
            return Box::new(Applications { slot });
        }
        Box::new(Services {
            slot,
            compose: compose.to_owned(),
            main: app.get("service").cloned().unwrap_or_else(|| APP.to_owned()),
        })
    }

    fn slot(&self, place: &TargetLocation, names: &ResourceNames, project: &str) -> AppSlot {
        AppSlot {
            coolify: self.coolify.clone(),
            team: place.team.clone(),
            server: place.server.clone(),
            project: project.to_owned(),
            environment: names.environment.clone(),
            name: names.app.clone(),
        }
    }
}
