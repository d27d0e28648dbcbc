//! How rates and differences were estimated.

use super::{Paragraph, listed};
use crate::figure::way;
use crate::model::{Report, tables};
use crate::number::{count, p_value, percent};
use crate::paper::references::Work;
use mocktrial_analysis::compare::{Comparison, Scope};
use mocktrial_analysis::scaling::Way;
use std::collections::BTreeSet;

/// Pairs whose own tests are told one by one.
const TOLD: usize = 6;

/// A share in percent with the digits that it has: `2.5`.
pub(super) fn share(x: f64) -> String {
    format!("{}", (x * 1000.0).round() / 10.0)
}

/// Rates and their intervals.
pub(super) fn rates(report: &Report) -> Paragraph {
    let mut out = Paragraph::new("Estimates");
    let rated: Vec<_> = report.runs.iter().filter(|run| run.refused.is_none()).collect();
    let Some(run) = rated.first() else { return out };
    let variants = rated.iter().any(|run| run.endpoints.iter().any(|e| e.every_variant.is_some()));
    out.cite(
        format!(
            "The pass rate was estimated as the mean over scenarios of the mean over {}their trials; trials of a scenario were not \
             counted as independent scenarios.",
            if variants { "their variants of the mean over " } else { "" }
        ),
        &[Work::Miller],
    );
    let confidence = percent(run.confidence);
    out.cite(
        format!(
            "Its {confidence} % interval was Wilson's score interval on an effective sample size: p(1 − p)/v for a rate p with the \
             squared standard error v over scenarios, kept between the number of scenarios and the number of trials (their \
             harmonic equivalent where scenarios had unequal numbers), and multiplied by the square of the ratio of the normal \
             to Student's quantile for the variance being estimated."
        ),
        &[Work::Wilson, Work::Kish, Work::KornGraubard, Work::DeanPagano],
    );
    if rated.iter().any(|run| run.endpoints.iter().any(|e| e.scenarios == 1 && e.pass_rate.is_some())) {
        out.say("A rate over one scenario had no spread to be estimated, and its interval was all of 0 to 100 %.");
    }
    if rated.iter().any(|run| tables::partial_credit(run)) {
        out.say(
            "The score gave partial credit: the weighted mean score of the criteria in an episode that came to its end, and 0 in any \
             other; its mean and interval were formed as those of the pass rate.",
        );
    }
    if variants {
        out.say(
            "The rate of every variant is the share of trials in which a scenario was passed in all of its variants.",
        );
    }
    let ks: BTreeSet<u32> = rated.iter().filter_map(|run| tables::common_k(run)).collect();
    let named: Vec<String> = ks.iter().map(u32::to_string).collect();
    if !named.is_empty() {
        let (k, which) = match named.as_slice() {
            [one] => (one.as_str(), String::new()),
            several => ("k", format!(", for k = {} as the runs allow", listed(several))),
        };
        out.cite(
            format!(
                "The probability that {k} trials of a scenario all pass (pass^{k}{which}) was estimated without bias from its \
                 c passes in n trials as C(c, {k})/C(n, {k}), and averaged over scenarios; its interval was formed likewise, with \
                 the number of trials divided by {k}."
            ),
            &[Work::Yao],
        );
    }
    out.say("These rates are about the scenarios as they are; nothing is claimed of others.");
    if let Some(front) = report.fronts.first().filter(|f| !f.points.is_empty()) {
        let works: &[Work] = if front.way == Way::PerfectVerifier { &[Work::Chen] } else { &[] };
        out.cite(
            format!(
                "For accuracy against cost, k attempts of an endpoint were taken together: {}, at the cost of all k in {}, on the {} \
                 that all share and whose costs are known; a point was on the front where no other was at most as dear and at \
                 least as accurate, and better in one, and the share of draws of scenarios with replacement (up to 2000) in \
                 which that was so tells how sure it is.",
                way(&front.way),
                front.unit,
                count(front.scenarios, "scenario")
            ),
            works,
        );
    }
    out
}

/// Pairs, corrections and ranks.
pub(super) fn comparisons(report: &Report) -> Paragraph {
    let mut out = Paragraph::new("Comparisons");
    let Some(all) = &report.compared else { return out };
    let tested: Vec<&Comparison> = all.pairs.iter().filter(|p| p.delta.is_some() && p.refused.is_none()).collect();
    for pair in all.pairs.iter().take(TOLD) {
        let (first, second) = (report.side(&pair.first), report.side(&pair.second));
        if let Some(why) = &pair.refused {
            out.say(format!("{first} was not compared with {second}: {why}."));
        }
    }
    if tested.is_empty() {
        return out;
    }
    let (units, plural, scope) = match all.scope {
        Scope::Suite => ("scenario", "scenarios", "on these scenarios"),
        Scope::Population => {
            let scope = "on scenarios like these, which assumes that these represent them, with families as units";
            ("family", "families", scope)
        }
    };
    out.say(format!(
        "Endpoints were compared {scope}, paired by {units}, and only on scenarios whose messages, tools, initial states, \
         behaviour, criteria and references were equal on both sides, as their hashes tell."
    ));
    let first = tested[0].units;
    let same = tested.iter().all(|p| p.units == first);
    let over = if same { format!("{first} {plural}") } else { format!("the {plural} of each pair") };
    let unseen = match all.scope {
        Scope::Suite => "half the sum of the shares that one trial has on either side",
        Scope::Population => "1, for a scenario that breaks entirely may not have been drawn",
    };
    out.cite(
        format!(
            "The difference was the mean over {over} of the difference of their pass rates, tested against 0 by a paired t test, \
             two-sided, with one degree of freedom fewer than there are {plural}."
        ),
        &[Work::Miller],
    );
    out.say(format!(
        "So that its spread cannot vanish where all that was seen came out alike, the sum S of the squared deviations was taken \
         as the larger of S + u² and 2u², u being {unseen}; the {} % intervals came from the same statistic, and each holds for \
         its own pair.",
        percent(all.confidence)
    ));
    if tested.len() > 1 {
        out.cite(
            format!(
                "The p-values of the {} comparisons were adjusted by Holm's method, and a verdict was given where the adjusted \
                 value was at most {}.",
                tested.len(),
                share(1.0 - all.confidence) + " %"
            ),
            &[Work::Holm],
        );
    } else {
        out.say(format!("A verdict was given where the p-value was at most {} %.", share(1.0 - all.confidence)));
    }
    let exact: Vec<String> = tested
        .iter()
        .filter_map(|p| {
            let own = format!("mid-p {}", p_value(p.p_sign_flip?));
            let pair = format!("{own} for {} against {}", report.side(&p.first), report.side(&p.second));
            Some(if tested.len() == 1 { own } else { pair })
        })
        .collect();
    if !exact.is_empty() && tested.len() <= TOLD {
        out.cite(
            format!("An exact test that flips the signs of the differences, beside it, gave {}.", listed(&exact)),
            &[Work::Fisher],
        );
    }
    if tested.iter().any(|p| p.bounds.is_some()) {
        out.say(
            "A verdict was withheld where the trials without an outcome, had they all gone one way, could have turned the sign of \
             the difference.",
        );
    }
    if tested.iter().any(|p| !report.tags_of(p).rows.is_empty()) {
        out.cite(
            "Differences by tag are hints where to look, not claims; their p-values were adjusted over tags for the false \
             discovery rate.",
            &[Work::BenjaminiHochberg],
        );
    }
    if !all.ranks.is_empty() {
        out.cite(
            format!(
                "Ranks hold all at once at {} % confidence, on the scenarios that all endpoints share: an endpoint's best rank \
                 counts those that are surely better, its worst those that are surely worse, by the largest of all pairwise t \
                 statistics in 2000 draws of {units} means with replacement.",
                percent(all.confidence)
            ),
            &[Work::Mogstad, Work::RomanoWolf],
        );
    }
    out
}
