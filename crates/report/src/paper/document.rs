//! A document that takes in all pieces, and the results in sentences.

use super::table::Table;
use super::tex::escape;
use crate::figure::Figure;
use crate::model::Report;
use crate::protocol::{claim, verdict};
use std::fmt::Write as _;

/// The verdicts, in the model's words.
pub(super) fn results(report: &Report) -> String {
    let mut out = String::from("% Needs T1 as the encoding of fonts.\n");
    for said in report.verdicts() {
        let _ = write!(out, "{}", escape(&said.head));
        for more in [&said.figures, &said.settle].into_iter().filter(|text| !text.is_empty()) {
            let _ = write!(out, "\n{}", escape(more));
        }
        if !said.notes.is_empty() {
            let _ = write!(out, "\n({})", escape(&said.notes.join("; ")));
        }
        out.push_str("\n\n");
    }
    for held in &report.protocols {
        for judged in &held.hypotheses {
            let (verdict, _) = verdict(judged, held);
            let _ = writeln!(out, "{}\n{}\n", escape(&format!("Registered: {}.", claim(judged))), escape(&verdict));
        }
    }
    out
}

/// The document. `cited`: whether the methods cite anything.
pub(super) fn document(report: &Report, tables: &[Table], figures: &[Figure], cited: bool) -> String {
    let names: Vec<&str> = report.runs.iter().map(|run| &*run.run.name).collect();
    let days: Vec<&str> = report.runs.iter().map(|run| run.run.created.get(..10).unwrap_or(&run.run.created)).collect();
    let mut out = format!(
        "% latexmk -pdf paper.tex\n\
         % LaTeX draws the figures itself. To have them from SVG, turn each into a PDF beside it, such as by\n\
         %   rsvg-convert -f pdf -o figures/NAME.pdf figures/NAME.svg\n\
         \\documentclass{{article}}\n\\usepackage[utf8]{{inputenc}}\n\\usepackage[T1]{{fontenc}}\n\
         \\IfFileExists{{lmodern.sty}}{{\\usepackage{{lmodern}}}}{{}}\n\\usepackage[margin=25mm]{{geometry}}\n\
         \\usepackage{{array,booktabs,longtable,color,graphicx}}\n\
         \\emergencystretch=3em\n\\title{{{}}}\n\\author{{}}\n\\date{{{}}}\n\\begin{{document}}\n\\maketitle\n\n\
         \\section{{Methods}}\n\\input{{methods}}\n\n\\section{{Results}}\n\\input{{results}}\n\n",
        escape(&format!("Report of {}", names.join(", "))),
        escape(&days.join(", "))
    );
    for figure in figures {
        let name = &figure.name;
        let _ = write!(
            out,
            "\\begin{{figure}}[htbp]\n\\centering\n\
             \\IfFileExists{{figures/{name}.pdf}}{{\\includegraphics{{figures/{name}.pdf}}}}{{\\input{{figures/{name}.tex}}}}\n\
             \\caption{{{}}}\\label{{fig:{name}}}\n\\end{{figure}}\n\n",
            escape(&figure.title)
        );
    }
    let input = |out: &mut String, long: bool| {
        for table in tables.iter().filter(|t| t.long == long) {
            let _ = writeln!(out, "\\input{{tables/{}}}", table.name);
        }
    };
    input(&mut out, false);
    if cited {
        out.push_str("\n\\bibliographystyle{plain}\n\\bibliography{references}\n");
    }
    out.push_str("\n\\clearpage\n\\appendix\n\\input{appendix}\n\n\\section{Scenarios}\n");
    input(&mut out, true);
    out.push_str("\\end{document}\n");
    out
}
