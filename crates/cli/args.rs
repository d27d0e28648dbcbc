//! What can be typed.

use clap::{Args, Parser, Subcommand, ValueEnum};
use mocktrial_report::{Make, OUTPUTS, Output};
use std::path::PathBuf;

/// Puts agents that use tools on trial: mocked worlds, graded episodes, honest numbers.
#[derive(Debug, Parser)]
#[command(name = "mocktrial", version, max_term_width = 100, propagate_version = false)]
#[command(after_help = "Exit codes: 0 done · 1 a check failed · 2 usage, configuration or suite mistake · \
3 infrastructure prevented an answer · 4 incomplete (resumable) · 5 inconclusive")]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options that every command takes.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Global {
    /// How results are written to standard output
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// Say nothing but results and mistakes
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// When to colour [default: auto: on a terminal, unless NO_COLOR is set]
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto, hide_default_value = true)]
    pub(crate) color: Colour,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// For programs: one JSON document on standard output
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run scenarios against endpoints, grade, store and summarise
    Run(Box<RunArgs>),
    /// List the scenarios that are selected
    List(ListArgs),
    /// Show a run's summary, or one of its episodes event by event
    Show(ShowArgs),
    /// Run one episode of a scenario and show it; or play the agent yourself
    Try(TryArgs),
    /// Call a tool of a world by hand: its result and what it changes
    Call(CallArgs),
    /// Find a suite's mistakes, and prove its criteria on agents that must pass or fail
    ///
    /// The reference must pass and the probes must fail. Mutants of the reference (a call dropped, an argument nearly
    /// right, the answer denied …) must be caught, and equivalents of it (reads in another order, amounts written
    /// otherwise …) must pass. What survives is named, scenario by scenario; a scenario's author accepts a mutant
    /// under `check: {accept: [{mutant: NAME, why: REASON}]}`, and it is no longer counted.
    ///
    /// Exits with 1 where a reference fails, a probe passes, an accepted mutant is not known, or fewer than
    /// --min-caught percent of the mutants are caught or fewer than --min-equivalents percent of the equivalents pass.
    /// In CI, `--min-caught 100` allows no hole that nobody has accepted with a reason.
    Check(CheckArgs),
    /// Grade a run's stored episodes anew, with the criteria of today
    Grade(GradeArgs),
    /// Say how endpoints of a run differ, or how runs differ
    ///
    /// Within one run, every endpoint is held against each other; of several runs, each later one against the first, by
    /// endpoint. Pairs are by scenario. A scenario whose messages, world or criteria differ between the runs is left out
    /// and named; what differs between the endpoints is what is being compared.
    Compare(CompareArgs),
    /// Write a report of runs to be read in a browser, by CI, by programs or in a paper
    ///
    /// `--output html=report.html` writes one file that needs no network: the verdict, every scenario by endpoint, and every
    /// episode step by step. Several outputs may be written at once, all from the same figures.
    Report(ReportArgs),
    /// Show the report of runs in a browser
    ///
    /// Serves it on this machine alone, at an address that cannot be guessed, and opens it; the address is printed. The page is
    /// made anew when it is loaded again and a run has changed. Ctrl-C ends it.
    View(ViewArgs),
    /// Say whether a run is no worse than the accepted baseline
    ///
    /// No worse: a loss of the margin or more is ruled out (exit code 0). Regressed: it is shown, or a rule is broken (1).
    /// Inconclusive: neither; what would decide it is said (5). Rules and margins stand under `[gate]` in mocktrial.toml.
    Gate(GateArgs),
    /// Find out by simulation how often the configured gate is wrong on this suite
    ///
    /// False alarms where nothing has changed, false *no worse* where exactly the margin is lost, and power where --effect is
    /// lost. Where an error is surely more frequent than alpha, the gate refuses to answer (exit code 5).
    ///
    /// With --live, an endpoint is run twice side by side under two labels, and what comes of it is tested against what every
    /// comparison assumes: that both fare alike, that trials do not fail together, and that nothing drifts. Exits with 1 where
    /// something speaks against it, and with 5 where nothing could be tested.
    Audit(Box<AuditArgs>),
    /// Accept a run's results as the baseline that changes are held against
    ///
    /// All of an endpoint's results are accepted together; single scenarios only where they are new or have changed. The
    /// first results accepted become the anchor as well, which later moves on purpose only (--anchor): the gate tests
    /// against it too, so that many small losses cannot add up unseen.
    Accept(AcceptArgs),
    /// Say what a plan can find out, and what a wanted answer takes, from a pilot run
    ///
    /// How far outcomes vary in the pilot tells what N scenarios with k trials of two endpoints detect, with which chance and
    /// at what cost; how many trials (or, of a population, scenarios) a wanted difference or a gate takes; and a power curve.
    /// Every number is also given for variances at their upper 80 % limits: what a pilot knows of them is rough.
    Power(PowerArgs),
    /// Say what more attempts buy: score against k, tokens, money and reasoning effort
    ///
    /// What the best, the majority and the worst of k attempts are worth, for each k that was measured, with intervals; what
    /// the attempt is worth that a configured verifier or judge likes best (its grades' measure must be another than task);
    /// and which pairs of endpoint and k nothing beats in both cost and accuracy.
    Scaling(ScalingArgs),
    /// Say which scenarios are unreliable as an instrument, which merely vary, and which tell nothing
    ///
    /// Unreliable are scenarios that measure the same differently: equal episodes with different grades, a world that
    /// answers the same calls differently, judges at odds, trials lost to the surroundings. Trials of several runs are
    /// put together where the scenario and the endpoint are the same.
    Health(HealthArgs),
    /// Say whether endpoints treat the variants of scenarios alike, and what may be concluded of that
    ///
    /// Groups are the names of variants that scenarios share. Whether they matter is tested by exchanging rates among the
    /// variants of each scenario; only where they do are groups named, with intervals that hold for all at once.
    /// Exits with 5 where there are too few scenarios for any answer.
    Fairness(FairnessArgs),
    /// Show a random sample of judged episodes, and keep what you say of them
    ///
    /// The sample is drawn within each endpoint and grade, and shown without either, in an order that tells neither.
    /// What people say goes into the project's folder `labels`; `mocktrial judge calibrate` makes use of it.
    Review(ReviewArgs),
    /// Find out what a judge's word is worth
    Judge(JudgeArgs),
    /// List the configured endpoints, or find out what they really support
    Endpoints(EndpointsArgs),
    /// Print the JSON Schema of a file format
    Schema(SchemaArgs),
    /// Write a small working suite, or one around your own tools
    Init(InitArgs),
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Which scenarios are meant.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct SelectArgs {
    /// Files or folders with scenarios [default: the project's scenarios folder]
    pub(crate) paths: Vec<PathBuf>,
    /// Only scenarios whose id matches this glob, such as 'retail/*'; may be repeated
    #[arg(long = "select", short = 's', value_name = "GLOB")]
    pub(crate) globs: Vec<String>,
    /// Only scenarios whose tags satisfy this, such as 'policy and not slow'
    #[arg(long, value_name = "EXPRESSION")]
    pub(crate) tag: Option<String>,
}

/// What an earlier run has settled already.
const AGAIN: [&str; 6] = ["paths", "globs", "tag", "endpoint", "trials", "seed"];

/// What a protocol settles, and what is no run of its own.
const BY_PROTOCOL: [&str; 9] =
    ["paths", "globs", "tag", "endpoint", "trials", "until", "resume", "failed", "add_trials"];

#[derive(Debug, Default, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) select: SelectArgs,
    /// The endpoint on trial; may be repeated [default: those of mocktrial.toml]
    #[arg(long, short, value_name = "NAME")]
    pub(crate) endpoint: Vec<String>,
    /// Trials per scenario and endpoint [default: mocktrial.toml, else 1]
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) trials: Option<u32>,
    /// The run's seed [default: mocktrial.toml, else 42]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// What to do with recorded responses
    #[arg(long, value_enum, value_name = "MODE")]
    pub(crate) cassettes: Option<Cassettes>,
    /// Episodes at once, per endpoint [default: mocktrial.toml, else 8]
    #[arg(long, short = 'j', value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) concurrency: Option<u32>,
    /// Stop before the run spends more than this many dollars
    #[arg(long, value_name = "DOLLARS", value_parser = dollars)]
    pub(crate) max_cost: Option<f64>,
    /// Stop before the run uses more than this many tokens
    #[arg(long, value_name = "N")]
    pub(crate) max_tokens: Option<u64>,
    /// Ask first when the run may cost more than this many dollars
    #[arg(long, value_name = "DOLLARS", value_parser = dollars)]
    pub(crate) confirm_above: Option<f64>,
    /// Do not ask
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Share the trials out by what an earlier run of these scenarios saw: more where trials vary, the same number in all
    #[arg(long, value_name = "RUN", conflicts_with_all = ["resume", "failed", "add_trials", "until", "protocol"])]
    pub(crate) allocate_from: Option<String>,
    /// Say what would be run and about what it may cost, and run nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// A name for the run
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Stop when it is known how the first of two endpoints fares against the second; --trials is the most
    ///
    /// A sequential gate or comparison with the margin and error of `[gate]` looks after each trial of every scenario. Its
    /// verdict holds although it was looked at many times; the rates of a run that stopped early lean towards what was
    /// decided.
    #[arg(long, value_enum, value_name = "WHEN", conflicts_with_all = ["resume", "failed", "add_trials"])]
    pub(crate) until: Option<UntilArg>,
    /// Run exactly what a pre-registered protocol says, and keep it with the run
    ///
    /// Its hypotheses are what the run can confirm; `show`, `compare` and `gate` hold the run against them, list every
    /// deviation, and mark all else as exploratory. `mocktrial schema protocol` describes the file.
    #[arg(long, value_name = "FILE", conflicts_with_all = BY_PROTOCOL)]
    pub(crate) protocol: Option<PathBuf>,
    /// Go on with an unfinished run, and try again what a provider or this machine kept from an outcome
    #[arg(long, value_name = "RUN", num_args = 0..=1, default_missing_value = "last", conflicts_with_all = AGAIN)]
    #[arg(conflicts_with_all = ["failed", "add_trials", "name"])]
    pub(crate) resume: Option<String>,
    /// Run the failures of a run again, into a new run that is marked as selected
    #[arg(long, value_name = "RUN", num_args = 0..=1, default_missing_value = "last", conflicts_with_all = AGAIN)]
    #[arg(conflicts_with = "add_trials")]
    pub(crate) failed: Option<String>,
    /// Add N trials of every scenario to a run
    #[arg(long, value_names = ["N", "RUN"], num_args = 1..=2, conflicts_with_all = AGAIN, conflicts_with = "name")]
    pub(crate) add_trials: Option<Vec<String>>,
    #[command(flatten)]
    pub(crate) outputs: OutputArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum UntilArg {
    /// The gate has an answer: no worse, or regressed
    Decided,
    /// One is known to be better than the other
    Compared,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Cassettes {
    /// Ask the endpoint; record nothing
    Live,
    /// Ask the endpoint and record every response
    Record,
    /// Use recordings only; a request that has none is an infrastructure failure
    Replay,
    /// Use recordings where there are any, else ask and record
    ReplayOrLive,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) select: SelectArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The run: last, last~1, a name, or a path
    #[arg(default_value = "last")]
    pub(crate) run: String,
    /// The scenario whose episode is meant
    pub(crate) scenario: Option<String>,
    /// The endpoint whose episodes are meant [default: the first with a failure, else the first]
    #[arg(long, short)]
    pub(crate) endpoint: Option<String>,
    /// The trial that is meant [default: the first that failed, else the first]
    #[arg(long, short)]
    pub(crate) trial: Option<u32>,
    /// List the run's episodes (of the scenario, endpoint and trial, where given), one a line
    #[arg(long)]
    pub(crate) episodes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TryArgs {
    /// The scenario's id
    pub(crate) scenario: String,
    /// The endpoint [default: the first of mocktrial.toml]
    #[arg(long, short)]
    pub(crate) endpoint: Option<String>,
    /// The trial, which decides the seed
    #[arg(long, short, default_value_t = 1)]
    pub(crate) trial: u32,
    /// What to do with recorded responses
    #[arg(long, value_enum, value_name = "MODE", default_value = "live")]
    pub(crate) cassettes: Cassettes,
    /// Play the agent: type calls and answers
    #[arg(long, short, conflicts_with_all = ["endpoint", "trial", "cassettes"])]
    pub(crate) author: bool,
    /// Write the calls and answers of the episode into the scenario as a reference, beside those it has
    #[arg(long)]
    pub(crate) save_reference: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CallArgs {
    /// The world, such as retail, or the scenario whose state is meant
    pub(crate) world: String,
    /// The tool
    pub(crate) tool: String,
    /// Its arguments as JSON
    #[arg(default_value = "{}")]
    pub(crate) args: String,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) select: SelectArgs,
    /// Fail when fewer than this many percent of the mutants are caught, over all selected scenarios
    #[arg(long, value_name = "PERCENT", default_value = "95", value_parser = percent)]
    pub(crate) min_caught: f64,
    /// Fail when fewer than this many percent of the equivalents pass
    #[arg(long, value_name = "PERCENT", default_value = "98", value_parser = percent)]
    pub(crate) min_equivalents: f64,
    /// Ask judges and verifiers about the agents
    ///
    /// Without it, nobody is asked, and what only they could decide is unproved.
    #[arg(long)]
    pub(crate) ask: bool,
    /// Stop asking before more than this many dollars are spent
    #[arg(long, value_name = "DOLLARS", value_parser = dollars, requires = "ask")]
    pub(crate) max_cost: Option<f64>,
    /// Stop asking before more than this many tokens are used
    #[arg(long, value_name = "N", requires = "ask")]
    pub(crate) max_tokens: Option<u64>,
    /// What to do with recorded answers of judges
    #[arg(long, value_enum, value_name = "MODE", default_value = "replay-or-live", requires = "ask")]
    pub(crate) cassettes: Cassettes,
    /// List every mutant with what caught it, and what each criterion is worth
    #[arg(long, short)]
    pub(crate) verbose: bool,
}

fn percent(text: &str) -> Result<f64, String> {
    let value = text.strip_suffix('%').unwrap_or(text).parse::<f64>().ok();
    value.filter(|p| (0.0..=100.0).contains(p)).ok_or_else(|| "a percentage lies between 0 and 100".to_owned())
}

#[derive(Debug, Args)]
pub(crate) struct GradeArgs {
    /// The run: last, last~1, a name, or a path
    #[arg(default_value = "last")]
    pub(crate) run: String,
    /// The project, or a folder of its scenarios, whose criteria are meant [default: the current folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) suite: Option<PathBuf>,
    /// Ask judges and verifiers what no stored answer tells
    ///
    /// Without it, a question that has no stored answer leaves its criterion ungraded, and nobody is asked.
    #[arg(long)]
    pub(crate) ask: bool,
    /// Stop asking before the run has spent more than this many dollars
    #[arg(long, value_name = "DOLLARS", value_parser = dollars, requires = "ask")]
    pub(crate) max_cost: Option<f64>,
    /// Stop asking before the run has used more than this many tokens
    #[arg(long, value_name = "N", requires = "ask")]
    pub(crate) max_tokens: Option<u64>,
    /// What to do with recorded answers of judges
    #[arg(long, value_enum, value_name = "MODE", default_value = "replay-or-live", requires = "ask")]
    pub(crate) cassettes: Cassettes,
    /// Say what would change, and change nothing
    #[arg(long, conflicts_with = "ask")]
    pub(crate) dry_run: bool,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct CompareArgs {
    /// The runs: last, last~1, a name, or a path; the first is what the others are held against
    #[arg(default_value = "last", value_name = "RUN")]
    pub(crate) runs: Vec<String>,
    /// Only these endpoints; may be repeated
    #[arg(long, short, value_name = "NAME")]
    pub(crate) endpoint: Vec<String>,
    /// The endpoint (of the first run) that others are held against
    #[arg(long, value_name = "NAME")]
    pub(crate) against: Option<String>,
    /// What the answer is about
    #[arg(long, value_enum, default_value_t = ScopeArg::Suite)]
    pub(crate) scope: ScopeArg,
    /// The chance of a false verdict over all pairs
    #[arg(long, value_name = "SHARE", default_value = "0.05", value_parser = error_level)]
    pub(crate) alpha: f64,
    #[command(flatten)]
    pub(crate) outputs: OutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    #[command(flatten)]
    pub(crate) of: CompareArgs,
    /// The same as --output html=PATH
    #[arg(long, value_name = "PATH")]
    pub(crate) html: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ViewArgs {
    #[command(flatten)]
    pub(crate) of: CompareArgs,
    /// The port to listen on [default: a free one]
    #[arg(long, value_name = "N", default_value = "0", hide_default_value = true)]
    pub(crate) port: u16,
    /// Open no browser; only print the address
    #[arg(long)]
    pub(crate) no_open: bool,
}

/// What else is to be written.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct OutputArgs {
    /// Write a report: `html=report.html`; several at once where repeated, and `-` is standard output
    #[arg(long, short, value_name = "KIND=PATH", value_parser = output, long_help = outputs())]
    pub(crate) output: Vec<Wanted>,
}

/// A kind of output, and where it goes.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) kind: &'static Output,
    pub(crate) path: PathBuf,
}

fn outputs() -> String {
    let width = OUTPUTS.iter().map(|o| o.name.len()).max().unwrap_or_default();
    let kinds: Vec<String> = OUTPUTS.iter().map(|o| format!("  {:width$}  {}", o.name, o.about)).collect();
    format!(
        "Write a report: KIND=PATH, several at once where repeated; `-` as PATH is standard output, for kinds that are one text.\n\n{}",
        kinds.join("\n")
    )
}

/// `KIND=PATH`.
fn output(text: &str) -> Result<Wanted, String> {
    let (name, path) = text.split_once('=').ok_or("say KIND=PATH, such as html=report.html")?;
    let kind = Output::named(name).ok_or_else(|| {
        let kinds: Vec<&str> = OUTPUTS.iter().map(|o| o.name).collect();
        format!("there is no kind `{name}`; there are {}", kinds.join(", "))
    })?;
    match (path, &kind.make) {
        ("", _) => Err("the path after `=` is missing".into()),
        ("-", Make::Files(_)) => Err(format!("{name} is more than one text, and needs a path")),
        _ => Ok(Wanted { kind, path: path.into() }),
    }
}

#[derive(Debug, Args)]
pub(crate) struct PowerArgs {
    /// The pilot: last, last~1, a name, or a path
    #[arg(default_value = "last")]
    pub(crate) run: String,
    /// The endpoint that is to be judged; alone, both endpoints of the plan are taken to be like it [default: those of the
    /// run, where it has one or two]
    #[arg(long, short, value_name = "NAME")]
    pub(crate) endpoint: Option<String>,
    /// The endpoint that it is to be compared with, which is also the baseline of the gate
    #[arg(long, value_name = "NAME", requires = "endpoint")]
    pub(crate) against: Option<String>,
    /// What answers are to be about
    #[arg(long, value_enum, default_value_t = ScopeArg::Suite)]
    pub(crate) scope: ScopeArg,
    /// The loss that a gate accepts, as a difference of rates
    #[arg(long, value_name = "SHARE", default_value = "0.05", value_parser = difference)]
    pub(crate) margin: f64,
    /// The difference of rates that is to be detected
    #[arg(long, value_name = "SHARE", default_value = "0.1", value_parser = difference)]
    pub(crate) mde: f64,
    /// Scenarios of the plan, or with --scope population families [default: those of the pilot]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(2..=1_000_000))]
    pub(crate) scenarios: Option<u64>,
    /// Trials per scenario and endpoint of the plan [default: those of the pilot]
    #[arg(long, short, value_name = "K", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(crate) trials: Option<u64>,
    /// The error level: two-sided of a comparison, one-sided of a gate
    #[arg(long, value_name = "SHARE", default_value = "0.05", value_parser = error_level)]
    pub(crate) alpha: f64,
    /// The chance with which a difference is to be detected, or a gate to be passed
    #[arg(long, value_name = "SHARE", default_value = "0.8", value_parser = chance)]
    pub(crate) power: f64,
}

#[derive(Debug, Args)]
pub(crate) struct ScalingArgs {
    /// The run: last, last~1, a name, or a path
    #[arg(default_value = "last")]
    pub(crate) run: String,
    /// Only these endpoints; may be repeated
    #[arg(long, short, value_name = "NAME")]
    pub(crate) endpoint: Vec<String>,
    /// The error level of the intervals
    #[arg(long, value_name = "SHARE", default_value = "0.05", value_parser = error_level)]
    pub(crate) alpha: f64,
    /// Also say what more attempts than were measured would bring, assuming that no scenario is impossible
    #[arg(long)]
    pub(crate) extrapolate: bool,
}

fn difference(text: &str) -> Result<f64, String> {
    let value = text.parse::<f64>().ok().filter(|s| *s > 0.0 && *s <= 1.0);
    value.ok_or_else(|| "a difference of rates lies between 0 and 1, such as 0.05 for five points".to_owned())
}

fn chance(text: &str) -> Result<f64, String> {
    let value = text.parse::<f64>().ok().filter(|p| *p >= 0.5 && *p <= 0.999);
    value.ok_or_else(|| "a power lies between 0.5 and 0.999".to_owned())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScopeArg {
    /// These very scenarios
    Suite,
    /// Scenarios like these
    Population,
}

impl From<ScopeArg> for mocktrial_analysis::compare::Scope {
    fn from(scope: ScopeArg) -> Self {
        match scope {
            ScopeArg::Suite => Self::Suite,
            ScopeArg::Population => Self::Population,
        }
    }
}

fn error_level(text: &str) -> Result<f64, String> {
    let value = text.parse::<f64>().ok().filter(|a| *a > 0.0 && *a < 0.5);
    value.ok_or_else(|| "an error level lies between 0 and 0.5".to_owned())
}

#[derive(Debug, Args)]
pub(crate) struct GateArgs {
    /// The run: last, last~1, a name, or a path
    #[arg(default_value = "last")]
    pub(crate) run: String,
    /// The endpoints that are judged; may be repeated [default: all that the baseline has]
    #[arg(long, short, value_name = "NAME")]
    pub(crate) endpoint: Vec<String>,
    /// Another run in place of the baseline
    #[arg(long, value_name = "RUN", conflicts_with = "baseline")]
    pub(crate) against: Option<String>,
    /// The endpoint of the same run that the others are held against, in place of the baseline
    ///
    /// Both are run side by side, so that a provider's drift hits both alike: by --trials now, or before by
    /// `mocktrial run -e NEW -e OLD`.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["baseline", "against"])]
    pub(crate) control: Option<String>,
    /// Run the endpoints that are judged and the control now, with N trials of every scenario, and judge that run
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    #[arg(requires = "control", requires = "endpoint", conflicts_with = "run")]
    pub(crate) trials: Option<u32>,
    /// With --trials: stop before the run spends more than this many dollars
    #[arg(long, value_name = "DOLLARS", value_parser = dollars, requires = "trials")]
    pub(crate) max_cost: Option<f64>,
    /// With --trials: do not ask
    #[arg(long, short, requires = "trials")]
    pub(crate) yes: bool,
    /// The baseline [default: mocktrial.toml, else baseline.json]
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// The loss of pass rate that is still acceptable, as a share [default: mocktrial.toml, else 0.05]
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub(crate) margin: Option<f64>,
    /// The chance of a false verdict on either side [default: mocktrial.toml, else 0.05]
    #[arg(long, value_name = "SHARE", value_parser = error_level)]
    pub(crate) alpha: Option<f64>,
    /// What the answer is about [default: mocktrial.toml, else suite]
    #[arg(long, value_enum)]
    pub(crate) scope: Option<ScopeArg>,
    #[command(flatten)]
    pub(crate) outputs: OutputArgs,
}

fn share(text: &str) -> Result<f64, String> {
    let value = text.parse::<f64>().ok().filter(|s| (0.0..=1.0).contains(s));
    value.ok_or_else(|| "a share lies between 0 and 1".to_owned())
}

/// What a simulation alone is asked.
const SIMULATED: [&str; 5] = ["effect", "replications", "baseline", "margin", "scope"];

#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    /// Only these endpoints; may be repeated
    #[arg(long, short, value_name = "NAME")]
    pub(crate) endpoint: Vec<String>,
    /// Run the endpoint twice now, side by side under two labels, and test what comes of it
    #[arg(long, conflicts_with_all = SIMULATED)]
    pub(crate) live: bool,
    /// Test a run that has an endpoint under two labels already, such as that of an earlier --live
    #[arg(long, value_name = "RUN", conflicts_with = "live", conflicts_with = "trials", conflicts_with_all = SIMULATED)]
    pub(crate) from: Option<String>,
    /// With --live: stop before the run spends more than this many dollars
    #[arg(long, value_name = "DOLLARS", value_parser = dollars, requires = "live")]
    pub(crate) max_cost: Option<f64>,
    /// With --live: do not ask
    #[arg(long, short, requires = "live")]
    pub(crate) yes: bool,
    /// Trials of the candidate per scenario [default: as many as the baseline has]; with --live, of each label [default: 4]
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) trials: Option<u32>,
    /// The loss at which the gate's power is measured, as a share
    #[arg(long, value_name = "SHARE", default_value = "0.1", value_parser = share)]
    pub(crate) effect: f64,
    /// Simulated gates for each truth
    #[arg(long, value_name = "N", default_value = "2000", value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    pub(crate) replications: u32,
    /// What decides the simulation [default: 42]; with --live, the run's seed
    #[arg(long, value_name = "N", conflicts_with = "from")]
    pub(crate) seed: Option<u64>,
    /// The baseline [default: mocktrial.toml, else baseline.json]
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// As for `gate`
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub(crate) margin: Option<f64>,
    /// As for `gate`; of a live audit, the error over its tests together
    #[arg(long, value_name = "SHARE", value_parser = error_level)]
    pub(crate) alpha: Option<f64>,
    /// As for `gate`
    #[arg(long, value_enum)]
    pub(crate) scope: Option<ScopeArg>,
}

#[derive(Debug, Args)]
pub(crate) struct AcceptArgs {
    /// The run: last, last~1, a name, or a path
    #[arg(default_value = "last")]
    pub(crate) run: String,
    /// Why these results are accepted; kept in the baseline
    #[arg(long, value_name = "TEXT")]
    pub(crate) why: String,
    /// Only these endpoints; may be repeated
    #[arg(long, short, value_name = "NAME")]
    pub(crate) endpoint: Vec<String>,
    /// Only these scenarios, which must be new or have changed; may be repeated
    #[arg(long, value_name = "SCENARIO", conflicts_with = "anchor")]
    pub(crate) scenario: Vec<String>,
    /// Move the anchor as well
    #[arg(long)]
    pub(crate) anchor: bool,
    /// Where the run file is kept, such as an URL; kept in the baseline
    #[arg(long, value_name = "TEXT")]
    pub(crate) location: Option<String>,
    /// The baseline [default: mocktrial.toml, else baseline.json]
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct HealthArgs {
    /// The runs: last, last~1, a name, or a path
    #[arg(default_value = "last", value_name = "RUN")]
    pub(crate) runs: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct FairnessArgs {
    /// The run: last, last~1, a name, or a path
    #[arg(default_value = "last")]
    pub(crate) run: String,
    /// Only these endpoints; may be repeated
    #[arg(long, short, value_name = "NAME")]
    pub(crate) endpoint: Vec<String>,
    /// The variants that are compared, each once [default: those that scenarios have]
    #[arg(long, value_name = "NAME")]
    pub(crate) variant: Vec<String>,
    /// What the answer is about
    #[arg(long, value_enum, default_value_t = ScopeArg::Suite)]
    pub(crate) scope: ScopeArg,
    /// The chance of a false alarm over all endpoints
    #[arg(long, value_name = "SHARE", default_value = "0.05", value_parser = error_level)]
    pub(crate) alpha: f64,
}

#[derive(Debug, Args)]
pub(crate) struct ReviewArgs {
    /// The run: last, last~1, a name, or a path
    #[arg(default_value = "last")]
    pub(crate) run: String,
    /// How many episodes to show
    #[arg(long, short = 'n', value_name = "N", default_value = "50")]
    pub(crate) sample: usize,
    /// What decides the sample [default: the run's seed]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// The judge that is meant, where the run has several
    #[arg(long, value_name = "NAME")]
    pub(crate) judge: Option<String>,
    /// Who labels [default: $USER]
    #[arg(long, value_name = "NAME")]
    pub(crate) rater: Option<String>,
    /// Write a sheet to be filled in instead (CSV, or JSON Lines by its extension .jsonl)
    #[arg(long, value_name = "FILE", conflicts_with = "rater")]
    pub(crate) export: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct JudgeArgs {
    #[command(subcommand)]
    pub(crate) what: JudgeCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum JudgeCommand {
    /// Hold a judge against people's labels, and keep what comes of it
    ///
    /// Says how far judge and people agree (κ, AC1, α), and for each endpoint how much of what is good the judge passes
    /// and of what is bad it fails. What comes of it is kept in the project's folder `calibrations` and with the run, and
    /// corrects the rates that this judge gives by these rubrics; those of other endpoints it leaves alone.
    Calibrate(CalibrateArgs),
}

#[derive(Debug, Args)]
pub(crate) struct CalibrateArgs {
    /// The run: last, last~1, a name, or a path
    #[arg(default_value = "last")]
    pub(crate) run: String,
    /// Labels as CSV or JSON Lines: `human`, and `item` of this run or `endpoint` and `judged`; may be repeated
    /// [default: what `mocktrial review` has kept of the run]
    #[arg(long, value_name = "FILE")]
    pub(crate) labels: Vec<PathBuf>,
    /// The judge that is meant, where the run has several
    #[arg(long, value_name = "NAME")]
    pub(crate) judge: Option<String>,
    /// Say what comes of it, and keep nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct EndpointsArgs {
    #[command(subcommand)]
    pub(crate) what: Option<EndpointsCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum EndpointsCommand {
    /// Make a few tiny calls and say what an endpoint really supports
    ///
    /// Tools, parallel and forced calls, streaming, seeds, usage, image input, system prompt and output limit:
    /// each is found out from what comes back, with its latency and cost.
    Test(EndpointsTestArgs),
}

#[derive(Debug, Args)]
pub(crate) struct EndpointsTestArgs {
    /// The endpoints
    #[arg(required = true, value_name = "NAME")]
    pub(crate) names: Vec<String>,
    /// Make no call that could bring the cost above this many dollars
    #[arg(long, value_name = "DOLLARS", value_parser = dollars)]
    pub(crate) max_cost: Option<f64>,
    /// Make no call that could bring the use above this many tokens
    #[arg(long, value_name = "N")]
    pub(crate) max_tokens: Option<u64>,
    /// Ask first when the calls may cost more than this many dollars
    #[arg(long, value_name = "DOLLARS", value_parser = dollars)]
    pub(crate) confirm_above: Option<f64>,
    /// Do not ask
    #[arg(long, short)]
    pub(crate) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// The kind of file; without it the kinds are listed
    pub(crate) kind: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The folder, which is made if it is missing
    #[arg(default_value = ".")]
    pub(crate) folder: PathBuf,
    /// A file with your own tool definitions, in any supported format
    #[arg(long, value_name = "FILE")]
    pub(crate) tools: Option<PathBuf>,
}

/// An amount of money.
fn dollars(text: &str) -> Result<f64, String> {
    let amount: f64 = text.trim_start_matches('$').parse().map_err(|_| "not a number of dollars".to_owned())?;
    if amount.is_finite() && amount >= 0.0 { Ok(amount) } else { Err("an amount is a number from 0".to_owned()) }
}
