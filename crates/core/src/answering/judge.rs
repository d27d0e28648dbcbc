//! Asking a judge.

use super::{Occasion, Respondents};
use mocktrial_provider::{Context, Conversation, Model, Reply, Request, Role, Toolbox};
use mocktrial_trajectory::{Measurement, Message, Part, Question, ToolAnnotations, ToolSpec};
use serde_json::Value;
use std::sync::Arc;

/// How often a judge is asked: an answer that cannot be read is sent back once, with what is wrong with it.
pub(super) const ATTEMPTS: u32 = 2;

impl Respondents {
    /// The judge that a question is put to.
    pub(super) fn judge_of(&self, question: &Question) -> Option<(&str, &Arc<dyn Model>)> {
        self.judges.get_key_value(text(question, "judge")).map(|(name, model)| (name.as_str(), model))
    }

    /// What it is asked first.
    pub(super) fn judge_request(&self, question: &Question) -> Request {
        // What goes out is a sink too.
        let scrubbed = |key: &str| self.scrubber.scrub(text(question, key)).into_owned();
        let mut conversation = Conversation::new();
        conversation.push(Message::System { text: scrubbed("system") });
        conversation.push(Message::user(scrubbed("user")));
        let schema = question.body.get("schema").cloned().unwrap_or_default();
        Request { conversation, tools: Toolbox::new(vec![tool(text(question, "tool"), schema)]), seed: Some(0) }
    }

    /// Asks a judge; `index` counts the requests of judges in the episode.
    pub(super) async fn ask_judge(
        &self,
        question: &Question,
        occasion: &Occasion<'_>,
        index: &mut u32,
    ) -> (Result<Value, String>, Option<Measurement>) {
        let Some((_, model)) = self.judge_of(question) else {
            return (Err(format!("no judge `{}` is at hand", text(question, "judge"))), None);
        };
        let Request { mut conversation, tools, seed } = self.judge_request(question);
        let mut context = Context {
            role: Role::Judge,
            meter: occasion.meter.clone(),
            cancel: occasion.cancel.clone(),
            ..Context::new(occasion.episode.clone())
        };
        let mut spent = Measurement::default();
        let mut why = String::new();
        for attempt in 0..ATTEMPTS {
            context.request_index = *index;
            *index += 1;
            let request = Request { conversation: conversation.clone(), tools: tools.clone(), seed };
            let reply = match model.respond(&request, &context).await {
                Ok(reply) => reply,
                Err(error) => {
                    add(&mut spent, &error.measurement, attempt == 0);
                    return (Err(error.cause_text()), Some(spent));
                }
            };
            add(&mut spent, &reply.measurement, attempt == 0);
            match read(&reply) {
                Ok(value) => return (Ok(value), Some(spent)),
                Err(wrong) => why = wrong,
            }
            let said: String = reply.content.iter().filter_map(Part::as_text).collect();
            let said = if said.trim().is_empty() { "(nothing that can be read)".to_owned() } else { said };
            conversation.push(Message::Assistant {
                content: vec![Part::text(said)],
                calls: Vec::new(),
                raw: Vec::new(),
            });
            conversation.push(Message::user(format!("That cannot be used: {why}. Answer again, as you were asked.")));
        }
        (Err(format!("asked {ATTEMPTS} times, and {why}")), Some(spent))
    }
}

fn text<'q>(question: &'q Question, key: &str) -> &'q str {
    question.body.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn tool(name: &str, schema: Value) -> ToolSpec {
    ToolSpec {
        name: name.to_owned(),
        description: Some("Gives the grade of each criterion.".to_owned()),
        input_schema: schema,
        output_schema: None,
        strict: None,
        freeform: None,
        annotations: ToolAnnotations::default(),
    }
}

/// Adds what one request took to what the answer took.
fn add(sum: &mut Measurement, one: &Measurement, first: bool) {
    let plus = |a: Option<f64>, b: Option<f64>| if first { b } else { Some(a? + b?) };
    sum.latency_ms = plus(sum.latency_ms, one.latency_ms);
    sum.cost = plus(sum.cost, one.cost);
    sum.retries += one.retries;
    sum.replayed |= one.replayed;
}

/// The grades in a reply: the arguments of its call, or the JSON object that its text is.
fn read(reply: &Reply) -> Result<Value, String> {
    if let Some(call) = reply.calls.first() {
        let value = call.arguments.value().cloned().filter(Value::is_object);
        return value.ok_or_else(|| "the arguments of its call are no JSON object".to_owned());
    }
    let said: String = reply.content.iter().filter_map(Part::as_text).collect();
    let said = said.trim();
    // Many models put JSON between fences, whatever they are told.
    let inner = said.strip_prefix("```json").or_else(|| said.strip_prefix("```"));
    let bare = inner.and_then(|s| s.trim_end().strip_suffix("```")).unwrap_or(said).trim();
    match mocktrial_trajectory::parse_untrusted(bare) {
        Some(value) if value.is_object() => Ok(value),
        _ if said.is_empty() => Err("it called nothing and said nothing".to_owned()),
        _ => Err("it called nothing, and what it said is no JSON object".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mocktrial_trajectory::{Arguments, ToolCall};
    use serde_json::json;

    #[test]
    fn grades_are_read_from_a_call_from_json_and_from_fenced_json() {
        let grades = json!({"c1": {"met": true, "reason": "said"}});
        let arguments = Arguments::from_value(grades.clone());
        let call = ToolCall { id: "1".into(), name: "give_grades".into(), arguments };
        assert_eq!(read(&Reply::calls(vec![call])), Ok(grades.clone()));
        assert_eq!(read(&Reply::text(grades.to_string())), Ok(grades.clone()));
        assert_eq!(read(&Reply::text(format!("```json\n{grades}\n```"))), Ok(grades));
        assert!(read(&Reply::text("All met.")).is_err_and(|why| why.contains("no JSON object")));
        assert!(read(&Reply::text("")).is_err_and(|why| why.contains("said nothing")));
    }
}
