//! Python's expressions, as far as they are read.

use super::super::value::Int;

/// How deep expressions nest at most.
pub(super) const MAX_NESTING: usize = 100;

/// A literal.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Constant {
    None,
    Bool(bool),
    Int(Int),
    Float(f64),
    Imaginary(f64),
    /// A text, and whether its source is prefixed with `u`, which unparsing keeps.
    Text(String, bool),
    Bytes(Vec<u8>),
    Ellipsis,
}

/// An expression, and how deep it nests.
#[derive(Debug)]
pub(super) struct Node<'s> {
    pub(super) expression: Expression<'s>,
    pub(super) depth: usize,
}

/// What stands in the parentheses of a call.
#[derive(Debug, Default)]
pub(super) struct Arguments<'s> {
    pub(super) positional: Vec<Node<'s>>,
    /// Without a name where a dict is unpacked.
    pub(super) keywords: Vec<(Option<&'s str>, Node<'s>)>,
}

#[derive(Debug)]
pub(super) enum Expression<'s> {
    Constant(Constant),
    Name(&'s str),
    Attribute(Box<Node<'s>>, &'s str),
    Subscript(Box<Node<'s>>, Box<Node<'s>>),
    Slice([Option<Box<Node<'s>>>; 3]),
    Call(Box<Node<'s>>, Arguments<'s>),
    List(Vec<Node<'s>>),
    Tuple(Vec<Node<'s>>),
    Set(Vec<Node<'s>>),
    /// Without a key where a dict is unpacked.
    Dict(Vec<(Option<Node<'s>>, Node<'s>)>),
    Starred(Box<Node<'s>>),
    Unary(&'static str, Box<Node<'s>>),
    Binary(&'static str, Box<Node<'s>>, Box<Node<'s>>),
    /// `and` or `or` of two and more.
    Logic(&'static str, Vec<Node<'s>>),
    Compare(Box<Node<'s>>, Vec<(&'static str, Node<'s>)>),
    /// The value where it holds, the condition, and the value where it does not.
    Conditional(Box<[Node<'s>; 3]>),
}

/// How tight operators bind, from the loosest; what unparsing puts in parentheses depends on it.
pub(super) mod binding {
    pub(in super::super) const TEST: u8 = 0;
    pub(in super::super) const OR: u8 = 1;
    pub(in super::super) const AND: u8 = 2;
    pub(in super::super) const NOT: u8 = 3;
    pub(in super::super) const COMPARE: u8 = 4;
    pub(in super::super) const BIT_OR: u8 = 5;
    pub(in super::super) const FACTOR: u8 = 11;
    pub(in super::super) const POWER: u8 = 12;
    pub(in super::super) const ATOM: u8 = 14;

    /// Of a binary operator that is no comparison, no `and`, no `or`.
    pub(in super::super) fn of(operator: &str) -> Option<u8> {
        Some(match operator {
            "|" => BIT_OR,
            "^" => 6,
            "&" => 7,
            "<<" | ">>" => 8,
            "+" | "-" => 9,
            "*" | "/" | "//" | "%" | "@" => 10,
            "**" => POWER,
            _ => return None,
        })
    }
}
