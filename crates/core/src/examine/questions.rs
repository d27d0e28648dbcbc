//! What is asked, and what an answer to it shows.

use super::Verdict;
use super::picture::square;
use mocktrial_provider::{Answer, ModelConfig, Reply, Request, Seed, ToolChoice, Toolbox};
use mocktrial_trajectory::{Message, Part, Stop, ToolSpec, text_of};
use serde_json::json;

/// What was found, and what shows it.
#[derive(Debug, PartialEq)]
pub(super) struct Found(pub(super) Verdict, pub(super) String);

/// How often a question is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    Once,
    /// The very same twice.
    Twice,
    /// And then with the results of the calls that came.
    ThenResult,
}

impl Asks {
    pub(super) fn calls(self) -> u32 {
        if self == Self::Once { 1 } else { 2 }
    }
}

/// One question.
pub(super) struct Question {
    pub(super) about: &'static str,
    pub(super) asks: Asks,
    /// Whether it is about tools beyond having any.
    pub(super) with_tools: bool,
    /// What it changes in the endpoint's settings.
    pub(super) set: fn(&mut ModelConfig),
    pub(super) request: fn() -> Request,
    /// What the answers show: as many as were asked for, or one where no call came that wants a result.
    pub(super) read: fn(&[Answer]) -> Found,
}

const PLAIN: Question =
    Question { about: "", asks: Asks::Once, with_tools: false, set: |_| {}, request: Request::default, read: answers };

/// A word that nobody says by chance.
const WORD: &str = "PERSIMMON";

/// What the weather tool answers: a number that nobody guesses.
pub(super) const RESULT: &str = r#"{"temperature_celsius": -37}"#;

/// The output limit that is put to the test, in tokens.
const CUT: u64 = 24;

/// All of them; the first shows whether anybody is there.
pub(super) static QUESTIONS: &[Question] = &[
    Question { about: "answers", request: || say("Say the word `ready` and nothing else."), ..PLAIN },
    Question {
        about: "system prompt",
        request: || {
            let text = format!("Whatever you are asked, answer with the one word {WORD}.");
            let messages = [Message::System { text }, Message::user("What is the capital of France?")];
            Request { conversation: messages.into_iter().collect(), seed: Some(1), ..Request::default() }
        },
        read: system_prompt,
        ..PLAIN
    },
    Question {
        about: "output limit",
        set: |config| {
            config.parameters.max_tokens = Some(CUT);
            config.parameters.reasoning_tokens = None;
        },
        request: || say("Count from one to three hundred in words, without leaving anything out."),
        read: output_limit,
        ..PLAIN
    },
    Question {
        about: "streaming",
        set: |config| config.stream = true,
        request: || say("Count from one to ten in words."),
        read: streaming,
        ..PLAIN
    },
    Question {
        about: "tools",
        asks: Asks::ThenResult,
        request: || with_tools("What is the temperature in Paris right now? Use the tool."),
        read: tools,
        ..PLAIN
    },
    Question {
        about: "parallel calls",
        with_tools: true,
        request: || with_tools("What is the temperature in Paris, and what in Tokyo? Look up both at once."),
        read: parallel_calls,
        ..PLAIN
    },
    Question {
        about: "forced call",
        with_tools: true,
        set: |config| config.tool_choice = Some(ToolChoice::Required),
        request: || with_tools("Say hello."),
        read: forced_call,
        ..PLAIN
    },
    Question {
        about: "forced tool",
        with_tools: true,
        set: |config| config.tool_choice = Some(ToolChoice::Tool("get_time".into())),
        request: || with_tools("What is the temperature in Paris right now?"),
        read: forced_tool,
        ..PLAIN
    },
    Question {
        about: "calls forbidden",
        with_tools: true,
        set: |config| config.tool_choice = Some(ToolChoice::None),
        request: || with_tools("What is the temperature in Paris right now? Use the tool."),
        read: calls_forbidden,
        ..PLAIN
    },
    Question {
        about: "seed, temperature 0",
        asks: Asks::Twice,
        set: |config| seeded(config, 0.0),
        request: || say("Write one sentence about a lighthouse."),
        read: |answers| same(answers, Verdict::No),
        ..PLAIN
    },
    Question {
        about: "seed, temperature 1",
        asks: Asks::Twice,
        set: |config| seeded(config, 1.0),
        request: || say("Write one sentence about a lighthouse."),
        read: |answers| same(answers, Verdict::Ignored),
        ..PLAIN
    },
    Question {
        about: "image input",
        request: || {
            let image = Part::from(square([128, 0, 128]));
            let content = vec![Part::text("Which colour is this picture? Answer with one word."), image];
            let conversation = [Message::User { content }].into_iter().collect();
            Request { conversation, seed: Some(1), ..Request::default() }
        },
        read: image_input,
        ..PLAIN
    },
];

fn say(text: &str) -> Request {
    Request { conversation: [Message::user(text)].into_iter().collect(), seed: Some(1), ..Request::default() }
}

fn with_tools(text: &str) -> Request {
    let tool = |name: &str, description: &str| ToolSpec {
        name: name.into(),
        description: Some(description.into()),
        input_schema: json!({
            "type": "object",
            "properties": {"city": {"type": "string", "description": "The city's name."}},
            "required": ["city"],
            "additionalProperties": false,
        }),
        output_schema: None,
        strict: None,
        freeform: None,
        annotations: mocktrial_trajectory::ToolAnnotations::default(),
    };
    let weather = tool("get_weather", "The temperature in a city right now.");
    let time = tool("get_time", "The time of day in a city right now.");
    Request { tools: Toolbox::new(vec![weather, time]), ..say(text) }
}

fn seeded(config: &mut ModelConfig, temperature: f64) {
    config.parameters.seed = Some(Seed::Fixed(7));
    config.parameters.temperature = Some(temperature);
}

fn yes(detail: impl Into<String>) -> Found {
    Found(Verdict::Yes, detail.into())
}

/// The answer that came first; there is always one where a question is read.
fn first(answers: &[Answer]) -> Option<&Answer> {
    answers.first()
}

fn answers(answers: &[Answer]) -> Found {
    let Some(Answer { reply, .. }) = first(answers) else { return nothing() };
    if let Some(cut) = cut_short(reply) {
        return cut;
    }
    let served = &reply.served;
    let mut facts = vec![format!("said {}", said(reply))];
    facts.extend(served.model.as_ref().map(|model| format!("served {model}")));
    facts.extend(served.fingerprint.as_ref().map(|print| format!("fingerprint {print}")));
    facts.extend(served.tier.as_ref().map(|tier| format!("tier {tier}")));
    yes(facts.join(", "))
}

/// What the first answer says of its usage.
pub(super) fn usage(answer: &Answer) -> Found {
    match answer.reply.usage {
        None => Found(Verdict::No, "no token counts came: costs and limits of tokens are unknown".into()),
        Some(usage) => {
            let mut text = format!("{} tokens in, {} out", usage.input, usage.output);
            if usage.reasoning > 0 {
                text.push_str(&format!(", {} of them reasoning", usage.reasoning));
            }
            yes(text)
        }
    }
}

fn system_prompt(answers: &[Answer]) -> Found {
    let Some(Answer { reply, .. }) = first(answers) else { return nothing() };
    if text_of(&reply.content).to_uppercase().contains(WORD) {
        return yes("it was followed");
    }
    cut_short(reply).unwrap_or_else(|| Found(Verdict::Ignored, format!("it said {}", said(reply))))
}

fn output_limit(answers: &[Answer]) -> Found {
    let Some(Answer { reply, .. }) = first(answers) else { return nothing() };
    let out = reply.usage.map(|usage| usage.output);
    let longer = out.is_some_and(|out| out > CUT);
    match (&reply.stop, longer) {
        (Stop::Length, false) => yes(format!("cut off at {CUT} tokens, and it says so")),
        (_, true) => {
            Found(Verdict::Ignored, format!("{} tokens came where {CUT} were allowed", out.unwrap_or_default()))
        }
        // A text of so many letters cannot have so few tokens.
        _ if text_of(&reply.content).len() > 20 * usize::try_from(CUT).unwrap_or(0) => {
            Found(Verdict::Ignored, format!("far more came than {CUT} tokens"))
        }
        _ => Found(Verdict::Unclear, format!("it stopped by itself and said {}", said(reply))),
    }
}

fn streaming(answers: &[Answer]) -> Found {
    let Some(Answer { reply, streamed }) = first(answers) else { return nothing() };
    match (streamed, reply.usage) {
        (false, _) => Found(Verdict::Ignored, "the answer came in one piece".into()),
        (true, Some(_)) => yes("with token counts"),
        (true, None) => yes("without token counts: costs and limits of tokens are unknown"),
    }
}

fn tools(answers: &[Answer]) -> Found {
    let Some(Answer { reply, .. }) = first(answers) else { return nothing() };
    let Some(call) = reply.calls.first() else { return no_call(reply, Verdict::No) };
    let city = call.arguments.value().and_then(|value| value["city"].as_str());
    let called = match (call.name.as_str(), city) {
        ("get_weather", Some(city)) if city.to_lowercase().contains("paris") => "called as asked",
        ("get_weather", _) => "called, with other arguments than asked",
        _ => "called another tool than asked",
    };
    let used = answers.get(1).is_some_and(|answer| text_of(&answer.reply.content).contains("37"));
    yes(format!("{called}, and {} the result", if used { "answered from" } else { "made nothing of" }))
}

fn parallel_calls(answers: &[Answer]) -> Found {
    let Some(Answer { reply, .. }) = first(answers) else { return nothing() };
    match reply.calls.len() {
        0 => no_call(reply, Verdict::Unclear),
        1 => Found(Verdict::No, "one call came where two were asked for".into()),
        n => yes(format!("{n} calls in one answer")),
    }
}

fn forced_call(answers: &[Answer]) -> Found {
    let Some(Answer { reply, .. }) = first(answers) else { return nothing() };
    match reply.calls.first() {
        Some(call) => yes(format!("called {} where it would have said hello", call.name)),
        None => no_call(reply, Verdict::Ignored),
    }
}

fn forced_tool(answers: &[Answer]) -> Found {
    let Some(Answer { reply, .. }) = first(answers) else { return nothing() };
    match reply.calls.first() {
        Some(call) if call.name == "get_time" => yes("called the one that was named"),
        Some(call) => Found(Verdict::Ignored, format!("called {} where get_time was named", call.name)),
        None => no_call(reply, Verdict::Ignored),
    }
}

fn calls_forbidden(answers: &[Answer]) -> Found {
    let Some(Answer { reply, .. }) = first(answers) else { return nothing() };
    match reply.calls.first() {
        Some(call) => Found(Verdict::Ignored, format!("called {} all the same", call.name)),
        None => silent(reply).unwrap_or_else(|| yes("answered in words")),
    }
}

fn same(answers: &[Answer], otherwise: Verdict) -> Found {
    let [one, other] = answers else { return nothing() };
    let text = |answer: &Answer| (text_of(&answer.reply.content), answer.reply.calls.len());
    match (silent(&one.reply).or_else(|| silent(&other.reply)), text(one) == text(other)) {
        (Some(cut), _) => cut,
        (None, true) => yes("the same answer twice"),
        (None, false) => Found(otherwise, "two answers to one seed differ".into()),
    }
}

fn image_input(answers: &[Answer]) -> Found {
    let Some(Answer { reply, .. }) = first(answers) else { return nothing() };
    let text = text_of(&reply.content).to_lowercase();
    if ["purple", "violet", "magenta"].iter().any(|word| text.contains(word)) {
        return yes("saw that a purple picture is purple");
    }
    cut_short(reply).unwrap_or_else(|| Found(Verdict::No, format!("of a purple picture it said {}", said(reply))))
}

/// An answer without the call that was asked for.
fn no_call(reply: &Reply, verdict: Verdict) -> Found {
    // Where a call is forced, words before it are already too many.
    let cut = if verdict == Verdict::Ignored { cut_silent(reply) } else { cut_short(reply) };
    cut.unwrap_or_else(|| Found(verdict, format!("no call came; it said {}", said(reply))))
}

/// An answer that its limit ended before it showed anything.
fn cut_short(reply: &Reply) -> Option<Found> {
    let what = if text_of(&reply.content).trim().is_empty() { "it said anything" } else { "it was done" };
    (reply.stop == Stop::Length && reply.calls.is_empty())
        .then(|| Found(Verdict::Unclear, format!("cut off by the output limit before {what}")))
}

/// An answer that its limit ended before it said anything.
fn cut_silent(reply: &Reply) -> Option<Found> {
    cut_short(reply).filter(|_| text_of(&reply.content).trim().is_empty())
}

/// An answer that shows nothing, whatever ended it.
fn silent(reply: &Reply) -> Option<Found> {
    let blank = reply.calls.is_empty() && text_of(&reply.content).trim().is_empty();
    cut_silent(reply).or_else(|| blank.then(|| Found(Verdict::Unclear, "it said nothing".into())))
}

fn nothing() -> Found {
    Found(Verdict::Unclear, "no answer came".into())
}

/// The beginning of what was said, for people.
fn said(reply: &Reply) -> String {
    const LONGEST: usize = 60;
    let text = text_of(&reply.content);
    let text = text.trim();
    if text.is_empty() {
        return "nothing".into();
    }
    let mut short: String = text.chars().take(LONGEST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("“{short}”")
}
