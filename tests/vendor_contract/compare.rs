//! Two answers, side by side: the same keys, the same types, the same values where a value means something.

use std::collections::BTreeMap;

use serde_json::Value;

use super::ignored;

/// Recorded ids, and what the sandbox calls the same resources.
#[derive(Default)]
pub struct Names {
    known: BTreeMap<String, String>,
}

impl Names {
    /// Learns the ids that stand in the same places of both bodies.
    pub fn learn(&mut self, recorded: &Value, simulateded: &Value) {
        match (recorded, simulateded) {
            (Value::Object(recorded), Value::Object(simulateded)) => {
                for (key, value) in recorded {
                    self.learn(value, simulateded.get(key).unwrap_or(&Value::Null));
                }
            }
            (Value::Array(recorded), Value::Array(simulateded)) => {
                for (recorded, simulateded) in self.paired(recorded, simulateded).0 {
                    self.learn(recorded, simulateded);
                }
            }
            (Value::String(recorded), Value::String(simulateded))
                if is_id(recorded) && is_id(simulateded) =>
            {
                self.known.entry(recorded.clone()).or_insert_with(|| simulateded.clone());
            }
            _ => {}
        }
    }

    /// A text in which every recorded id is replaced by the sandbox's.
    pub fn translated(&self, text: &str) -> String {
        self.known
            .iter()
            .fold(text.to_owned(), |text, (recorded, simulateded)| text.replace(recorded, simulateded))
    }

    /// Items that stand for the same resource: by id where it is known, else by name, else by place.
    /// And the recorded ones that nothing stands for.
    fn paired<'a>(
        &self,
        recorded: &'a [Value],
        simulateded: &'a [Value],
    ) -> (Vec<(&'a Value, &'a Value)>, Vec<&'a Value>) {
        let mut left: Vec<&Value> = simulateded.iter().collect();
        let kept = recorded.iter().filter(|item| item.get("_trimmed_items").is_none());
        let (mut pairs, mut alone) = (Vec::new(), Vec::new());
        for item in kept {
            let known = item["uuid"].as_str().and_then(|uuid| self.known.get(uuid));
            let by_id = known.and_then(|id| left.iter().position(|it| it["uuid"] == **id));
            let by_name = ["key", "name"].iter().find_map(|key| {
                let name = self.translated(item.get(*key)?.as_str()?);
                left.iter().position(|it| it[*key] == *name && !self.is_taken(&it["uuid"]))
            });
            let found = if known.is_some() { by_id } else { by_name };
            let place = (item.get("uuid").is_none() && !left.is_empty()).then_some(0);
            match found.or(place) {
                Some(at) => pairs.push((item, left.remove(at))),
                None => alone.push(item),
            }
        }
        (pairs, alone)
    }

    fn is_taken(&self, simulateded: &Value) -> bool {
        self.known.values().any(|known| simulateded == known.as_str())
    }
}

fn is_id(text: &str) -> bool {
    text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// What differs between two answers.
pub struct Compared<'a> {
    names: &'a Names,
    shape: &'static str,
    /// Whether the recording kept only some keys, inside too.
    is_reduced: bool,
    /// Whether this is a variable whose value Coolify draws by lot.
    is_made_up: bool,
    /// One line each.
    pub differences: Vec<String>,
}

impl<'a> Compared<'a> {
    pub fn new(shape: &'static str, names: &'a Names) -> Self {
        Self { names, shape, is_reduced: false, is_made_up: false, differences: Vec::new() }
    }

    pub fn same(&mut self, what: &str, recorded: &str, simulateded: &str) {
        if recorded != simulateded {
            self.differences
                .push(format!("    {what}: Coolify {recorded:.300}, the sandbox {simulateded:.300}"));
        }
    }

    /// The headers that mean something to a client.
    pub fn headers(&mut self, recorded: &http::HeaderMap, simulateded: &http::HeaderMap) {
        let text = |headers: &http::HeaderMap, name| {
            headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or("none").to_owned()
        };
        for name in ["content-type", "allow", "x-ratelimit-limit"] {
            self.same(name, &text(recorded, name), &text(simulateded, name));
        }
        for name in ["retry-after", "x-ratelimit-remaining", "x-ratelimit-reset"] {
            let is_number = |headers| text(headers, name).parse::<u64>().is_ok().to_string();
            self.same(name, &is_number(recorded), &is_number(simulateded));
        }
    }

    pub fn bodies(&mut self, recorded: &Value, simulateded: &Value) {
        self.is_reduced = !recorded["_reduced"].is_null();
        self.values("", recorded, simulateded);
    }

    fn values(&mut self, at: &str, recorded: &Value, simulateded: &Value) {
        match (recorded, simulateded) {
            (Value::Object(_), Value::Object(_)) => self.objects(at, recorded, simulateded),
            (Value::Array(recorded), Value::Array(simulateded)) => self.arrays(at, recorded, simulateded),
            _ => self.leaves(at, recorded, simulateded),
        }
    }

    fn objects(&mut self, at: &str, recorded: &Value, simulateded: &Value) {
        let (Value::Object(is), Value::Object(should)) = (simulateded, recorded) else { return };
        let is_cut = should.contains_key("_trimmed");
        let is_reduced = self.is_reduced || is_cut;
        self.is_made_up = ["SERVICE_PASSWORD", "SERVICE_USER", "SERVICE_BASE64"]
            .iter()
            .any(|magic| recorded["key"].as_str().is_some_and(|key| key.starts_with(magic)));
        // What is null in an object that was cut is so by the cut.
        let kept = |key: &str, value: &Value| !(key.starts_with('_') || is_cut && value.is_null());
        for (key, value) in should.iter().filter(|(key, value)| kept(key, value)) {
            let at = format!("{at}/{key}");
            match is.get(key) {
                Some(simulateded) => self.values(&at, value, simulateded),
                None if ignored::key(self.shape, &at) => {}
                None => self.differences.push(format!("    {at}: only Coolify has it, {value:.80}")),
            }
        }
        self.is_made_up = false;
        let extra = is.keys().filter(|key| !is_reduced && !should.contains_key(*key));
        let extra = extra.map(|key| format!("    {at}/{key}: only the sandbox has it"));
        self.differences.extend(extra);
    }

    fn arrays(&mut self, at: &str, recorded: &[Value], simulateded: &[Value]) {
        let total = recorded.last().and_then(|item| item["_total"].as_u64());
        let should = total.map_or(recorded.len(), |total| usize::try_from(total).unwrap_or_default());
        let (pairs, alone) = self.names.paired(recorded, simulateded);
        if !ignored::length(self.shape, at) {
            self.same(&format!("{at} length"), &should.to_string(), &simulateded.len().to_string());
            let alone = alone.iter().map(|item| format!("    {at}: only Coolify has it, {item:.80}"));
            self.differences.extend(alone);
        }
        for (recorded, simulateded) in pairs {
            self.values(&format!("{at}/*"), recorded, simulateded);
        }
    }

    fn leaves(&mut self, at: &str, recorded: &Value, simulateded: &Value) {
        let key = at.rsplit('/').next().unwrap_or_default();
        if ignored::any(self.shape, key) {
            return;
        }
        if ignored::value(key) || self.is_made_up {
            self.same(&format!("{at} (type)"), ignored::kind(recorded), ignored::kind(simulateded));
            return;
        }
        let recorded = match recorded {
            Value::String(text) => Value::String(self.names.translated(text)),
            other => other.clone(),
        };
        // A long text was cut in the recording.
        if let (Some((kept, _)), Some(whole)) = (cut(&recorded), simulateded.as_str()) {
            return self.same(at, kept, &whole[..kept.len().min(whole.len())]);
        }
        self.same(at, &recorded.to_string(), &simulateded.to_string());
    }
}

fn cut(recorded: &Value) -> Option<(&str, &str)> {
    recorded.as_str()?.split_once("…[trimmed")
}
