//! The papers and books that a methods section cites.

use std::fmt::Write as _;

/// A work that is cited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Work {
    BenjaminiHochberg,
    BonettPrice,
    Chen,
    DeanPagano,
    Fisher,
    Holm,
    Kish,
    KornGraubard,
    LangReiczigel,
    Miller,
    Mogstad,
    RomanoWolf,
    Ville,
    WaudbySmith,
    Wilson,
    Yao,
}

/// What is known of a work; all of it ASCII but the names.
struct Entry {
    key: &'static str,
    /// The kind of entry that BibTeX has for it.
    kind: &'static str,
    /// In BibTeX's way: `Family, Given and Family, Given`.
    authors: &'static str,
    title: &'static str,
    year: &'static str,
    /// Where it appeared, as fields of BibTeX; of these `journal`, `publisher` and the like.
    venue: &'static [(&'static str, &'static str)],
    /// Its DOI; empty where it has none.
    doi: &'static str,
}

impl Work {
    fn entry(self) -> Entry {
        match self {
            Self::BenjaminiHochberg => Entry {
                key: "benjamini1995",
                kind: "article",
                authors: "Benjamini, Yoav and Hochberg, Yosef",
                title: "Controlling the False Discovery Rate: A Practical and Powerful Approach to Multiple Testing",
                year: "1995",
                venue: &[
                    ("journal", "Journal of the Royal Statistical Society: Series B (Methodological)"),
                    ("volume", "57"),
                    ("number", "1"),
                    ("pages", "289--300"),
                ],
                doi: "10.1111/j.2517-6161.1995.tb02031.x",
            },
            Self::BonettPrice => Entry {
                key: "bonett2012",
                kind: "article",
                authors: "Bonett, Douglas G. and Price, Robert M.",
                title: "Adjusted Wald Confidence Interval for a Difference of Binomial Proportions Based on Paired Data",
                year: "2012",
                venue: &[
                    ("journal", "Journal of Educational and Behavioral Statistics"),
                    ("volume", "37"),
                    ("number", "4"),
                    ("pages", "479--488"),
                ],
                doi: "10.3102/1076998611411915",
            },
            Self::Chen => Entry {
                key: "chen2021",
                kind: "misc",
                authors: "Chen, Mark and others",
                title: "Evaluating Large Language Models Trained on Code",
                year: "2021",
                venue: &[("howpublished", "arXiv:2107.03374")],
                doi: "10.48550/arXiv.2107.03374",
            },
            Self::DeanPagano => Entry {
                key: "dean2015",
                kind: "article",
                authors: "Dean, Natalie and Pagano, Marcello",
                title: "Evaluating Confidence Interval Methods for Binomial Proportions in Clustered Surveys",
                year: "2015",
                venue: &[
                    ("journal", "Journal of Survey Statistics and Methodology"),
                    ("volume", "3"),
                    ("number", "4"),
                    ("pages", "484--503"),
                ],
                doi: "10.1093/jssam/smv024",
            },
            Self::Fisher => Entry {
                key: "fisher1935",
                kind: "book",
                authors: "Fisher, Ronald A.",
                title: "The Design of Experiments",
                year: "1935",
                venue: &[("publisher", "Oliver and Boyd"), ("address", "Edinburgh")],
                doi: "",
            },
            Self::Holm => Entry {
                key: "holm1979",
                kind: "article",
                authors: "Holm, Sture",
                title: "A Simple Sequentially Rejective Multiple Test Procedure",
                year: "1979",
                venue: &[
                    ("journal", "Scandinavian Journal of Statistics"),
                    ("volume", "6"),
                    ("number", "2"),
                    ("pages", "65--70"),
                ],
                doi: "",
            },
            Self::Kish => Entry {
                key: "kish1965",
                kind: "book",
                authors: "Kish, Leslie",
                title: "Survey Sampling",
                year: "1965",
                venue: &[("publisher", "John Wiley and Sons"), ("address", "New York")],
                doi: "",
            },
            Self::KornGraubard => Entry {
                key: "korn1998",
                kind: "article",
                authors: "Korn, Edward L. and Graubard, Barry I.",
                title: "Confidence Intervals for Proportions with Small Expected Number of Positive Counts Estimated from Survey \
                        Data",
                year: "1998",
                venue: &[("journal", "Survey Methodology"), ("volume", "24"), ("number", "2"), ("pages", "193--201")],
                doi: "",
            },
            Self::LangReiczigel => Entry {
                key: "lang2014",
                kind: "article",
                authors: "Lang, Zsolt and Reiczigel, Jen\u{151}",
                title: "Confidence Limits for Prevalence of Disease Adjusted for Estimated Sensitivity and Specificity",
                year: "2014",
                venue: &[
                    ("journal", "Preventive Veterinary Medicine"),
                    ("volume", "113"),
                    ("number", "1"),
                    ("pages", "13--22"),
                ],
                doi: "10.1016/j.prevetmed.2013.09.015",
            },
            Self::Miller => Entry {
                key: "miller2024",
                kind: "misc",
                authors: "Miller, Evan",
                title: "Adding Error Bars to Evals: A Statistical Approach to Language Model Evaluations",
                year: "2024",
                venue: &[("howpublished", "arXiv:2411.00640")],
                doi: "10.48550/arXiv.2411.00640",
            },
            Self::Mogstad => Entry {
                key: "mogstad2024",
                kind: "article",
                authors: "Mogstad, Magne and Romano, Joseph P. and Shaikh, Azeem M. and Wilhelm, Daniel",
                title: "Inference for Ranks with Applications to Mobility across Neighbourhoods and Academic Achievement across \
                        Countries",
                year: "2024",
                venue: &[
                    ("journal", "The Review of Economic Studies"),
                    ("volume", "91"),
                    ("number", "1"),
                    ("pages", "476--518"),
                ],
                doi: "10.1093/restud/rdad006",
            },
            Self::RomanoWolf => Entry {
                key: "romano2005",
                kind: "article",
                authors: "Romano, Joseph P. and Wolf, Michael",
                title: "Exact and Approximate Stepdown Methods for Multiple Hypothesis Testing",
                year: "2005",
                venue: &[
                    ("journal", "Journal of the American Statistical Association"),
                    ("volume", "100"),
                    ("number", "469"),
                    ("pages", "94--108"),
                ],
                doi: "10.1198/016214504000000539",
            },
            Self::Ville => Entry {
                key: "ville1939",
                kind: "book",
                authors: "Ville, Jean",
                title: "\u{c9}tude critique de la notion de collectif",
                year: "1939",
                venue: &[("publisher", "Gauthier-Villars"), ("address", "Paris")],
                doi: "",
            },
            Self::WaudbySmith => Entry {
                key: "waudbysmith2024",
                kind: "article",
                authors: "Waudby-Smith, Ian and Ramdas, Aaditya",
                title: "Estimating Means of Bounded Random Variables by Betting",
                year: "2024",
                venue: &[
                    ("journal", "Journal of the Royal Statistical Society: Series B (Statistical Methodology)"),
                    ("volume", "86"),
                    ("number", "1"),
                    ("pages", "1--27"),
                ],
                doi: "10.1093/jrsssb/qkad009",
            },
            Self::Wilson => Entry {
                key: "wilson1927",
                kind: "article",
                authors: "Wilson, Edwin B.",
                title: "Probable Inference, the Law of Succession, and Statistical Inference",
                year: "1927",
                venue: &[
                    ("journal", "Journal of the American Statistical Association"),
                    ("volume", "22"),
                    ("number", "158"),
                    ("pages", "209--212"),
                ],
                doi: "10.1080/01621459.1927.10502953",
            },
            Self::Yao => Entry {
                key: "yao2024",
                kind: "misc",
                authors: "Yao, Shunyu and Shinn, Noah and Razavi, Pedram and Narasimhan, Karthik",
                title: "tau-bench: A Benchmark for Tool-Agent-User Interaction in Real-World Domains",
                year: "2024",
                venue: &[("howpublished", "arXiv:2406.12045")],
                doi: "10.48550/arXiv.2406.12045",
            },
        }
    }

    /// What `\cite` calls it.
    pub(crate) fn key(self) -> &'static str {
        self.entry().key
    }

    /// Its entry of a `.bib` file.
    pub(crate) fn bib(self) -> String {
        let e = self.entry();
        // What stands in a second pair of braces keeps its capitals.
        let mut out =
            format!("@{}{{{},\n  author = {{{}}},\n  title = {{{{{}}}}},\n", e.kind, e.key, e.authors, e.title);
        for (field, value) in e.venue {
            let _ = writeln!(out, "  {field} = {{{value}}},");
        }
        let _ = writeln!(out, "  year = {{{}}},", e.year);
        if !e.doi.is_empty() {
            let _ = writeln!(out, "  doi = {{{}}},", e.doi);
        }
        out.push_str("}\n");
        out
    }

    /// It in a line of plain text.
    pub(crate) fn plain(self) -> String {
        let e = self.entry();
        let authors: Vec<String> = e
            .authors
            .split(" and ")
            .map(|name| match name.split_once(", ") {
                Some((family, given)) => format!("{given} {family}"),
                None => name.to_owned(),
            })
            .collect();
        let authors = match authors.as_slice() {
            [first, rest] if rest == "others" => format!("{first} et al."),
            [.., last] if authors.len() > 1 => format!("{} and {last}", authors[..authors.len() - 1].join(", ")),
            all => all.join(", "),
        };
        let get = |field: &str| e.venue.iter().find(|(f, _)| *f == field).map(|(_, v)| v.replace("--", "–"));
        let mut place = ["journal", "howpublished", "publisher"].iter().find_map(|f| get(f)).unwrap_or_default();
        if let Some(volume) = get("volume") {
            let _ = write!(place, " {volume}");
            if let Some(number) = get("number") {
                let _ = write!(place, "({number})");
            }
            if let Some(pages) = get("pages") {
                let _ = write!(place, ":{pages}");
            }
        }
        let doi = if e.doi.is_empty() { String::new() } else { format!(" doi:{}", e.doi) };
        let stop = if authors.ends_with('.') { "" } else { "." };
        format!("{authors}{stop} {}. {place}, {}.{doi}", e.title, e.year)
    }
}

#[cfg(test)]
pub(super) const ALL: [Work; 16] = [
    Work::BenjaminiHochberg,
    Work::BonettPrice,
    Work::Chen,
    Work::DeanPagano,
    Work::Fisher,
    Work::Holm,
    Work::Kish,
    Work::KornGraubard,
    Work::LangReiczigel,
    Work::Miller,
    Work::Mogstad,
    Work::RomanoWolf,
    Work::Ville,
    Work::WaudbySmith,
    Work::Wilson,
    Work::Yao,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_work_has_a_key_of_its_own_and_an_entry_that_bibtex_reads() {
        let keys: std::collections::BTreeSet<_> = ALL.iter().map(|w| w.key()).collect();
        assert_eq!(keys.len(), ALL.len());
        for work in ALL {
            let entry = work.entry();
            assert!(entry.key.ends_with(entry.year), "{}", entry.key);
            let bib = work.bib();
            assert_eq!(bib.matches('{').count(), bib.matches('}').count());
            assert!(!bib.contains(['%', '#', '&', '_', '$']), "{bib}");
        }
        let all: Vec<String> = ALL.iter().map(|w| w.plain()).collect();
        insta::assert_snapshot!("references", all.join("\n"));
    }
}
