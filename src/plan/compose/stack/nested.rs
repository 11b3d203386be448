//! The keys below those of a service: builds, deployments, health checks, mounts and the like.
//!
//! Facts only, as in `keys`.

use super::rules::{
    ADDRESS, COMMAND, COUNT, DISTINCT_TEXTS, DURATION, HOSTS, MODE, NATURAL, NUMBER, ONLY_NUMBER,
    ONLY_SWITCH, OPTIONS, RETRIES, SIZE, SIZE_TEXT, SWITCH, TARGET_PORT, TEXT, TEXT_OR_SWITCH, TEXT_OR_TEXTS,
    TEXT_OR_WHOLE, TEXTS, ULIMITS, VALUE, WHOLE, WHOLE_SIZE,
};
use super::shape::Shape::{Any, Either, Keys, List, Pairs, Word};
use super::shape::{Key, Shape, key, must, newer};

const BLKIO_LIMIT: Shape = List(&Keys(&[key("path", TEXT), key("rate", WHOLE_SIZE)]));

pub(crate) const BLKIO: &[Key] = &[
    key("device_read_bps", BLKIO_LIMIT),
    key("device_read_iops", BLKIO_LIMIT),
    key("device_write_bps", BLKIO_LIMIT),
    key("device_write_iops", BLKIO_LIMIT),
    key("weight", WHOLE),
    key("weight_device", List(&Keys(&[key("path", TEXT), key("weight", WHOLE)]))),
];

pub(crate) const BUILD: &[Key] = &[
    key("additional_contexts", Pairs),
    key("args", Pairs),
    key("cache_from", TEXTS),
    key("cache_to", TEXTS),
    key("context", TEXT),
    key("dockerfile", TEXT),
    key("dockerfile_inline", TEXT),
    newer("entitlements", TEXTS),
    key("extra_hosts", HOSTS),
    key("isolation", TEXT),
    key("labels", Pairs),
    key("network", TEXT),
    key("no_cache", SWITCH),
    key("platforms", TEXTS),
    key("privileged", SWITCH),
    newer("provenance", TEXT_OR_SWITCH),
    key("pull", SWITCH),
    newer("sbom", TEXT_OR_SWITCH),
    key("secrets", GRANTS),
    key("shm_size", SIZE),
    key("ssh", Pairs),
    key("tags", TEXTS),
    key("target", TEXT),
    key("ulimits", ULIMITS),
];

/// A config or a secret that a service is given.
pub(crate) const GRANTS: Shape = List(&Either(&[
    TEXT,
    Keys(&[key("source", TEXT), key("target", TEXT), key("uid", TEXT), key("gid", TEXT), key("mode", MODE)]),
]));

pub(crate) const DEPENDENCY: &[Key] = &[
    must("condition", Word(&["service_started", "service_healthy", "service_completed_successfully"])),
    key("restart", SWITCH),
    key("required", ONLY_SWITCH),
];

pub(crate) const DEPLOY: &[Key] = &[
    key("endpoint_mode", TEXT),
    key("labels", Pairs),
    key("mode", TEXT),
    key(
        "placement",
        Keys(&[
            key("constraints", TEXTS),
            key("max_replicas_per_node", WHOLE),
            key("preferences", List(&Keys(&[key("spread", TEXT)]))),
        ]),
    ),
    key("replicas", NATURAL),
    key(
        "resources",
        Keys(&[
            key("limits", Keys(&[key("cpus", NUMBER), key("memory", SIZE_TEXT), key("pids", WHOLE)])),
            key("reservations", Keys(RESERVATIONS)),
        ]),
    ),
    key(
        "restart_policy",
        Keys(&[
            key("condition", TEXT),
            key("delay", DURATION),
            key("max_attempts", WHOLE),
            key("window", DURATION),
        ]),
    ),
    key("rollback_config", Keys(ROLLOUT)),
    key("update_config", Keys(ROLLOUT)),
];

const RESERVATIONS: &[Key] = &[
    key("cpus", NUMBER),
    key("devices", List(&Keys(RESERVED_DEVICE))),
    key(
        "generic_resources",
        List(&Keys(&[key("discrete_resource_spec", Keys(&[key("kind", TEXT), key("value", NUMBER)]))])),
    ),
    key("memory", SIZE_TEXT),
];

const RESERVED_DEVICE: &[Key] = &[
    must("capabilities", DISTINCT_TEXTS),
    key("count", COUNT),
    key("device_ids", DISTINCT_TEXTS),
    key("driver", TEXT),
    key("options", Pairs),
];

pub(crate) const DEVICE_REQUEST: &[Key] = &[
    key("capabilities", DISTINCT_TEXTS),
    key("count", COUNT),
    key("device_ids", DISTINCT_TEXTS),
    key("driver", TEXT),
    key("options", Pairs),
];

pub(crate) const DEVELOP: &[Key] = &[key(
    "watch",
    List(&Keys(&[
        must("action", Word(&["rebuild", "restart", "sync", "sync+exec", "sync+restart"])),
        key("exec", Any),
        key("ignore", TEXT_OR_TEXTS),
        newer("include", TEXT_OR_TEXTS),
        newer("initial_sync", SWITCH),
        must("path", TEXT),
        key("target", TEXT),
    ])),
)];

const ROLLOUT: &[Key] = &[
    key("delay", DURATION),
    key("failure_action", TEXT),
    key("max_failure_ratio", NUMBER),
    key("monitor", DURATION),
    key("order", Word(&["start-first", "stop-first"])),
    key("parallelism", WHOLE),
];

pub(crate) const HEALTHCHECK: &[Key] = &[
    key("disable", SWITCH),
    key("interval", DURATION),
    key("retries", RETRIES),
    key("start_interval", DURATION),
    key("start_period", DURATION),
    key("test", TEXT_OR_TEXTS),
    key("timeout", DURATION),
];

/// How a service joins a network.
pub(crate) const JOINED: &[Key] = &[
    key("aliases", TEXTS),
    newer("driver_opts", OPTIONS),
    newer("gw_priority", ONLY_NUMBER),
    newer("interface_name", TEXT),
    key("ipv4_address", TEXT),
    key("ipv6_address", TEXT),
    key("link_local_ips", TEXTS),
    key("mac_address", TEXT),
    key("priority", ONLY_NUMBER),
];

pub(crate) const PUBLISHED: &[Key] = &[
    key("app_protocol", TEXT),
    key("host_ip", ADDRESS),
    key("mode", TEXT),
    key("name", TEXT),
    key("protocol", TEXT),
    key("published", TEXT_OR_WHOLE),
    must("target", TARGET_PORT),
];

pub(crate) const HOOK: &[Key] = &[
    must("command", COMMAND),
    key("environment", Pairs),
    key("privileged", SWITCH),
    key("user", TEXT),
    key("working_dir", TEXT),
];

pub(crate) const LONG_MOUNT: &[Key] = &[
    key(
        "bind",
        Keys(&[
            key("create_host_path", SWITCH),
            key("propagation", TEXT),
            newer("recursive", Word(&["enabled", "disabled", "writable", "readonly"])),
            key("selinux", Word(&["z", "Z"])),
        ]),
    ),
    key("consistency", TEXT),
    // Coolify's own: it writes the file, or makes the folder, and takes these keys out again. It writes a bind mount in
    // the short form, without what else is said of it, so that `mode` does no harm there.
    key("content", VALUE),
    key("mode", VALUE),
    key("is_directory", VALUE),
    key("isDirectory", VALUE),
    newer("image", Keys(&[key("subpath", TEXT)])),
    key("read_only", SWITCH),
    key("source", TEXT),
    must("target", TEXT),
    key("tmpfs", Keys(&[key("mode", NUMBER), key("size", WHOLE_SIZE)])),
    must("type", Word(&["bind", "volume", "tmpfs", "cluster", "npipe", "image"])),
    key("volume", Keys(&[newer("labels", Pairs), key("nocopy", SWITCH), key("subpath", TEXT)])),
];
