//! The keys of a compose text: what Docker Compose 2.26 to 2.40 takes where, and the few that Coolify adds.
//!
//! Facts only: the top, what is declared there, and services. They were compared key by key with what
//! `docker compose config` takes and refuses. What stands deeper is in `nested`.

use super::nested::{
    BLKIO, BUILD, DEPENDENCY, DEPLOY, DEVELOP, DEVICE_REQUEST, GRANTS, HEALTHCHECK, HOOK, JOINED, LONG_MOUNT,
    PUBLISHED,
};
use super::rules::{
    COMMAND, CONTAINER_NAME, COUNTED, DEVICE, DISTINCT_TEXTS, DURATION, EXPOSED, EXTERNAL, HOSTS, IMAGE,
    MOUNT, NATURAL, NUMBER, ONLY_SWITCH, OPTIONS, PERCENT, PORT, PULL_POLICY, SCORE, SIZE, SWITCH, TEXT,
    TEXT_OR_NUMBER, TEXT_OR_TEXTS, TEXT_OR_WHOLE, TEXTS, ULIMITS, WHOLE_SIZE,
};
use super::shape::Shape::{Any, Distinct, Either, Keys, List, Names, Nothing, Pairs, Word};
use super::shape::{Key, key, must, newer};

/// What stands at the top beside the services; `include` is refused elsewhere, with its reason.
pub(crate) const TOP: &[Key] = &[
    key("services", Any),
    key("volumes", Either(&[Nothing, Names(&Either(&[Nothing, Keys(VOLUME)]))])),
    key("networks", Either(&[Nothing, Names(&Either(&[Nothing, Keys(NETWORK)]))])),
    key("configs", Either(&[Nothing, Names(&Keys(CONFIG))])),
    key("secrets", Either(&[Nothing, Names(&Keys(SECRET))])),
    // Coolify drops these, whatever is in them.
    key("version", Any),
    key("name", Any),
    key("models", Any),
    key("include", Any),
];

const VOLUME: &[Key] = &[
    key("name", TEXT),
    key("driver", TEXT),
    key("driver_opts", OPTIONS),
    key("external", EXTERNAL),
    key("labels", Pairs),
];

const NETWORK: &[Key] = &[
    key("name", TEXT),
    key("driver", TEXT),
    key("driver_opts", OPTIONS),
    key("ipam", Keys(IPAM)),
    key("external", EXTERNAL),
    key("internal", SWITCH),
    newer("enable_ipv4", SWITCH),
    key("enable_ipv6", SWITCH),
    key("attachable", SWITCH),
    key("labels", Pairs),
];

const IPAM: &[Key] = &[
    key("driver", TEXT),
    key(
        "config",
        List(&Keys(&[
            key("subnet", TEXT),
            key("ip_range", TEXT),
            key("gateway", TEXT),
            key("aux_addresses", Names(&TEXT)),
        ])),
    ),
    key("options", Names(&TEXT)),
];

const CONFIG: &[Key] = &[
    key("name", TEXT),
    key("content", TEXT),
    key("environment", TEXT),
    key("file", TEXT),
    key("external", EXTERNAL),
    key("labels", Pairs),
    key("template_driver", TEXT),
];

const SECRET: &[Key] = &[
    key("name", TEXT),
    key("environment", TEXT),
    key("file", TEXT),
    key("external", EXTERNAL),
    key("labels", Pairs),
    key("driver", TEXT),
    key("driver_opts", OPTIONS),
    key("template_driver", TEXT),
];

/// What stands under a service.
pub(crate) const SERVICE: &[Key] = &[
    key("annotations", Pairs),
    key("attach", SWITCH),
    key("blkio_config", Keys(BLKIO)),
    key("build", Either(&[TEXT, Keys(BUILD)])),
    key("cap_add", TEXTS),
    key("cap_drop", TEXTS),
    key("cgroup", Word(&["host", "private"])),
    key("cgroup_parent", TEXT),
    key("command", COMMAND),
    key("configs", GRANTS),
    key("container_name", CONTAINER_NAME),
    key("cpu_count", NATURAL),
    key("cpu_percent", PERCENT),
    key("cpu_period", COUNTED),
    key("cpu_quota", COUNTED),
    key("cpu_rt_period", COUNTED),
    key("cpu_rt_runtime", COUNTED),
    key("cpu_shares", COUNTED),
    key("cpus", NUMBER),
    key("cpuset", TEXT),
    key("credential_spec", Keys(&[key("config", TEXT), key("file", TEXT), key("registry", TEXT)])),
    key("depends_on", Either(&[DISTINCT_TEXTS, Names(&Keys(DEPENDENCY))])),
    key("deploy", Either(&[Nothing, Keys(DEPLOY)])),
    key("develop", Keys(DEVELOP)),
    key("device_cgroup_rules", DISTINCT_TEXTS),
    key(
        "devices",
        List(&Either(&[
            DEVICE,
            Keys(&[must("source", TEXT), must("target", TEXT), key("permissions", TEXT)]),
        ])),
    ),
    key("dns", TEXT_OR_TEXTS),
    key("dns_opt", TEXTS),
    key("dns_search", TEXT_OR_TEXTS),
    key("domainname", TEXT),
    key("entrypoint", COMMAND),
    key(
        "env_file",
        Either(&[
            TEXT,
            List(&Either(&[
                TEXT,
                Keys(&[must("path", TEXT), newer("format", TEXT), key("required", SWITCH)]),
            ])),
        ]),
    ),
    // Coolify fills a null one in; so it does with `labels` and `networks`.
    key("environment", Either(&[Nothing, Pairs])),
    // Coolify's own: the service is left out of the status.
    key("exclude_from_hc", Any),
    key("expose", List(&EXPOSED)),
    key("extends", Either(&[TEXT, Keys(&[must("service", TEXT), key("file", TEXT)])])),
    key("external_links", DISTINCT_TEXTS),
    key("extra_hosts", HOSTS),
    newer("gpus", Either(&[Word(&["all"]), List(&Keys(DEVICE_REQUEST))])),
    key("group_add", Distinct(&TEXT_OR_WHOLE)),
    key("healthcheck", Keys(HEALTHCHECK)),
    key("hostname", TEXT),
    key("image", IMAGE),
    key("init", SWITCH),
    key("ipc", TEXT),
    key("isolation", TEXT),
    newer("label_file", TEXT_OR_TEXTS),
    key("labels", Either(&[Nothing, Pairs])),
    key("links", TEXTS),
    key("logging", Keys(&[key("driver", TEXT), key("options", Names(&Either(&[Nothing, TEXT_OR_NUMBER])))])),
    key("mac_address", TEXT),
    key("mem_limit", SIZE),
    key("mem_reservation", WHOLE_SIZE),
    key("mem_swappiness", WHOLE_SIZE),
    key("memswap_limit", SIZE),
    newer("models", Any),
    key("network_mode", TEXT),
    key("networks", Either(&[Nothing, DISTINCT_TEXTS, Names(&Either(&[Nothing, Keys(JOINED)]))])),
    key("oom_kill_disable", SWITCH),
    key("oom_score_adj", SCORE),
    key("pid", TEXT),
    key("pids_limit", COUNTED),
    key("platform", TEXT),
    key("ports", List(&Either(&[PORT, Keys(PUBLISHED)]))),
    newer("post_start", List(&Keys(HOOK))),
    newer("pre_stop", List(&Keys(HOOK))),
    key("privileged", SWITCH),
    key("profiles", TEXTS),
    newer("provider", Keys(&[must("type", TEXT), key("options", Any)])),
    key("pull_policy", PULL_POLICY),
    newer("pull_refresh_after", TEXT),
    key("read_only", SWITCH),
    key("restart", TEXT),
    key("runtime", TEXT),
    key("scale", NATURAL),
    key("secrets", GRANTS),
    key("security_opt", DISTINCT_TEXTS),
    key("shm_size", SIZE),
    key("stdin_open", SWITCH),
    key("stop_grace_period", DURATION),
    key("stop_signal", TEXT),
    key("storage_opt", Names(&Any)),
    key("sysctls", Pairs),
    key("tmpfs", TEXT_OR_TEXTS),
    key("tty", SWITCH),
    key("ulimits", ULIMITS),
    newer("use_api_socket", ONLY_SWITCH),
    key("user", TEXT),
    key("userns_mode", TEXT),
    key("uts", TEXT),
    key("volumes", List(&Either(&[MOUNT, Keys(LONG_MOUNT)]))),
    key("volumes_from", DISTINCT_TEXTS),
    key("working_dir", TEXT),
];
