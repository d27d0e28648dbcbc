//! A figure as a `picture` of LaTeX's kernel, for those who cannot turn SVG into PDF: no package draws it.

use super::tex::{comment, escape};
use crate::figure::{Anchor, Figure, Mark, SIZE, Shade, WIDTH};
use std::fmt::Write as _;

/// A stroke of a dashed line and the gap after it, in points.
const DASH: (f64, f64) = (3.0, 2.0);

impl Figure {
    /// It as LaTeX.
    pub(super) fn picture(&self) -> String {
        let height = self.height;
        let mut out = format!(
            "% {}\n% {}\n% Needs color, and T1 as the encoding of fonts.\n\
             {{\\setlength{{\\unitlength}}{{1bp}}\\fontsize{{{SIZE}bp}}{{{SIZE}bp}}\\selectfont\\sffamily\n\
             \\begin{{picture}}({WIDTH:.1},{height:.1})\n",
            comment(&self.title),
            comment(&self.description)
        );
        let up = |y: f64| height - y;
        for mark in &self.marks {
            match mark {
                Mark::Line { from, to, shade, width, dashed } => {
                    let (left, right) = (from.0.min(to.0), from.0.max(to.0));
                    let (low, high) = (up(from.1.max(to.1)), up(from.1.min(to.1)));
                    let half = width / 2.0;
                    // Nothing dashed runs across.
                    let mut at = low;
                    while at < high || at <= low {
                        let end = if *dashed { (at + DASH.0).min(high) } else { high };
                        let (wide, tall) = if left < right { (right - left, *width) } else { (*width, end - at) };
                        let place = if left < right { (left, at - half) } else { (left - half, at) };
                        rule(&mut out, place, (wide, tall), *shade);
                        if !dashed {
                            break;
                        }
                        at = end + DASH.1;
                    }
                }
                Mark::Box { at, size, fill } => rule(&mut out, (at.0, up(at.1 + size.1)), *size, *fill),
                Mark::Disk { at, radius, fill } => {
                    let (x, y, wide) = (at.0, up(at.1), 2.0 * radius);
                    let _ = writeln!(
                        out,
                        "\\put({x:.1},{y:.1}){{\\color[gray]{{{:.2}}}\\circle*{{{wide:.1}}}}}\\put({x:.1},{y:.1}){{\\circle{{{wide:.1}}}}}",
                        fill.grey()
                    );
                }
                Mark::Words { at, anchor, text, shade } => {
                    let side = match anchor {
                        Anchor::Start => 'l',
                        Anchor::Middle => 'c',
                        Anchor::End => 'r',
                    };
                    let text = escape(text);
                    let text = if *shade == Shade::White { format!("\\color[gray]{{1}}{text}") } else { text };
                    let _ = writeln!(out, "\\put({:.1},{:.1}){{\\makebox[0pt][{side}]{{{text}}}}}", at.0, up(at.1));
                }
            }
        }
        out.push_str("\\end{picture}}\n");
        out
    }
}

fn rule(out: &mut String, at: (f64, f64), size: (f64, f64), shade: Shade) {
    let _ = writeln!(
        out,
        "\\put({:.1},{:.1}){{\\color[gray]{{{:.2}}}\\rule{{{:.1}bp}}{{{:.1}bp}}}}",
        at.0,
        at.1,
        shade.grey(),
        size.0,
        size.1
    );
}
