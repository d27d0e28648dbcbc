//! From a definition to a world: everything is compiled once, every mistake found is told.

use crate::call::Respond;
use crate::clock;
use crate::definition::{Behaviour, Change as Written, Definition, Rule as WrittenRule, When as WrittenWhen};
use crate::mistake::{Mistake, Mistakes, did_you_mean, pointer};
use crate::responders::{Rules, Scripted, Synthesized};
use crate::rule::{Answer, Change, Kind, Path, Rule, When};
use crate::synth::Synthesizer;
use crate::template::{Template, expression};
use crate::world::{Tool, World};
use mocktrial_schema::Schema;
use mocktrial_script::{Limits, Script};
use mocktrial_trajectory::{Comparison, Pointer, ToolSpec};
use serde_json::Value;
use std::collections::BTreeMap;

pub(crate) fn world(
    definition: &Definition,
    tools: Vec<ToolSpec>,
    script: Option<(&str, &str)>,
) -> Result<World, Vec<Mistake>> {
    let mut mistakes = Mistakes::default();
    let clock_text = definition.clock.as_deref().unwrap_or(clock::DEFAULT);
    let start = clock::parse(clock_text).unwrap_or_else(|error| {
        mistakes.error(pointer(&["clock"]), error);
        jiff::Timestamp::UNIX_EPOCH
    });
    for (name, list) in [("volatile", &definition.volatile), ("sets", &definition.sets)] {
        for (i, text) in list.iter().enumerate() {
            if let Err(error) = text.parse::<Pointer>() {
                mistakes.error(pointer(&[name]).child(i), error);
            }
        }
    }
    let compiled_script = script.and_then(|(name, source)| {
        let compiled = Script::compile(name, source, &Limits::default());
        compiled.map_err(|error| mistakes.error(pointer(&["script"]), error.to_string())).ok()
    });
    for name in definition.behaviour.keys() {
        if !tools.iter().any(|tool| tool.name == *name) {
            let hint = did_you_mean(name, tools.iter().map(|tool| tool.name.as_str()));
            let at = pointer(&["behaviour"]).child(name);
            mistakes.errors.push(Mistake { at, message: format!("there is no tool `{name}`"), hint });
        }
    }
    let mut by_name = BTreeMap::new();
    for (i, spec) in tools.iter().enumerate() {
        let at = pointer(&["tools"]).child(i);
        let mut builder =
            Builder { spec, mistakes: &mut mistakes, has_script: script.is_some(), script: compiled_script.as_ref() };
        let tool = builder.tool(&at, definition.behaviour.get(&spec.name), definition.tool_defaults.takes_ms);
        if by_name.insert(spec.name.clone(), tool).is_some() {
            mistakes.error(at, format!("there is another tool `{}`", spec.name));
        }
    }
    if !mistakes.errors.is_empty() {
        return Err(mistakes.errors);
    }
    Ok(World {
        tools: tools.into(),
        by_name,
        warnings: mistakes.warnings,
        comparison: Comparison { volatile: definition.volatile.clone(), sets: definition.sets.clone() },
        start,
        seed: definition.seed,
    })
}

struct Builder<'a> {
    spec: &'a ToolSpec,
    mistakes: &'a mut Mistakes,
    has_script: bool,
    script: Option<&'a Script>,
}

impl Builder<'_> {
    fn tool(&mut self, at: &Pointer, behaviour: Option<&Behaviour>, default_ms: u64) -> Tool {
        let spec = self.spec;
        let input = self.schema(&at.child("input_schema"), &spec.input_schema);
        let output_at = at.child("output_schema");
        let output = spec.output_schema.as_ref().and_then(|schema| self.schema(&output_at, schema));
        let mut responders: Vec<Box<dyn Respond>> = Vec::new();
        let mut tried = Vec::new();
        let none = Behaviour::default();
        let behaviour = behaviour.unwrap_or(&none);
        let here = pointer(&["behaviour"]).child(&spec.name);
        if !behaviour.rules.is_empty() {
            let rules = self.rules(&here.child("rules"), &behaviour.rules);
            tried.push(match behaviour.rules.len() {
                1 => "rule 0 does not apply".to_owned(),
                n => format!("none of the rules 0 to {} applies", n - 1),
            });
            responders.push(Box::new(Rules(rules)));
        }
        if let Some(function) = &behaviour.script
            && let Some(scripted) = self.scripted(&here.child("script"), function)
        {
            tried.push(format!("the script function `{function}` returned None"));
            responders.push(Box::new(scripted));
        }
        if behaviour.rules.is_empty() && behaviour.script.is_none() && behaviour.otherwise.is_none() {
            let (answers, hint) = match spec.output_schema {
                Some(_) => {
                    ("results made from its output schema", "give it rules or a script, or say `otherwise: synthesize`")
                }
                None => {
                    ("`{\"ok\": true}`", "give it rules, a script or an output schema, or say `otherwise: synthesize`")
                }
            };
            self.mistakes.warn(at.clone(), format!("`{}` has no behaviour: it answers {answers}", spec.name), hint);
        }
        if behaviour.otherwise.is_some() || (behaviour.rules.is_empty() && behaviour.script.is_none()) {
            let synthesizer = spec
                .output_schema
                .as_ref()
                .filter(|_| output.is_some())
                .map(|schema| self.synthesizer(&output_at, schema));
            responders.push(Box::new(Synthesized(synthesizer.flatten())));
        }
        Tool { input, output, takes_ms: behaviour.takes_ms.unwrap_or(default_ms), responders, tried: tried.join("; ") }
    }

    fn synthesizer(&mut self, at: &Pointer, schema: &Value) -> Option<Synthesizer> {
        let made = Synthesizer::new(schema).and_then(|synthesizer| {
            // A few seeds: a search that fails only sometimes should be told here too.
            (0..4).try_for_each(|seed| synthesizer.make(seed).map(|_| ()))?;
            Ok(synthesizer)
        });
        made.map_err(|error| {
            let hint = "give the tool rules or a script, or the schema an `examples`, `default` or `const`";
            self.mistakes.error_with_hint(at.clone(), error.to_string(), hint);
        })
        .ok()
    }

    fn schema(&mut self, at: &Pointer, written: &Value) -> Option<Schema> {
        Schema::new(written)
            .map_err(|fault| {
                let message = format!("not a usable JSON Schema: {fault}");
                let mut at = at.clone();
                at.0.extend(fault.at);
                self.mistakes.error(at, message);
            })
            .ok()
    }

    fn scripted(&mut self, at: &Pointer, function: &str) -> Option<Scripted> {
        if !self.has_script {
            self.mistakes.error_with_hint(
                at.clone(),
                format!("there is no script to find `{function}` in"),
                "name the file: `script: world.star`",
            );
            return None;
        }
        let script = self.script?;
        if !script.functions().iter().any(|name| name == function) {
            let hint = did_you_mean(function, script.functions().iter().map(String::as_str));
            self.mistakes.errors.push(Mistake {
                at: at.clone(),
                message: format!("the script has no function `{function}`"),
                hint,
            });
            return None;
        }
        Some(Scripted { script: script.clone(), function: function.to_owned(), limits: Limits::default() })
    }

    fn rules(&mut self, at: &Pointer, rules: &[WrittenRule]) -> Vec<Rule> {
        if let Some(i) = rules.iter().position(|rule| rule.when.is_none()).filter(|i| i + 1 < rules.len()) {
            let message = format!("the rules after this one are never reached: rule {i} has no `when`");
            self.mistakes.warn(at.child(i), message, "put it last");
        }
        rules.iter().enumerate().filter_map(|(i, rule)| self.rule(&at.child(i), rule)).collect()
    }

    fn rule(&mut self, at: &Pointer, rule: &WrittenRule) -> Option<Rule> {
        let when = rule.when.as_ref().map_or_else(When::default, |when| self.when(&at.child("when"), when));
        let answer = match (&rule.result, &rule.error) {
            (Some(result), None) => Some(Answer::Result(self.template(&at.child("result"), result))),
            (None, Some(error)) => Some(Answer::Error(self.template(&at.child("error"), error))),
            (None, None) => {
                self.mistakes.error_with_hint(
                    at.clone(),
                    "the rule answers nothing",
                    "give it a `result` or an `error`",
                );
                None
            }
            (Some(_), Some(_)) => {
                self.mistakes.error_with_hint(at.clone(), "the rule has both `result` and `error`", "keep one of them");
                None
            }
        };
        let changes = rule
            .change
            .iter()
            .enumerate()
            .filter_map(|(i, change)| self.change(&at.child("change").child(i), change))
            .collect();
        Some(Rule { when, answer: answer?, changes })
    }

    fn when(&mut self, at: &Pointer, when: &WrittenWhen) -> When {
        if *when == WrittenWhen::default() {
            self.mistakes.error_with_hint(
                at.clone(),
                "`when` is empty",
                "say when the rule applies, or leave `when` out for always",
            );
        }
        let mut paths = Vec::new();
        for (text, expected) in when.state.iter().flatten() {
            match Path::compile(text) {
                Ok(path) => paths.push((path, expected.clone())),
                Err(error) => self.mistakes.error(at.child("state").child(text), error.to_string()),
            }
        }
        let args_schema = when.args_schema.as_ref().and_then(|schema| self.schema(&at.child("args_schema"), schema));
        let state_schema = when.state_schema.as_ref().and_then(|schema| self.schema(&at.child("state_schema"), schema));
        let condition = when.condition.as_ref().and_then(|source| {
            expression(source).map_err(|error| self.mistakes.error(at.child("if"), error.to_string())).ok()
        });
        When { args: when.args.clone().unwrap_or_default(), args_schema, state: paths, state_schema, condition }
    }

    fn change(&mut self, at: &Pointer, change: &Written) -> Option<Change> {
        let given: Vec<_> = [
            ("add", Kind::Add, &change.add),
            ("replace", Kind::Replace, &change.replace),
            ("remove", Kind::Remove, &change.remove),
        ]
        .into_iter()
        .filter_map(|(name, kind, path)| path.as_ref().map(|path| (name, kind, path)))
        .collect();
        let [(name, kind, path)] = given[..] else {
            self.mistakes.error(at.clone(), "a change has exactly one of `add`, `replace` and `remove`");
            return None;
        };
        match (kind, &change.value) {
            (Kind::Remove, Some(_)) => self.mistakes.error(at.child("value"), "`remove` takes no value"),
            (Kind::Add | Kind::Replace, None) => self.mistakes.error(at.clone(), format!("`{name}` needs a `value`")),
            _ => {}
        }
        let value = change
            .value
            .as_ref()
            .map_or(Template::Literal(Value::Null), |value| self.template(&at.child("value"), value));
        let path = Path::compile(path).map_err(|error| self.mistakes.error(at.child(name), error.to_string())).ok()?;
        Some(Change { kind, path, value })
    }

    fn template(&mut self, at: &Pointer, value: &Value) -> Template {
        let mistakes = &mut *self.mistakes;
        Template::compile(value, &mut |below, error| {
            let mut at = at.clone();
            at.0.extend_from_slice(below);
            mistakes.error(at, format!("wrong template: {error}"));
        })
    }
}
