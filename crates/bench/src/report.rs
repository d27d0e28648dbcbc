//! The figures beside their goals, as a table for people or JSON for machines.

use serde::Serialize;

/// One thing that was measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Line {
    /// What was measured, and where.
    pub(crate) what: String,
    /// The bare loop's figure, where there is one to compare with.
    pub(crate) bare: Option<f64>,
    /// The harness's figure.
    pub(crate) harness: Option<f64>,
    /// The unit of `bare` and `harness`.
    pub(crate) unit: &'static str,
    /// What is judged: a ratio to the bare loop, or the harness's figure itself.
    pub(crate) measured: Option<f64>,
    /// The unit of `measured` and the bounds.
    pub(crate) measured_unit: &'static str,
    /// What `measured` must not exceed.
    pub(crate) limit: f64,
    /// What it should not exceed.
    pub(crate) goal: Option<f64>,
    /// What made the run invalid: it failed, or did not do the work.
    pub(crate) fault: Option<String>,
    pub(crate) verdict: Verdict,
}

/// Whether a line is within its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Verdict {
    Pass,
    /// Above the limit, or not measured.
    Miss,
}

/// What `measured` may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound {
    pub(crate) limit: f64,
    pub(crate) goal: Option<f64>,
}

impl Bound {
    pub(crate) fn at_most(limit: f64) -> Bound {
        Bound { limit, goal: None }
    }
}

impl Line {
    /// The harness's figure as a multiple of the bare loop's.
    pub(crate) fn ratio(
        what: impl Into<String>,
        unit: &'static str,
        bare: Option<f64>,
        harness: Option<f64>,
        bound: Bound,
    ) -> Line {
        let measured = bare.zip(harness).map(|(bare, harness)| harness / bare);
        Line::judged(what.into(), bare, harness, unit, measured, "×", bound)
    }

    /// The harness's figure by itself.
    pub(crate) fn absolute(what: impl Into<String>, unit: &'static str, harness: Option<f64>, bound: Bound) -> Line {
        Line::judged(what.into(), None, harness, unit, harness, unit, bound)
    }

    fn judged(
        what: String,
        bare: Option<f64>,
        harness: Option<f64>,
        unit: &'static str,
        measured: Option<f64>,
        measured_unit: &'static str,
        Bound { limit, goal }: Bound,
    ) -> Line {
        let verdict = match measured {
            Some(measured) if measured <= limit => Verdict::Pass,
            _ => Verdict::Miss,
        };
        Line { what, bare, harness, unit, measured, measured_unit, limit, goal, fault: None, verdict }
    }

    /// A line whose run went wrong is missed, whatever its figures.
    pub(crate) fn with_fault(mut self, fault: Option<String>) -> Line {
        if fault.is_some() {
            self.verdict = Verdict::Miss;
        }
        self.fault = fault;
        self
    }

    fn goal_word(&self) -> &'static str {
        match (self.goal, self.measured) {
            (Some(goal), Some(measured)) if self.fault.is_none() && measured <= goal => "reached",
            (Some(_), _) => "not reached",
            (None, _) => "",
        }
    }
}

/// Everything `measure` found.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// How many times each was run; medians are shown.
    pub(crate) repeat: usize,
    pub(crate) lines: Vec<Line>,
    /// The last line the harness printed in each setting, to see that it did its work.
    pub(crate) notes: Vec<String>,
}

impl Report {
    pub(crate) fn to_text(&self) -> String {
        let figure = |value: Option<f64>, unit: &str| {
            value.map_or_else(|| "–".to_owned(), |value| format!("{} {unit}", number(value)))
        };
        let head = ["", "bare loop", "mocktrial", "measured", "at most", "", "goal"];
        let mut rows = vec![head.map(str::to_owned)];
        for line in &self.lines {
            let goal = line.goal.map(|goal| format!("{} {}, {}", number(goal), line.measured_unit, line.goal_word()));
            rows.push([
                line.what.clone(),
                figure(line.bare, line.unit),
                figure(line.harness, line.unit),
                figure(line.measured, line.measured_unit),
                figure(Some(line.limit), line.measured_unit),
                match line.verdict {
                    Verdict::Pass => "PASS".to_owned(),
                    Verdict::Miss => "MISS".to_owned(),
                },
                goal.unwrap_or_default(),
            ]);
        }
        let mut text = align(&rows);
        for line in &self.lines {
            if let Some(fault) = &line.fault {
                text.push_str(&format!("\n! {}: {fault}", line.what));
            }
        }
        for note in &self.notes {
            text.push_str(&format!("\n· {note}"));
        }
        let passed = self.lines.iter().filter(|line| line.verdict == Verdict::Pass).count();
        text.push_str(&format!(
            "\n{passed} of {} within their limits (medians of {})\n",
            self.lines.len(),
            self.repeat
        ));
        text
    }
}

/// Three significant digits, without an exponent.
fn number(value: f64) -> String {
    let digits = match value.abs() {
        large if large >= 100.0 => 0,
        middle if middle >= 10.0 => 1,
        small if small >= 1.0 || small == 0.0 => 2,
        tiny if tiny >= 0.1 => 3,
        _ => 4,
    };
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn align<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: [usize; N] = std::array::from_fn(|column| width(column).unwrap_or(0));
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
            let room = " ".repeat(width - cell.chars().count());
            // Words to the left, figures to the right.
            let words = column == 0 || column + 2 >= N;
            line.push_str(&if words { format!("{cell}{room}  ") } else { format!("{room}{cell}  ") });
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWICE: Bound = Bound { limit: 4.0, goal: Some(2.0) };

    #[test]
    fn a_ratio_is_judged_by_its_limit_and_its_goal() {
        let line = |harness| Line::ratio("wall", "ms", Some(10.0), Some(harness), TWICE);
        assert_eq!(line(15.0).verdict, Verdict::Pass);
        assert_eq!(line(15.0).goal_word(), "reached");
        assert_eq!(line(30.0).verdict, Verdict::Pass);
        assert_eq!(line(30.0).goal_word(), "not reached");
        assert_eq!(line(41.0).verdict, Verdict::Miss);
    }

    #[test]
    fn what_was_not_measured_or_went_wrong_is_missed() {
        let line = Line::ratio("wall", "ms", Some(10.0), None, TWICE);
        assert_eq!(line.verdict, Verdict::Miss);
        let line = Line::absolute("--version", "ms", Some(1.0), Bound::at_most(20.0));
        assert_eq!(line.verdict, Verdict::Pass);
        assert_eq!(line.with_fault(Some("exit code 3".into())).verdict, Verdict::Miss);
    }

    #[test]
    fn the_table_has_a_row_a_line_and_says_what_went_wrong() {
        let report = Report {
            repeat: 3,
            lines: vec![
                Line::ratio("wall", "ms", Some(10.0), Some(15.0), TWICE),
                Line::absolute("--version", "ms", None, Bound::at_most(20.0)).with_fault(Some("no such file".into())),
            ],
            notes: vec!["1 run".into()],
        };
        assert_eq!(
            report.to_text(),
            "           bare loop  mocktrial  measured  at most        goal\n\
             wall           10 ms      15 ms     1.5 ×      4 ×  PASS  2 ×, reached\n\
             --version          –          –         –    20 ms  MISS\n\
             \n! --version: no such file\n· 1 run\n\
             1 of 2 within their limits (medians of 3)\n"
        );
    }

    #[test]
    fn numbers_keep_about_three_digits() {
        let shown: Vec<String> = [0.0312, 0.0, 1.5, 12.345, 1234.5].map(number).into();
        assert_eq!(shown, ["0.0312", "0", "1.5", "12.3", "1234"]);
    }
}
