//! Which scenarios of a suite are meant.

use super::model::{Scenario, Suite};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Which scenarios are meant.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Globs on scenario ids (`retail/*`; `*` stops at `/`, `**` does not), of which one must match. A glob
    /// that matches a family takes all its rows. None means every id.
    pub globs: Vec<String>,
    /// A tag expression: tags with `and`, `or`, `not` and parentheses, such as `policy and not slow`.
    /// `not` binds tightest, then `and`. A tag that is such a word, or has spaces, is quoted.
    pub tags: Option<String>,
}

/// Why a selection means nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// A glob is malformed.
    #[error("the glob `{glob}` is malformed: {why}")]
    Glob {
        /// The glob.
        glob: String,
        /// What is wrong with it.
        why: String,
    },
    /// A tag expression is malformed.
    #[error("the tag expression is malformed: {why}\n  {expression}\n  {:>width$}", "^", width = at + 1)]
    Tags {
        /// The expression.
        expression: String,
        /// The character at fault, from 0; the expression's length when something is missing at its end.
        at: usize,
        /// What is wrong there.
        why: String,
    },
}

/// The scenarios that are meant, in the suite's order; possibly none.
///
/// # Errors
/// When a glob or the tag expression is malformed.
pub fn select(suite: &Suite, selection: &Selection) -> Result<Vec<Arc<Scenario>>, SelectionError> {
    let globs = compile(&selection.globs)?;
    let tags = selection.tags.as_deref().map(Expression::parse).transpose()?;
    let meant = |scenario: &&Arc<Scenario>| {
        let named = globs.as_ref().is_none_or(|g| g.is_match(&*scenario.id) || g.is_match(&*scenario.family));
        named && tags.as_ref().is_none_or(|expression| expression.holds(&scenario.tags))
    };
    Ok(suite.scenarios.iter().filter(meant).cloned().collect())
}

fn compile(globs: &[String]) -> Result<Option<GlobSet>, SelectionError> {
    if globs.is_empty() {
        return Ok(None);
    }
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        let wrong = |error: globset::Error| SelectionError::Glob { glob: glob.clone(), why: error.kind().to_string() };
        set.add(GlobBuilder::new(glob).literal_separator(true).build().map_err(wrong)?);
    }
    let wrong = |error: globset::Error| SelectionError::Glob { glob: globs.join(" "), why: error.to_string() };
    set.build().map(Some).map_err(wrong)
}

/// A tag expression.
#[derive(Debug, PartialEq, Eq)]
enum Expression {
    Tag(String),
    Not(Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    And,
    Or,
    Not,
    Tag(String),
}

/// How deep parentheses and `not` may nest.
const MAX_DEPTH: usize = 100;

struct Parser<'a> {
    text: &'a str,
    /// Tokens with the character that each begins at.
    tokens: Vec<(usize, Token)>,
    next: usize,
    depth: usize,
}

impl Expression {
    fn parse(text: &str) -> Result<Self, SelectionError> {
        let mut parser = Parser { text, tokens: tokens(text)?, next: 0, depth: 0 };
        let expression = parser.or()?;
        match parser.tokens.get(parser.next) {
            None => Ok(expression),
            Some((at, Token::Close)) => Err(wrong(text, *at, "this `)` closes nothing")),
            Some((at, _)) => Err(wrong(text, *at, "`and` or `or` is missing before this")),
        }
    }

    fn holds(&self, tags: &BTreeSet<String>) -> bool {
        match self {
            Self::Tag(tag) => tags.contains(tag),
            Self::Not(inner) => !inner.holds(tags),
            Self::And(a, b) => a.holds(tags) && b.holds(tags),
            Self::Or(a, b) => a.holds(tags) || b.holds(tags),
        }
    }
}

fn wrong(text: &str, at: usize, why: impl Into<String>) -> SelectionError {
    SelectionError::Tags { expression: text.replace(|c: char| c.is_control(), " "), at, why: why.into() }
}

fn tokens(text: &str) -> Result<Vec<(usize, Token)>, SelectionError> {
    let chars: Vec<char> = text.chars().collect();
    let (mut found, mut i) = (Vec::new(), 0);
    while let Some(&c) = chars.get(i) {
        let start = i;
        match c {
            c if c.is_whitespace() => i += 1,
            '(' | ')' => {
                found.push((i, if c == '(' { Token::Open } else { Token::Close }));
                i += 1;
            }
            '\'' | '"' => {
                let length = chars[i + 1..].iter().position(|other| *other == c);
                let length = length.ok_or_else(|| wrong(text, start, "this quote is not closed"))?;
                found.push((start, Token::Tag(chars[i + 1..i + 1 + length].iter().collect())));
                i += length + 2;
            }
            _ => {
                while chars.get(i).is_some_and(|c| !c.is_whitespace() && !matches!(c, '(' | ')' | '\'' | '"')) {
                    i += 1;
                }
                let word: String = chars[start..i].iter().collect();
                let token = match word.as_str() {
                    "and" => Token::And,
                    "or" => Token::Or,
                    "not" => Token::Not,
                    "&&" | "||" | "!" | "," => {
                        return Err(wrong(text, start, format!("`{word}` is written `and`, `or` or `not` here")));
                    }
                    _ => Token::Tag(word),
                };
                found.push((start, token));
            }
        }
    }
    Ok(found)
}

impl Parser<'_> {
    fn take(&mut self, token: &Token) -> bool {
        let is = self.tokens.get(self.next).is_some_and(|(_, t)| t == token);
        self.next += usize::from(is);
        is
    }

    fn or(&mut self) -> Result<Expression, SelectionError> {
        let mut left = self.and()?;
        while self.take(&Token::Or) {
            left = Expression::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expression, SelectionError> {
        let mut left = self.unary()?;
        while self.take(&Token::And) {
            left = Expression::And(Box::new(left), Box::new(self.unary()?));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expression, SelectionError> {
        let Some((at, token)) = self.tokens.get(self.next).cloned() else {
            return Err(wrong(self.text, self.text.chars().count(), "a tag is missing here"));
        };
        self.next += 1;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(wrong(self.text, at, "this is nested too deeply"));
        }
        let expression = match token {
            Token::Tag(tag) => Expression::Tag(tag),
            Token::Not => Expression::Not(Box::new(self.unary()?)),
            Token::Open => {
                let inner = self.or()?;
                if !self.take(&Token::Close) {
                    return Err(wrong(self.text, at, "this `(` is not closed"));
                }
                inner
            }
            Token::Close | Token::And | Token::Or => return Err(wrong(self.text, at, "a tag is missing before this")),
        };
        self.depth -= 1;
        Ok(expression)
    }
}
