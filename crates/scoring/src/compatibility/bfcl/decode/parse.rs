//! Python's expressions from its tokens.

use super::DecodeError;
use super::lex::Token;
use super::syntax::{Arguments, Constant, Expression, MAX_NESTING, Node, binding};

const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
    "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
    "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

type Parsed<'s, T = Node<'s>> = Result<T, DecodeError>;

/// One expression and nothing else.
pub(super) fn parse<'s>(tokens: &[(usize, Token<'s>)]) -> Parsed<'s> {
    let mut parser = Parser { tokens, at: 0, nesting: 0 };
    let expression = parser.expression()?;
    while parser.peek() == Some(&Token::Newline) {
        parser.at += 1;
    }
    if parser.at < tokens.len() {
        return Err(parser.error("something follows the list"));
    }
    Ok(expression)
}

struct Parser<'t, 's> {
    tokens: &'t [(usize, Token<'s>)],
    at: usize,
    nesting: usize,
}

impl<'s> Parser<'_, 's> {
    fn error(&self, what: &'static str) -> DecodeError {
        let end = self.tokens.last().map_or(0, |(at, _)| *at + 1);
        DecodeError { at: self.tokens.get(self.at).map_or(end, |(at, _)| *at), what }
    }

    fn peek(&self) -> Option<&Token<'s>> {
        self.tokens.get(self.at).map(|(_, token)| token)
    }

    fn is(&self, operator: &str) -> bool {
        matches!(self.peek(), Some(Token::Operator(found)) if *found == operator)
    }

    fn take(&mut self, operator: &str) -> bool {
        let there = self.is(operator);
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, operator: &str) -> Parsed<'s, ()> {
        if self.take(operator) { Ok(()) } else { Err(self.error("a bracket or sign is missing")) }
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Name(name)) if *name == word)
    }

    fn take_word(&mut self, word: &str) -> bool {
        let there = self.is_word(word);
        self.at += usize::from(there);
        there
    }

    fn name(&mut self) -> Parsed<'s, &'s str> {
        match self.peek() {
            Some(Token::Name(name)) if !KEYWORDS.contains(name) => {
                let name = *name;
                self.at += 1;
                Ok(name)
            }
            _ => Err(self.error("a name is missing")),
        }
    }

    /// A node over its deepest child.
    fn over(&self, depth: usize, expression: Expression<'s>) -> Parsed<'s> {
        if depth >= MAX_NESTING {
            return Err(self.error("it nests deeper than 100 levels"));
        }
        Ok(Node { expression, depth: depth + 1 })
    }

    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<'s, T>) -> Parsed<'s, T> {
        if self.nesting >= MAX_NESTING {
            return Err(self.error("it nests deeper than 100 levels"));
        }
        self.nesting += 1;
        let read = read(self);
        self.nesting -= 1;
        read
    }

    fn expression(&mut self) -> Parsed<'s> {
        self.nested(|parser| {
            let value = parser.binary(binding::OR)?;
            if !parser.take_word("if") {
                return Ok(value);
            }
            let condition = parser.binary(binding::OR)?;
            if !parser.take_word("else") {
                return Err(parser.error("`else` is missing"));
            }
            let otherwise = parser.expression()?;
            let depth = value.depth.max(condition.depth).max(otherwise.depth);
            parser.over(depth, Expression::Conditional(Box::new([value, condition, otherwise])))
        })
    }

    /// An expression, or one unpacked, as an element.
    fn element(&mut self) -> Parsed<'s> {
        if self.take("*") {
            let value = self.nested(|parser| parser.binary(binding::BIT_OR))?;
            return self.over(value.depth, Expression::Starred(Box::new(value)));
        }
        self.expression()
    }

    /// What a `*` unpacks in a call or an index, where it may be any expression.
    fn unpacked(&mut self) -> Parsed<'s> {
        let value = self.expression()?;
        self.over(value.depth, Expression::Starred(Box::new(value)))
    }

    /// Operands joined by operators that bind at least so tight.
    fn binary(&mut self, least: u8) -> Parsed<'s> {
        let mut left = if least <= binding::NOT && self.take_word("not") {
            let operand = self.nested(|parser| parser.binary(binding::NOT))?;
            self.over(operand.depth, Expression::Unary("not", Box::new(operand)))?
        } else {
            self.unary()?
        };
        // The comparison, `and` or `or` just read, which the next one of its kind goes on with.
        let mut open = "";
        loop {
            if let Some(operator) = self.comparison(least) {
                let right = self.nested(|parser| parser.binary(binding::BIT_OR))?;
                left = self.compared(left, operator, right, open == "<")?;
                open = "<";
                continue;
            }
            if let Some((word, tightness)) = self.logic(least) {
                let right = self.nested(|parser| parser.binary(tightness + 1))?;
                left = self.joined(left, word, right, open == word)?;
                open = word;
                continue;
            }
            let Some(Token::Operator(operator)) = self.peek() else { return Ok(left) };
            let operator = *operator;
            let Some(tightness) = binding::of(operator).filter(|tightness| *tightness >= least) else {
                return Ok(left);
            };
            self.at += 1;
            let right = self.nested(|parser| parser.binary(tightness + 1))?;
            let depth = left.depth.max(right.depth);
            left = self.over(depth, Expression::Binary(operator, Box::new(left), Box::new(right)))?;
        }
    }

    fn comparison(&mut self, least: u8) -> Option<&'static str> {
        if least > binding::COMPARE {
            return None;
        }
        let next = self.tokens.get(self.at + 1).map(|(_, token)| token);
        let (operator, length) = match self.peek()? {
            Token::Operator(sign @ ("<" | ">" | "<=" | ">=" | "==" | "!=")) => (*sign, 1),
            Token::Name("in") => ("in", 1),
            Token::Name("not") if next == Some(&Token::Name("in")) => ("not in", 2),
            Token::Name("is") if next == Some(&Token::Name("not")) => ("is not", 2),
            Token::Name("is") => ("is", 1),
            _ => return None,
        };
        self.at += length;
        Some(operator)
    }

    /// A comparison; one that goes on with the one just read, where it was.
    fn compared(&self, left: Node<'s>, operator: &'static str, right: Node<'s>, goes_on: bool) -> Parsed<'s> {
        let depth = left.depth.max(right.depth + usize::from(goes_on));
        match left.expression {
            Expression::Compare(first, mut others) if goes_on => {
                others.push((operator, right));
                self.over(depth.saturating_sub(1), Expression::Compare(first, others))
            }
            expression => {
                let left = Node { expression, depth: left.depth };
                self.over(depth, Expression::Compare(Box::new(left), vec![(operator, right)]))
            }
        }
    }

    fn logic(&mut self, least: u8) -> Option<(&'static str, u8)> {
        let found = match self.peek()? {
            Token::Name("and") => ("and", binding::AND),
            Token::Name("or") => ("or", binding::OR),
            _ => return None,
        };
        if found.1 < least {
            return None;
        }
        self.at += 1;
        Some(found)
    }

    fn joined(&self, left: Node<'s>, word: &'static str, right: Node<'s>, goes_on: bool) -> Parsed<'s> {
        match left.expression {
            Expression::Logic(_, mut operands) if goes_on => {
                let depth = left.depth.max(right.depth + 1);
                operands.push(right);
                self.over(depth - 1, Expression::Logic(word, operands))
            }
            expression => {
                let operands = vec![Node { expression, depth: left.depth }, right];
                self.over(deepest(&operands), Expression::Logic(word, operands))
            }
        }
    }

    fn unary(&mut self) -> Parsed<'s> {
        for sign in ["-", "+", "~"] {
            if self.take(sign) {
                let operand = self.nested(Self::unary)?;
                return self.over(operand.depth, Expression::Unary(sign, Box::new(operand)));
            }
        }
        let base = self.primary()?;
        if !self.take("**") {
            return Ok(base);
        }
        let power = self.nested(Self::unary)?;
        self.over(base.depth.max(power.depth), Expression::Binary("**", Box::new(base), Box::new(power)))
    }

    fn primary(&mut self) -> Parsed<'s> {
        let mut node = self.atom()?;
        loop {
            if self.take(".") {
                let name = self.name()?;
                node = self.over(node.depth, Expression::Attribute(Box::new(node), name))?;
            } else if self.take("(") {
                let (arguments, depth) = self.arguments()?;
                node = self.over(node.depth.max(depth), Expression::Call(Box::new(node), arguments))?;
            } else if self.take("[") {
                let index = self.index()?;
                let depth = node.depth.max(index.depth);
                node = self.over(depth, Expression::Subscript(Box::new(node), Box::new(index)))?;
            } else {
                return Ok(node);
            }
        }
    }

    fn arguments(&mut self) -> Parsed<'s, (Arguments<'s>, usize)> {
        let mut arguments = Arguments::default();
        let (mut depth, mut unpacked) = (0, false);
        while !self.take(")") {
            let next = self.tokens.get(self.at + 1).map(|(_, token)| token);
            let node_depth = if self.take("**") {
                unpacked = true;
                let value = self.expression()?;
                let depth = value.depth;
                arguments.keywords.push((None, value));
                depth
            } else if matches!(self.peek(), Some(Token::Name(_))) && next == Some(&Token::Operator("=")) {
                let name = self.name()?;
                self.expect("=")?;
                let value = self.expression()?;
                let depth = value.depth;
                arguments.keywords.push((Some(name), value));
                depth
            } else {
                let starred = self.is("*");
                if unpacked || (!starred && !arguments.keywords.is_empty()) {
                    return Err(self.error("a positional argument follows a keyword"));
                }
                let value = if self.take("*") { self.unpacked()? } else { self.expression()? };
                let depth = value.depth;
                arguments.positional.push(value);
                depth
            };
            depth = depth.max(node_depth);
            if !self.take(",") {
                self.expect(")")?;
                break;
            }
        }
        Ok((arguments, depth))
    }

    fn index(&mut self) -> Parsed<'s> {
        let first = self.slice()?;
        let unpacked = matches!(first.expression, Expression::Starred(_));
        if !self.is(",") && !unpacked {
            self.expect("]")?;
            return Ok(first);
        }
        let mut items = vec![first];
        while self.take(",") && !self.is("]") {
            items.push(self.slice()?);
        }
        self.expect("]")?;
        self.over(deepest(&items), Expression::Tuple(items))
    }

    fn slice(&mut self) -> Parsed<'s> {
        if self.take("*") {
            return self.unpacked();
        }
        let first = if self.is(":") { None } else { Some(self.expression()?) };
        if !self.take(":") {
            return first.ok_or_else(|| self.error("an index is missing"));
        }
        let ends = |parser: &Self| parser.is("]") || parser.is(",") || parser.is(":");
        let second = if ends(self) { None } else { Some(self.expression()?) };
        let stepped = self.take(":");
        let third = if !stepped || ends(self) { None } else { Some(self.expression()?) };
        let parts = [first, second, third];
        let depth = parts.iter().flatten().map(|part| part.depth).max().unwrap_or(0);
        self.over(depth, Expression::Slice(parts.map(|part| part.map(Box::new))))
    }

    fn atom(&mut self) -> Parsed<'s> {
        if self.take("[") {
            let (items, _) = self.elements("]")?;
            return self.over(deepest(&items), Expression::List(items));
        }
        if self.take("(") {
            let (mut items, comma) = self.elements(")")?;
            return match items.len() {
                1 if !comma => match items.pop() {
                    Some(Node { expression: Expression::Starred(_), .. }) | None => {
                        Err(self.error("nothing is there to unpack into"))
                    }
                    Some(item) => Ok(item),
                },
                _ => self.over(deepest(&items), Expression::Tuple(items)),
            };
        }
        if self.take("{") {
            return self.braces();
        }
        let constant = match self.peek() {
            Some(Token::Constant(constant)) => constant.clone(),
            Some(Token::Name("True")) => Constant::Bool(true),
            Some(Token::Name("False")) => Constant::Bool(false),
            Some(Token::Name("None")) => Constant::None,
            _ => {
                let name = self.name()?;
                return self.over(0, Expression::Name(name));
            }
        };
        self.at += 1;
        let constant = self.concatenated(constant)?;
        self.over(0, Expression::Constant(constant))
    }

    /// String literals that stand side by side are one.
    fn concatenated(&mut self, first: Constant) -> Parsed<'s, Constant> {
        let mut whole = first;
        while matches!(whole, Constant::Text(..) | Constant::Bytes(_)) {
            match (&mut whole, self.peek()) {
                (Constant::Text(text, _), Some(Token::Constant(Constant::Text(more, _)))) => text.push_str(more),
                (Constant::Bytes(bytes), Some(Token::Constant(Constant::Bytes(more)))) => bytes.extend(more),
                _ => break,
            }
            self.at += 1;
        }
        Ok(whole)
    }

    /// Elements to a closing bracket, and whether a comma stands before it.
    fn elements(&mut self, closing: &str) -> Parsed<'s, (Vec<Node<'s>>, bool)> {
        let (mut items, mut comma) = (Vec::new(), false);
        while !self.take(closing) {
            items.push(self.element()?);
            comma = self.take(",");
            if !comma {
                self.expect(closing)?;
                break;
            }
        }
        Ok((items, comma))
    }

    fn braces(&mut self) -> Parsed<'s> {
        if self.take("}") {
            return self.over(0, Expression::Dict(Vec::new()));
        }
        let mut entries = Vec::new();
        let mut depth = 0;
        loop {
            let (key, value) = if self.take("**") {
                (None, self.nested(|parser| parser.binary(binding::BIT_OR))?)
            } else {
                let key = self.element()?;
                if entries.is_empty() && !self.is(":") {
                    return self.set(key);
                }
                self.expect(":")?;
                (Some(key), self.expression()?)
            };
            depth = depth.max(value.depth).max(key.as_ref().map_or(0, |key| key.depth));
            entries.push((key, value));
            if !self.take(",") {
                self.expect("}")?;
                break;
            }
            if self.take("}") {
                break;
            }
        }
        self.over(depth, Expression::Dict(entries))
    }

    fn set(&mut self, first: Node<'s>) -> Parsed<'s> {
        let mut items = vec![first];
        if self.take(",") {
            items.extend(self.elements("}")?.0);
        } else {
            self.expect("}")?;
        }
        self.over(deepest(&items), Expression::Set(items))
    }
}

fn deepest(items: &[Node<'_>]) -> usize {
    items.iter().map(|item| item.depth).max().unwrap_or(0)
}
