//! Texts that match a pattern.

use super::{Random, SynthesisError};
use regex_syntax::hir::{Class, Hir, HirKind};

/// The longest text made, in bytes.
const MAX: usize = 16 << 10;

/// A text that a pattern matches, look-arounds aside: validation decides on those.
pub(super) fn sample(pattern: &str, random: &mut Random) -> Result<String, SynthesisError> {
    let hir = regex_syntax::ParserBuilder::new().nest_limit(100).build().parse(pattern).map_err(|_| {
        SynthesisError::new(
            "pattern",
            format!("texts for `{}` cannot be made", mocktrial_schema::shortened(pattern, 100)),
        )
    })?;
    let mut out = String::new();
    let mut steps = 4 * MAX;
    if walk(&hir, random, &mut out, &mut steps) {
        Ok(out)
    } else {
        Err(SynthesisError::new(
            "pattern",
            format!("texts for `{}` are longer than {MAX} bytes", mocktrial_schema::shortened(pattern, 100)),
        ))
    }
}

fn walk(hir: &Hir, random: &mut Random, out: &mut String, steps: &mut usize) -> bool {
    if out.len() > MAX || *steps == 0 {
        return false;
    }
    *steps -= 1;
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => {
            out.push_str(&String::from_utf8_lossy(&literal.0));
            true
        }
        HirKind::Class(class) => {
            out.extend(member(class, random));
            true
        }
        HirKind::Capture(capture) => walk(&capture.sub, random, out, steps),
        HirKind::Concat(parts) => parts.iter().all(|part| walk(part, random, out, steps)),
        HirKind::Alternation(parts) => random.pick(parts).is_some_and(|part| walk(part, random, out, steps)),
        HirKind::Repetition(repetition) => {
            let most = repetition.max.unwrap_or(u32::MAX).min(repetition.min.saturating_add(4));
            let count = random.between(repetition.min.into(), most.max(repetition.min).into());
            (0..count).all(|_| walk(&repetition.sub, random, out, steps))
        }
    }
}

/// A member of a class, plain ones first.
fn member(class: &Class, random: &mut Random) -> Option<char> {
    let ranges: Vec<(char, char)> = match class {
        Class::Unicode(class) => class.ranges().iter().map(|range| (range.start(), range.end())).collect(),
        Class::Bytes(class) => {
            class.ranges().iter().map(|range| (char::from(range.start()), char::from(range.end()))).collect()
        }
    };
    let plain = |c: &char| ranges.iter().any(|(from, to)| from <= c && c <= to);
    let alphanumeric: Vec<char> = ('0'..='9').chain('A'..='Z').chain('a'..='z').filter(plain).collect();
    if let Some(c) = random.pick(&alphanumeric) {
        return Some(*c);
    }
    let printable: Vec<char> = (' '..='~').filter(plain).collect();
    random.pick(&printable).copied().or_else(|| {
        let (from, to) = *random.pick(&ranges)?;
        char::from_u32(u32::try_from(random.between(u32::from(from).into(), u32::from(to).into())).ok()?).or(Some(from))
    })
}
