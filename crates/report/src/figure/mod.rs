//! Vector figures: rates and differences with their intervals, cost against accuracy, causes of failure.
//!
//! A [`Figure`] is a handful of lines, disks, boxes and words at places in points (1/72 inch), from which both an SVG and a
//! LaTeX `picture` are written; so there is no chart library here: the well-kept ones bring fonts, layout engines and
//! back ends for screens, and decide themselves what a figure of five kinds of marks looks like. What shares its geometry
//! with the pictures of the page ([`Scale`], [`reach`], [`costs`]) is used by both.
//!
//! Shades differ in lightness, so that they can be told apart in grey and with any kind of colour blindness; nothing is said
//! by colour alone. Every figure has a text that says the same.

mod causes;
mod forest;
mod front;
mod scale;
mod svg;

pub(crate) use front::way;
pub(crate) use scale::{Scale, costs, reach};

use crate::model::Report;
use crate::text::columns;

/// How wide a figure is, in points: a column of text on A4 and on Letter.
pub(crate) const WIDTH: f64 = 390.0;

/// The size of words, in points.
pub(crate) const SIZE: f64 = 8.0;

/// A figure, in points from its upper left corner.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Figure {
    /// A word for it, in file names and labels: `pass-rates`.
    pub(crate) name: String,
    /// What it shows, in words.
    pub(crate) title: String,
    /// All that can be read from it, in words.
    pub(crate) description: String,
    /// How high it is.
    pub(crate) height: f64,
    /// What it is drawn of, from back to front.
    pub(crate) marks: Vec<Mark>,
}

/// A mark. Lines run across or down only, which LaTeX can draw by itself.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Mark {
    /// A line from one place to another.
    Line { from: (f64, f64), to: (f64, f64), shade: Shade, width: f64, dashed: bool },
    /// A disk about a place.
    Disk { at: (f64, f64), radius: f64, fill: Shade },
    /// A box from its upper left corner.
    Box { at: (f64, f64), size: (f64, f64), fill: Shade },
    /// Words, on one line: where their base line begins, ends, or has its middle.
    Words { at: (f64, f64), anchor: Anchor, text: String, shade: Shade },
}

/// What of a text is at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// A shade: black, white, a grey, or one of [`SHADES`] of a scale from dark to light.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shade {
    Black,
    Grey,
    Pale,
    White,
    Scale(usize),
}

/// Shades of the scale.
pub(crate) const SHADES: usize = 7;

/// Samples of cividis (Nuñez, Anderton and Renslow 2018): its lightness rises evenly, and reads alike with any colour vision.
const SCALE: [(&str, f64); SHADES] = [
    ("#00224e", 0.13),
    ("#2a3f6d", 0.25),
    ("#575d6d", 0.37),
    ("#7d7c78", 0.49),
    ("#a59c74", 0.61),
    ("#d2c060", 0.74),
    ("#fee838", 0.86),
];

impl Shade {
    /// It as SVG has it.
    pub(crate) fn hex(self) -> &'static str {
        match self {
            Self::Black => "#000000",
            Self::Grey => "#6b6b6b",
            Self::Pale => "#c4c4c4",
            Self::White => "#ffffff",
            Self::Scale(n) => SCALE[n % SHADES].0,
        }
    }

    /// How light it is, from 0 to 1.
    pub(crate) fn grey(self) -> f64 {
        match self {
            Self::Black => 0.0,
            Self::Grey => 0.42,
            Self::Pale => 0.77,
            Self::White => 1.0,
            Self::Scale(n) => SCALE[n % SHADES].1,
        }
    }
}

impl Figure {
    fn new(name: impl Into<String>, title: impl Into<String>) -> Self {
        let (title, name) = (title.into(), name.into());
        Self { name, title, description: String::new(), height: 0.0, marks: Vec::new() }
    }

    fn line(&mut self, from: (f64, f64), to: (f64, f64), shade: Shade, width: f64) {
        self.marks.push(Mark::Line { from, to, shade, width, dashed: false });
    }

    fn dashed(&mut self, from: (f64, f64), to: (f64, f64), shade: Shade, width: f64) {
        self.marks.push(Mark::Line { from, to, shade, width, dashed: true });
    }

    fn disk(&mut self, at: (f64, f64), radius: f64, fill: Shade) {
        self.marks.push(Mark::Disk { at, radius, fill });
    }

    fn block(&mut self, at: (f64, f64), size: (f64, f64), fill: Shade) {
        self.marks.push(Mark::Box { at, size, fill });
    }

    fn words(&mut self, at: (f64, f64), anchor: Anchor, text: impl Into<String>, shade: Shade) {
        self.marks.push(Mark::Words { at, anchor, text: text.into(), shade });
    }

    /// An estimate with its interval, on a line of its own.
    fn whisker(&mut self, y: f64, (low, value, high): (f64, f64, f64)) {
        self.line((low, y), (high, y), Shade::Black, 1.0);
        self.line((low, y - 3.0), (low, y + 3.0), Shade::Black, 1.0);
        self.line((high, y - 3.0), (high, y + 3.0), Shade::Black, 1.0);
        self.disk((value, y), 2.8, Shade::Black);
    }
}

/// How wide words are at most, in points, in any usual font without serifs.
#[allow(clippy::cast_precision_loss, reason = "no text has 2^52 columns")]
pub(crate) fn breadth(text: &str) -> f64 {
    columns(text) as f64 * SIZE * 0.56
}

/// A text that takes no more than `room` points: where it must, without its middle.
pub(crate) fn shortened(text: &str, room: f64) -> String {
    if breadth(text) <= room {
        return text.to_owned();
    }
    let all: Vec<char> = text.chars().take(4096).collect();
    let end: Vec<char> = text.chars().rev().take(4096).collect();
    let (mut head, mut tail) = (String::new(), String::new());
    for n in 0..all.len().min(end.len()) {
        let (more, last) = (format!("{head}{}", all[n]), format!("{}{tail}", end[n]));
        if breadth(&more) + breadth(&last) > room - breadth("…") {
            break;
        }
        (head, tail) = (more, last);
    }
    format!("{head}…{tail}")
}

impl Report {
    /// Every figure that there is something to draw in.
    pub(crate) fn figures(&self) -> Vec<Figure> {
        let mut all = Vec::new();
        all.extend(forest::rates(self));
        all.extend(forest::differences(self));
        all.extend(self.fronts.iter().find_map(|f| front::figure(f, self)));
        all.extend((0..self.runs.len()).filter_map(|run| causes::figure(self, run)));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shades_of_the_scale_rise_evenly_in_lightness_and_are_what_they_say_in_grey() {
        for n in 0..SHADES {
            let hex = Shade::Scale(n).hex();
            let part = |at: usize| f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
            let luma = 0.299 * part(1) + 0.587 * part(3) + 0.114 * part(5);
            assert!((luma - Shade::Scale(n).grey()).abs() < 0.02, "{n}: {luma:.3}");
            assert!(n == 0 || Shade::Scale(n).grey() - Shade::Scale(n - 1).grey() >= 0.1);
        }
    }

    #[test]
    fn long_names_lose_their_middle_and_never_their_ends() {
        assert_eq!(shortened("short", 100.0), "short");
        let long = shortened(&format!("model-{}-v2", "x".repeat(100_000)), 100.0);
        assert!(long.starts_with("model-x") && long.ends_with("x-v2") && long.contains('…'), "{long}");
        assert!(breadth(&long) <= 100.0);
        assert!(breadth(&shortened(&"退款".repeat(50), 90.0)) <= 90.0);
    }
}
