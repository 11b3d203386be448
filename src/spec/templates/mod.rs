//! The built-in templates: small apps that run as they are.
//!
//! The files are real files beside this one, compiled in. After `new` they belong to the app; nothing here is read again
//! for an app that has its folder, except the port.

use super::keys;

/// A small app to start from.
#[derive(Debug, PartialEq, Eq)]
pub struct Template {
    /// The name a spec gives under `template`.
    pub name: &'static str,
    /// What it is, in one line.
    pub summary: &'static str,
    /// The port its container listens on unless `$PORT` says otherwise; none for a worker.
    pub port: Option<u16>,
    /// Its files: path within the app's folder, and content.
    pub files: &'static [(&'static str, &'static [u8])],
}

static TEMPLATES: [Template; 4] = [
    Template {
        name: "node-api",
        summary: "a JSON API in Node, standard library only",
        port: Some(3000),
        files: &[
            (".dockerignore", include_bytes!("node-api/.dockerignore")),
            ("Dockerfile", include_bytes!("node-api/Dockerfile")),
            ("app.js", include_bytes!("node-api/app.js")),
        ],
    },
    Template {
        name: "python-api",
        summary: "a JSON API in Python, standard library only",
        port: Some(8000),
        files: &[
            (".dockerignore", include_bytes!("python-api/.dockerignore")),
            ("Dockerfile", include_bytes!("python-api/Dockerfile")),
            ("app.py", include_bytes!("python-api/app.py")),
        ],
    },
    Template {
        name: "static-site",
        summary: "HTML from a folder, served by nginx",
        port: Some(8080),
        files: &[
            (".dockerignore", include_bytes!("static-site/.dockerignore")),
            ("Dockerfile", include_bytes!("static-site/Dockerfile")),
            ("health.sh", include_bytes!("static-site/health.sh")),
            ("public/index.html", include_bytes!("static-site/public/index.html")),
            ("site.conf.template", include_bytes!("static-site/site.conf.template")),
        ],
    },
    Template {
        name: "worker",
        summary: "a worker in Python that answers nobody, standard library only",
        port: None,
        files: &[
            (".dockerignore", include_bytes!("worker/.dockerignore")),
            ("Dockerfile", include_bytes!("worker/Dockerfile")),
            ("worker.py", include_bytes!("worker/worker.py")),
        ],
    },
];

impl Template {
    /// Lists all templates, by name.
    pub fn all() -> &'static [Self] {
        &TEMPLATES
    }

    /// Finds a template by its exact name.
    pub fn named(name: &str) -> Option<&'static Self> {
        TEMPLATES.iter().find(|template| template.name == name)
    }

    /// Finds the template whose name is most like this, if one is.
    pub fn nearest(name: &str) -> Option<&'static Self> {
        keys::nearest(name, &Self::names()).and_then(Self::named)
    }

    /// Lists the names of all templates.
    pub fn names() -> Vec<&'static str> {
        TEMPLATES.iter().map(|template| template.name).collect()
    }
}
