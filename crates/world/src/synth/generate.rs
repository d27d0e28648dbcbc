//! The generator: one value for one schema.

use super::fuse::fuse_schema;
use super::{Random, SynthesisError, number, pattern, text};
use mocktrial_schema::refs::target;
use mocktrial_trajectory::same;
use serde_json::{Map, Value, json};

/// Values made in one go.
const MAX_NODES: u32 = 20_000;
/// Below this depth, only what is required is made.
const FULL_DEPTH: u32 = 5;
/// Deeper is not gone.
const MAX_DEPTH: u32 = 60;
/// The longest `minItems` and `minProperties` that are met.
const MAX_ITEMS: usize = 2_000;

pub(super) struct Generator<'s> {
    root: &'s Value,
    random: Random,
    attempt: u32,
    nodes: u32,
}

type Made = Result<Value, SynthesisError>;

impl<'s> Generator<'s> {
    pub(super) fn new(root: &'s Value, random: Random, attempt: u32) -> Self {
        Self { root, random, attempt, nodes: 0 }
    }

    pub(super) fn value(&mut self, schema: &Value) -> Made {
        self.make(schema, 0)
    }

    fn make(&mut self, schema: &Value, depth: u32) -> Made {
        self.nodes += 1;
        if self.nodes > MAX_NODES || depth > MAX_DEPTH {
            return Err(SynthesisError::new("$ref", "the value would grow without end"));
        }
        let map = match schema {
            Value::Bool(false) => return Err(SynthesisError::new("false schema", "nothing fits `false`")),
            Value::Object(map) => self.flat(map, 0)?,
            _ => Map::new(),
        };
        if let Some(literal) = self.literal(&map)? {
            return Ok(literal);
        }
        match self.kind(&map)? {
            "null" => Ok(Value::Null),
            "boolean" => Ok(Value::Bool(self.random.coin())),
            "integer" => number::integer(&map, &mut self.random),
            "number" => number::number(&map, &mut self.random),
            "array" => self.array(&map, depth),
            "object" => self.object(&map, depth),
            _ => text::string(&map, &mut self.random),
        }
    }

    /// What the author gave: later attempts leave out examples and defaults, which may be wrong.
    fn literal(&mut self, map: &Map<String, Value>) -> Result<Option<Value>, SynthesisError> {
        let trusting = self.attempt < 8;
        if let Some(Value::Array(examples)) = map.get("examples").filter(|_| trusting)
            && let Some(example) = self.random.pick(examples)
        {
            return Ok(Some(example.clone()));
        }
        if let Some(example) = map.get("example").filter(|_| trusting && map.contains_key("type")) {
            return Ok(Some(example.clone()));
        }
        if let Some(constant) = map.get("const") {
            return Ok(Some(constant.clone()));
        }
        if let Some(Value::Array(choices)) = map.get("enum") {
            let chosen = self.random.pick(choices).cloned();
            return chosen.map(Some).ok_or_else(|| SynthesisError::new("enum", "no value is allowed by all of them"));
        }
        Ok(map.get("default").filter(|_| trusting).cloned())
    }

    /// The schema without references and branches: each choice made, all of it fused.
    fn flat(&mut self, map: &Map<String, Value>, depth: u32) -> Result<Map<String, Value>, SynthesisError> {
        // Each step is counted: references that fork can be more than they look.
        self.nodes += 1;
        if self.nodes > MAX_NODES || depth > MAX_DEPTH {
            return Err(SynthesisError::new("$ref", "references lead too far"));
        }
        let applied = ["$ref", "allOf", "anyOf", "oneOf", "if"];
        if !applied.iter().any(|key| map.contains_key(*key)) {
            return Ok(map.clone());
        }
        let mut rest = map.clone();
        let mut parts: Vec<Value> = Vec::new();
        if let Some(Value::String(reference)) = rest.shift_remove("$ref") {
            let found = target(self.root, &reference)
                .ok_or_else(|| SynthesisError::new("$ref", format!("`{reference}` is not in the schema")))?;
            parts.push(found.clone());
        }
        if let Some(Value::Array(all)) = rest.shift_remove("allOf") {
            parts.extend(all);
        }
        for key in ["anyOf", "oneOf"] {
            if let Some(Value::Array(branches)) = rest.shift_remove(key) {
                parts.extend(self.random.pick(&branches).cloned());
            }
        }
        let (condition, then, otherwise) =
            (rest.shift_remove("if"), rest.shift_remove("then"), rest.shift_remove("else"));
        if let Some(condition) = condition {
            if self.random.coin() {
                parts.push(condition);
                parts.extend(then);
            } else {
                parts.extend(otherwise);
            }
        }
        let mut fused = Value::Object(rest);
        for part in parts {
            let part = match part {
                Value::Object(part) => Value::Object(self.flat(&part, depth + 1)?),
                Value::Bool(false) => return Err(SynthesisError::new("false schema", "nothing fits `false`")),
                other => other,
            };
            fuse_schema(&mut fused, &part);
        }
        match fused {
            // Fusing may have put a branch back.
            Value::Object(fused) => self.flat(&fused, depth + 1),
            _ => Ok(Map::new()),
        }
    }

    fn kind(&mut self, map: &Map<String, Value>) -> Result<&'static str, SynthesisError> {
        const KINDS: [&str; 7] = ["null", "boolean", "integer", "number", "array", "object", "string"];
        let known = |name: &str| KINDS.iter().find(|kind| **kind == name).copied();
        match map.get("type") {
            Some(Value::String(name)) => return Ok(known(name).unwrap_or("string")),
            Some(Value::Array(names)) => {
                let kinds: Vec<_> = names.iter().filter_map(|name| known(name.as_str()?)).collect();
                // Something rather than nothing, at first.
                let something: Vec<_> = kinds.iter().copied().filter(|kind| *kind != "null").collect();
                let from = if self.attempt == 0 && !something.is_empty() { something } else { kinds };
                return self
                    .random
                    .pick(&from)
                    .copied()
                    .ok_or_else(|| SynthesisError::new("type", "no type is allowed by all of them"));
            }
            _ => {}
        }
        let has = |keys: &[&str]| keys.iter().any(|key| map.contains_key(*key));
        Ok(
            if has(&[
                "properties",
                "required",
                "additionalProperties",
                "patternProperties",
                "minProperties",
                "dependentRequired",
                "propertyNames",
            ]) {
                "object"
            } else if has(&["items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains"]) {
                "array"
            } else if has(&["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]) {
                "number"
            } else if self.attempt > 4 && map.contains_key("not") {
                KINDS[usize::try_from(self.random.below(7)).unwrap_or(6)]
            } else {
                "string"
            },
        )
    }

    fn array(&mut self, map: &Map<String, Value>, depth: u32) -> Made {
        let (least, most) = (count(map, "minItems", 0), count(map, "maxItems", usize::MAX));
        let any = Value::Bool(true);
        // Before 2020-12, a list of `items` is what `prefixItems` is now.
        let (prefix, rest) = match (map.get("prefixItems"), map.get("items")) {
            (Some(Value::Array(prefix)), rest) => (prefix.as_slice(), rest.unwrap_or(&any)),
            (_, Some(Value::Array(prefix))) => (prefix.as_slice(), map.get("additionalItems").unwrap_or(&any)),
            (_, rest) => (&[][..], rest.unwrap_or(&any)),
        };
        let contains = map.get("contains");
        let needed = contains.map_or(0, |_| count(map, "minContains", 1));
        let wanted = if depth >= FULL_DEPTH {
            least
        } else {
            let extra = if self.attempt == 0 { 2 } else { usize::try_from(self.random.below(4)).unwrap_or(0) };
            least.max(prefix.len()).max(extra)
        };
        let wanted = if *rest == Value::Bool(false) { wanted.min(prefix.len()) } else { wanted };
        let length = wanted.max(needed).min(most);
        if length < least || length > MAX_ITEMS {
            return Err(SynthesisError::new("minItems", format!("no list of at least {least} items is made")));
        }
        let unique = map.get("uniqueItems") == Some(&Value::Bool(true));
        let mut items: Vec<Value> = Vec::with_capacity(length);
        while items.len() < length {
            let i = items.len();
            let plain = prefix.get(i).unwrap_or(rest);
            let schema = match contains {
                Some(contained) if i >= length - needed.min(length) => {
                    let mut both = plain.clone();
                    fuse_schema(&mut both, contained);
                    both
                }
                _ => plain.clone(),
            };
            let made = (0..if unique { 50 } else { 1 })
                .map(|_| self.make(&schema, depth + 1))
                .find(|made| made.as_ref().map_or(true, |made| !unique || !items.iter().any(|item| same(item, made))));
            match made {
                Some(made) => items.push(made?),
                None if items.len() >= least && needed == 0 => break,
                None => {
                    return Err(SynthesisError::new("uniqueItems", format!("there are not {length} different items")));
                }
            }
        }
        Ok(Value::Array(items))
    }

    fn object(&mut self, map: &Map<String, Value>, depth: u32) -> Made {
        let (least, most) = (count(map, "minProperties", 0), count(map, "maxProperties", usize::MAX));
        let empty = Map::new();
        let properties = map.get("properties").and_then(Value::as_object).unwrap_or(&empty);
        let mut required: Vec<&str> =
            map.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let dependent = ["dependentRequired", "dependencies"].iter().find_map(|key| map.get(*key)?.as_object());
        let mut out = Map::new();
        let mut optional: Vec<&str> = Vec::new();
        for name in properties.keys() {
            if !required.contains(&name.as_str()) {
                let wanted = depth < FULL_DEPTH && (self.attempt == 0 || self.random.coin());
                if wanted && properties.get(name) != Some(&Value::Bool(false)) {
                    optional.push(name);
                }
            }
        }
        optional.truncate(most.saturating_sub(required.len()));
        let mut i = 0;
        while i < required.len() + optional.len() {
            let name = if i < required.len() { required[i] } else { optional[i - required.len()] };
            for needed in
                dependent.and_then(|of| of.get(name)?.as_array()).into_iter().flatten().filter_map(Value::as_str)
            {
                if !required.contains(&needed) {
                    optional.retain(|other| *other != needed);
                    required.push(needed);
                    i = 0;
                }
            }
            i += 1;
        }
        // The order of the schema, then what it does not list.
        let listed =
            properties.keys().map(String::as_str).filter(|name| required.contains(name) || optional.contains(name));
        let names: Vec<&str> =
            listed.chain(required.iter().copied().filter(|name| !properties.contains_key(*name))).collect();
        for name in names {
            let schema = self.property(map, properties, name);
            let is_required = required.contains(&name);
            match self.make(&schema, depth + 1) {
                Ok(value) => {
                    out.insert(name.to_owned(), value);
                }
                Err(error) if is_required => return Err(error),
                Err(_) => {}
            }
        }
        if least > MAX_ITEMS {
            return Err(SynthesisError::new("minProperties", format!("no object of {least} members is made")));
        }
        for extra in 0..least.saturating_mul(4) {
            if out.len() >= least {
                break;
            }
            let name = self.name(map, properties, extra)?;
            if !out.contains_key(&name) {
                let schema = self.property(map, properties, &name);
                let made = self.make(&schema, depth + 1)?;
                out.insert(name, made);
            }
        }
        Ok(Value::Object(out))
    }

    /// The schema of a member: what `properties` and `patternProperties` say, or else `additionalProperties`.
    fn property(&self, map: &Map<String, Value>, properties: &Map<String, Value>, name: &str) -> Value {
        let mut schema = properties.get(name).cloned();
        for (pattern, more) in map.get("patternProperties").and_then(Value::as_object).into_iter().flatten() {
            if regex::Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(name)) {
                match &mut schema {
                    Some(schema) => fuse_schema(schema, more),
                    None => schema = Some(more.clone()),
                }
            }
        }
        schema.or_else(|| map.get("additionalProperties").cloned()).unwrap_or(Value::Bool(true))
    }

    /// A name for one more member.
    fn name(
        &mut self,
        map: &Map<String, Value>,
        properties: &Map<String, Value>,
        extra: usize,
    ) -> Result<String, SynthesisError> {
        if let Some(name) = properties.keys().nth(extra) {
            return Ok(name.clone());
        }
        if let Some(names) = map.get("propertyNames") {
            let mut schema = json!({"type": "string"});
            fuse_schema(&mut schema, names);
            return match self.make(&schema, 1)? {
                Value::String(name) => Ok(name),
                _ => Err(SynthesisError::new("propertyNames", "no name was found")),
            };
        }
        let patterns = map.get("patternProperties").and_then(Value::as_object);
        if map.get("additionalProperties") == Some(&Value::Bool(false)) || patterns.is_some() {
            let pattern = patterns.and_then(|patterns| patterns.keys().next());
            let pattern =
                pattern.ok_or_else(|| SynthesisError::new("minProperties", "there are not enough properties"))?;
            let name = pattern::sample(pattern, &mut self.random)?;
            // Without an end anchor it may go on, and so be another one each time.
            let longer = format!("{name}{}_{extra}", text::word(&mut self.random));
            let fits = regex::Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(&longer));
            return Ok(if fits { longer } else { name });
        }
        Ok(format!("{}_{}", text::word(&mut self.random), extra))
    }
}

fn count(map: &Map<String, Value>, key: &str, otherwise: usize) -> usize {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    map.get(key).and_then(Value::as_f64).map_or(otherwise, |n| n.clamp(0.0, 1e9) as usize)
}
