//! Where Coolify's document and reality differ, each by name and with the place that says so. Of Cloudflare's
//! there is none that the sandbox or the client comes upon.

/// A difference that is known.
pub struct Difference {
    /// Where the facts say it.
    source: &'static str,
    /// The misfits it makes.
    misfits: &'static [&'static str],
}

impl Difference {
    /// The misfits, as they are seen.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        assert!(!self.source.is_empty(), "a difference without a source is a mistake");
        self.misfits.iter().map(|misfit| (*misfit).to_owned())
    }
}

#[rustfmt::skip]
pub const DIFFERENCES: &[Difference] = &[
    Difference {
        source: "coolify-observed.md, against openapi.json: 403 and 429 on all, 500 on services, 409 on envs, 404 on /deploy",
        misfits: &[
            "coolify DELETE /projects/{uuid} 403 : status not listed",
            "coolify DELETE /services/{uuid} 403 : status not listed",
            "coolify GET /projects 403 : status not listed",
            "coolify GET /version 403 : status not listed",
            "coolify GET /version 429 : status not listed",
            "coolify PATCH /services/{uuid} 403 : status not listed",
            "coolify PATCH /services/{uuid} 500 : status not listed",
            "coolify POST /deploy 404 : status not listed",
            "coolify POST /projects 403 : status not listed",
            "coolify POST /projects 429 : status not listed",
            "coolify POST /services 403 : status not listed",
            "coolify POST /services 500 : status not listed",
            "coolify POST /services/{uuid}/envs 409 : status not listed",
            "coolify POST /services/{uuid}/start 403 : status not listed",
        ],
    },
    Difference {
        source: "coolify-observed.md, auth and against openapi.json: refused paths and methods, the GET stubs, HEAD, health outside /v1",
        misfits: &[
            "coolify GET /api/health: not in the document",
            "coolify GET /api/v1/nope: not in the document",
            "coolify GET /api/v1/services/{}/start: not in the document",
            "coolify GET /api/v1/applications/{}/start: not in the document",
            "coolify GET /api/v1/deploy: not in the document",
            "coolify POST /api/v1/applications/dockercompose: not in the document",
            "coolify GET /api/v2/version: not in the document",
            "coolify HEAD /api/v1/version: not in the document",
            "coolify PUT /api/v1/projects: not in the document",
        ],
    },
    Difference {
        source: "coolify-api.md 3 and 13: uuid is everywhere, an environment lists what is in it, a project its environments and times",
        misfits: &[
            "coolify GET /projects/{uuid} 200 /created_at: not in the schema",
            "coolify GET /projects/{uuid} 200 /environments: not in the schema",
            "coolify GET /projects/{uuid} 200 /team_id: not in the schema",
            "coolify GET /projects/{uuid} 200 /updated_at: not in the schema",
            "coolify GET /projects/{uuid}/environments 200 /*/uuid: not in the schema",
            "coolify GET /projects/{uuid}/{environment_name_or_uuid} 200 /applications: not in the schema",
            "coolify GET /projects/{uuid}/{environment_name_or_uuid} 200 /mariadbs: not in the schema",
            "coolify GET /projects/{uuid}/{environment_name_or_uuid} 200 /mongodbs: not in the schema",
            "coolify GET /projects/{uuid}/{environment_name_or_uuid} 200 /mysqls: not in the schema",
            "coolify GET /projects/{uuid}/{environment_name_or_uuid} 200 /postgresqls: not in the schema",
            "coolify GET /projects/{uuid}/{environment_name_or_uuid} 200 /redis: not in the schema",
            "coolify GET /projects/{uuid}/{environment_name_or_uuid} 200 /services: not in the schema",
            "coolify GET /projects/{uuid}/{environment_name_or_uuid} 200 /uuid: not in the schema",
        ],
    },
    Difference {
        source: "coolify-api.md 1.1: expect nulls",
        misfits: &[
            "coolify GET /projects/{uuid}/{environment_name_or_uuid} 200 /description: not of type string",
            "coolify GET /servers 200 /*/description: not of type string",
            "coolify GET /servers 200 /*/settings/wildcard_domain: not of type string",
            "coolify GET /servers/{uuid} 200 /description: not of type string",
            "coolify GET /servers/{uuid} 200 /settings/wildcard_domain: not of type string",
            "coolify GET /servers/{uuid} 200 /validation_logs: not of type string",
            "coolify GET /services 200 /*/config_hash: not of type string",
            "coolify GET /services 200 /*/deleted_at: not of type string",
            "coolify GET /services 200 /*/docker_compose: not of type string",
            "coolify GET /services 200 /*/service_type: not of type string",
            "coolify GET /services/{uuid} 200 /config_hash: not of type string",
            "coolify GET /services/{uuid} 200 /deleted_at: not of type string",
            "coolify GET /services/{uuid} 200 /service_type: not of type string",
            "coolify GET /services/{uuid}/envs 200 /*/value: not of type string",
            "coolify PATCH /projects/{uuid}/environments/{environment_name_or_uuid} 200 /description: not of type string",
            "coolify PATCH /services/{uuid}/envs/bulk 201 /*/value: not of type string",
        ],
    },
    Difference {
        source: "coolify-api.md 13: GET /resources answers an array of objects",
        misfits: &[
            "coolify GET /resources 200 : not of type string",
        ],
    },
    Difference {
        source: "coolify-api.md 2.1 and 13: is_reachable and is_usable at the top of the list, and more columns and settings",
        misfits: &[
            "coolify GET /servers 200 /*/is_coolify_host: not in the schema",
            "coolify GET /servers 200 /*/is_reachable: not in the schema",
            "coolify GET /servers 200 /*/is_usable: not in the schema",
            "coolify GET /servers 200 /*/settings/generate_exact_labels: not in the schema",
            "coolify GET /servers 200 /*/settings/sentinel_push_interval_seconds: not in the schema",
            "coolify GET /servers 200 /*/settings/server_timezone: not in the schema",
            "coolify GET /servers/{uuid} 200 /created_at: not in the schema",
            "coolify GET /servers/{uuid} 200 /deleted_at: not in the schema",
            "coolify GET /servers/{uuid} 200 /is_coolify_host: not in the schema",
            "coolify GET /servers/{uuid} 200 /settings/generate_exact_labels: not in the schema",
            "coolify GET /servers/{uuid} 200 /settings/sentinel_push_interval_seconds: not in the schema",
            "coolify GET /servers/{uuid} 200 /settings/server_timezone: not in the schema",
            "coolify GET /servers/{uuid} 200 /team_id: not in the schema",
            "coolify GET /servers/{uuid} 200 /updated_at: not in the schema",
        ],
    },
    Difference {
        source: "coolify-api.md 6.3 and 13: a service also has status, server_status, applications, databases and nested objects",
        misfits: &[
            "coolify GET /services 200 /*/applications: not in the schema",
            "coolify GET /services 200 /*/compose_parsing_version: not in the schema",
            "coolify GET /services 200 /*/databases: not in the schema",
            "coolify GET /services 200 /*/server: not in the schema",
            "coolify GET /services 200 /*/server_status: not in the schema",
            "coolify GET /services 200 /*/status: not in the schema",
            "coolify GET /services/{uuid} 200 /applications: not in the schema",
            "coolify GET /services/{uuid} 200 /compose_parsing_version: not in the schema",
            "coolify GET /services/{uuid} 200 /databases: not in the schema",
            "coolify GET /services/{uuid} 200 /environment: not in the schema",
            "coolify GET /services/{uuid} 200 /server: not in the schema",
            "coolify GET /services/{uuid} 200 /server_status: not in the schema",
            "coolify GET /services/{uuid} 200 /status: not in the schema",
        ],
    },
    Difference {
        source: "coolify-api.md 8: the columns of a row",
        misfits: &[
            "coolify GET /services/{uuid}/envs 200 /*/is_buildpack_control: not in the schema",
            "coolify GET /services/{uuid}/envs 200 /*/is_coolify: not in the schema",
            "coolify GET /services/{uuid}/envs 200 /*/is_really_required: not in the schema",
            "coolify GET /services/{uuid}/envs 200 /*/is_required: not in the schema",
            "coolify GET /services/{uuid}/envs 200 /*/order: not in the schema",
            "coolify PATCH /services/{uuid}/envs 201 /is_buildpack_control: not in the schema",
            "coolify PATCH /services/{uuid}/envs 201 /is_coolify: not in the schema",
            "coolify PATCH /services/{uuid}/envs 201 /is_really_required: not in the schema",
            "coolify PATCH /services/{uuid}/envs 201 /is_required: not in the schema",
            "coolify PATCH /services/{uuid}/envs 201 /order: not in the schema",
            "coolify PATCH /services/{uuid}/envs/bulk 201 /*/is_buildpack_control: not in the schema",
            "coolify PATCH /services/{uuid}/envs/bulk 201 /*/is_coolify: not in the schema",
            "coolify PATCH /services/{uuid}/envs/bulk 201 /*/is_really_required: not in the schema",
            "coolify PATCH /services/{uuid}/envs/bulk 201 /*/is_required: not in the schema",
            "coolify PATCH /services/{uuid}/envs/bulk 201 /*/order: not in the schema",
        ],
    },
    Difference {
        source: "coolify-api.md 1.1: objects carry many more keys",
        misfits: &[
            "coolify GET /teams 200 /*/is_mcp_server_enabled: not in the schema",
            "coolify GET /teams/{id} 200 /is_mcp_server_enabled: not in the schema",
        ],
    },
    Difference {
        source: "coolify-api.md 1.4: a 400 of the body check says why in `error`",
        misfits: &[
            "coolify PATCH /projects/{uuid} 400 /error: not in the schema",
            "coolify PATCH /applications/{uuid} 400 /error: not in the schema",
            "coolify PATCH /services/{uuid} 400 /error: not in the schema",
            "coolify POST /projects 400 /error: not in the schema",
            "coolify POST /projects/{uuid}/environments 400 /error: not in the schema",
        ],
    },
    Difference {
        source: "coolify-api.md 13: errors of a 422 are an object of arrays, an object of strings or a bare array",
        misfits: &[
            "coolify PATCH /services/{uuid} 422 /errors/docker_compose_raw: not of type array",
            "coolify POST /services 422 /errors/docker_compose_raw: not of type array",
            "coolify POST /services 422 /errors: not of type object",
        ],
    },
    Difference {
        source: "coolify-api.md 9.2: by tag, the answer to a deploy has another shape",
        misfits: &[
            "coolify POST /deploy 200 /message: not in the schema",
        ],
    },
    Difference {
        source: "coolify-observed.md, start, stop, deploy: 500 when the server cannot be reached",
        misfits: &[
            "coolify POST /deploy 500 : status not listed",
        ],
    },
    Difference {
        source: "coolify-api.md 6.1: 404 for an unknown project, environment, server or type",
        misfits: &[
            "coolify POST /services 404 : status not listed",
        ],
    },
    Difference {
        source: "coolify-api.md 13: create wants at least one of environment_name and environment_uuid, not both",
        misfits: &[
            "coolify POST /services request /environment_uuid: missing",
        ],
    },
    Difference {
        source: "coolify-api.md 13: POST /services/{uuid}/envs answers the whole row",
        misfits: &[
            "coolify POST /services/{uuid}/envs 201 /comment: not in the schema",
            "coolify POST /services/{uuid}/envs 201 /created_at: not in the schema",
            "coolify POST /services/{uuid}/envs 201 /is_buildpack_control: not in the schema",
            "coolify POST /services/{uuid}/envs 201 /is_buildtime: not in the schema",
            "coolify POST /services/{uuid}/envs 201 /is_coolify: not in the schema",
            "coolify POST /services/{uuid}/envs 201 /is_literal: not in the schema",
            "coolify POST /services/{uuid}/envs 201 /is_multiline: not in the schema",
            "coolify POST /services/{uuid}/envs 201 /is_really_required: not in the schema",
            "coolify POST /services/{uuid}/envs 201 /is_runtime: not in the schema",
            "coolify POST /services/{uuid}/envs 201 /is_shared: not in the schema",
            "coolify POST /services/{uuid}/envs 201 /is_shown_once: not in the schema",
            "coolify POST /services/{uuid}/envs 201 /key: not in the schema",
            "coolify POST /services/{uuid}/envs 201 /real_value: not in the schema",
            "coolify POST /services/{uuid}/envs 201 /updated_at: not in the schema",
            "coolify POST /services/{uuid}/envs 201 /value: not in the schema",
            "coolify POST /services/{uuid}/envs 201 /version: not in the schema",
        ],
    },
    Difference {
        source: "coolify-api.md 13: of an application, restart_count, server_status and more keys; build_pack is also dockerimage (7.1)",
        misfits: &[
            "coolify GET /applications 200 /*/build_pack: enum",
            "coolify GET /applications 200 /*/restart_count: not in the schema",
            "coolify GET /applications 200 /*/server_status: not in the schema",
            "coolify GET /applications 200 /*/source_type: not in the schema",
            "coolify GET /applications/{uuid} 200 /build_pack: enum",
            "coolify GET /applications/{uuid} 200 /restart_count: not in the schema",
            "coolify GET /applications/{uuid} 200 /server_status: not in the schema",
            "coolify GET /applications/{uuid} 200 /source_type: not in the schema",
            "coolify GET /applications/{uuid} 200 /environment: not in the schema",
        ],
    },
    Difference {
        source: "coolify-api.md 1.1: expect nulls, of applications and deployments too",
        misfits: &[
            "coolify GET /applications 200 /*/dockerfile_location: not of type string",
            "coolify GET /applications 200 /*/ports_exposes: not of type string",
            "coolify GET /applications/{uuid} 200 /dockerfile_location: not of type string",
            "coolify GET /applications/{uuid}/envs 200 /*/value: not of type string",
            "coolify PATCH /applications/{uuid}/envs 201 /value: not of type string",
            "coolify PATCH /applications/{uuid}/envs/bulk 201 /*/value: not of type string",
            "coolify GET /deployments 200 /*/commit_message: not of type string",
            "coolify GET /deployments/{uuid} 200 /commit_message: not of type string",
        ],
    },
    Difference {
        source: "coolify-api.md 8: the columns of an application's row",
        misfits: &[
            "coolify GET /applications/{uuid}/envs 200 /*/is_buildpack_control: not in the schema",
            "coolify GET /applications/{uuid}/envs 200 /*/is_coolify: not in the schema",
            "coolify GET /applications/{uuid}/envs 200 /*/is_really_required: not in the schema",
            "coolify GET /applications/{uuid}/envs 200 /*/is_required: not in the schema",
            "coolify GET /applications/{uuid}/envs 200 /*/order: not in the schema",
            "coolify PATCH /applications/{uuid}/envs 201 /is_buildpack_control: not in the schema",
            "coolify PATCH /applications/{uuid}/envs 201 /is_coolify: not in the schema",
            "coolify PATCH /applications/{uuid}/envs 201 /is_really_required: not in the schema",
            "coolify PATCH /applications/{uuid}/envs 201 /is_required: not in the schema",
            "coolify PATCH /applications/{uuid}/envs 201 /order: not in the schema",
            "coolify PATCH /applications/{uuid}/envs/bulk 201 /*/is_buildpack_control: not in the schema",
            "coolify PATCH /applications/{uuid}/envs/bulk 201 /*/is_coolify: not in the schema",
            "coolify PATCH /applications/{uuid}/envs/bulk 201 /*/is_really_required: not in the schema",
            "coolify PATCH /applications/{uuid}/envs/bulk 201 /*/is_required: not in the schema",
            "coolify PATCH /applications/{uuid}/envs/bulk 201 /*/order: not in the schema",
        ],
    },
    Difference {
        source: "coolify-api.md 13: env request fields, also is_runtime and is_buildtime",
        misfits: &[
            "coolify PATCH /applications/{uuid}/envs/bulk request /data/*/is_buildtime: not in the schema",
            "coolify PATCH /applications/{uuid}/envs/bulk request /data/*/is_runtime: not in the schema",
        ],
    },
    Difference {
        source: "coolify-api.md 13: deployments of an application are an object, have finished_at and the application, and logs may be null",
        misfits: &[
            "coolify GET /deployments 200 /*/finished_at: not in the schema",
            "coolify GET /deployments 200 /*/logs: not of type string",
            "coolify GET /deployments/applications/{uuid} 200 : not of type array",
            "coolify GET /deployments/{uuid} 200 /application: not in the schema",
            "coolify GET /deployments/{uuid} 200 /finished_at: not in the schema",
            "coolify GET /deployments/{uuid} 200 /logs: not of type string",
        ],
    },
    Difference {
        source: "coolify-api.md 13: creating an application wants one of environment_name and environment_uuid, and answers its domains",
        misfits: &[
            "coolify POST /applications/dockerimage 201 /domains: not in the schema",
            "coolify POST /applications/dockerimage request /environment_uuid: missing",
            "coolify POST /applications/private-deploy-key 201 /domains: not in the schema",
            "coolify POST /applications/private-deploy-key request /environment_uuid: missing",
            "coolify POST /applications/private-github-app 201 /domains: not in the schema",
            "coolify POST /applications/private-github-app request /environment_uuid: missing",
            "coolify POST /applications/public 201 /domains: not in the schema",
            "coolify POST /applications/public request /environment_uuid: missing",
        ],
    },
    Difference {
        source: "coolify-observed.md, against openapi.json: statuses of applications that are not in the file",
        misfits: &[
            "coolify GET /applications/{uuid}/logs 500 : status not listed",
            "coolify GET /deployments/applications/{uuid} 404 : status not listed",
            "coolify PATCH /applications/{uuid} 422 : status not listed",
            "coolify PATCH /applications/{uuid}/envs/bulk 403 : status not listed",
            "coolify PATCH /applications/{uuid}/envs/bulk 422 : status not listed",
            "coolify POST /applications/dockerimage 404 : status not listed",
            "coolify POST /applications/dockerimage 422 : status not listed",
            "coolify POST /applications/public 422 : status not listed",
            "coolify POST /applications/{uuid}/envs 409 : status not listed",
            "coolify POST /applications/{uuid}/envs 422 : status not listed",
            "coolify POST /deploy 403 : status not listed",
        ],
    },
];
