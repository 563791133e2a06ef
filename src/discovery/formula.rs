//! A loss as a formula in named parameters and data.
//!
//! The grammar is that of arithmetic: `+ - * /`, `^` (or `**`) with a whole exponent, calls,
//! parentheses. Parsed without recursion, so that depth costs no stack, into a list of
//! operations in which equal ones are shared.

use super::tape::Number;
use crate::scalar::{Field, Rational, parse_exact};
use num_traits::{One, Zero};
use std::cmp::Ordering;
use std::collections::HashMap;
use thiserror::Error;

/// A loss ℓ(θ, z): a formula in d parameters θ and the numbers z of a sample.
///
/// ```
/// use noise_equilibrium::discovery::Formula;
///
/// let names = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
/// let formula = Formula::parse("(u*w*x - y)^2", &names(&["u", "w"]), &names(&["x", "y"])).unwrap();
/// assert_eq!(formula.parameters(), ["u", "w"]);
/// let error = Formula::parse("(u*v*x - y)^2", &names(&["u", "w"]), &names(&["x", "y"]));
/// assert!(error.unwrap_err().to_string().starts_with("column 4: "));
/// ```
#[derive(Clone, Debug)]
pub struct Formula {
    parameters: Vec<String>,
    data: Vec<String>,
    nodes: Vec<Node>,
    numbers: Vec<Rational>,
    output: u32,
}

/// Why a formula is refused. `column` counts characters from 1.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("column {column}: expected {expected}, found {found}")]
pub struct FormulaError {
    /// Where.
    pub column: usize,
    /// What would be right.
    pub expected: String,
    /// What is there.
    pub found: String,
}

/// Why a list of names is refused.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum NameError {
    /// Not a name.
    #[error(
        "expected a name such as \"w\", \"w1\" or \"w[1,2]\", or a range such as \"w[1..60]\", found {0:?}"
    )]
    Malformed(String),
    /// The name of a function or of an infinity.
    #[error("expected another name than {0:?}, which has a meaning of its own")]
    Reserved(String),
    /// A name twice.
    #[error("expected each name once, found {0:?} again")]
    Repeated(String),
    /// More names than are supported.
    #[error("expected at most {MAX_NAMES} names, found more")]
    TooMany,
}

/// Parameters, or data, that a formula may have.
pub const MAX_NAMES: usize = 100_000;

/// Operations that a formula and its definitions may have.
pub const MAX_OPERATIONS: usize = 1_000_000;

/// Bits that the constants of a formula may take in all.
const MAX_BITS: u64 = 100_000_000;
/// Bits of one constant.
const MAX_CONSTANT: u64 = 1_000_000;
/// The largest exponent.
const MAX_EXPONENT: i64 = 10_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Node {
    Number(u32),
    Parameter(u32),
    Datum(u32),
    Negate(u32),
    Add(u32, u32),
    Subtract(u32, u32),
    Multiply(u32, u32),
    Divide(u32, u32),
    Power(u32, i32),
    Call(Function, u32),
    Larger(u32, u32),
    Smaller(u32, u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Function {
    Exp,
    Log,
    Sqrt,
    Tanh,
    Sigmoid,
    Softplus,
    Abs,
    Relu,
}

/// A function's name, and how many arguments it takes (`None`: one or more).
const FUNCTIONS: &[(&str, Option<usize>)] = &[
    ("exp", Some(1)),
    ("log", Some(1)),
    ("ln", Some(1)),
    ("sqrt", Some(1)),
    ("tanh", Some(1)),
    ("sigmoid", Some(1)),
    ("softplus", Some(1)),
    ("abs", Some(1)),
    ("relu", Some(1)),
    ("leaky_relu", Some(2)),
    ("max", None),
    ("min", None),
    ("sq", Some(1)),
];

/// The names of a list: single ones and ranges, `u, w[1..60]` or `W[1..2,1..3]`, the last
/// index running fastest.
///
/// # Errors
/// The first that is malformed, reserved or repeated.
pub fn names(lists: &[String]) -> Result<Vec<String>, NameError> {
    let mut all = Vec::new();
    for list in lists {
        for name in expand(list)? {
            all.push(name);
            if all.len() > MAX_NAMES {
                return Err(NameError::TooMany);
            }
        }
    }
    let mut seen = std::collections::HashSet::new();
    for name in &all {
        let low = name.to_ascii_lowercase();
        if FUNCTIONS.iter().any(|(own, _)| own == name)
            || ["inf", "infinity", "nan"].contains(&low.as_str())
        {
            return Err(NameError::Reserved(shorten(name)));
        }
        if !seen.insert(name.as_str()) {
            return Err(NameError::Repeated(shorten(name)));
        }
    }
    Ok(all)
}

fn expand(text: &str) -> Result<Vec<String>, NameError> {
    let malformed = || NameError::Malformed(shorten(text));
    let text = text.trim();
    let (stem, indices) = match text.split_once('[') {
        None => (text, None),
        Some((stem, rest)) => (stem, Some(rest.strip_suffix(']').ok_or_else(malformed)?)),
    };
    if !is_stem(stem) {
        return Err(malformed());
    }
    let Some(indices) = indices else {
        return Ok(vec![stem.to_owned()]);
    };
    let mut endings = vec![String::new()];
    for index in indices.split(',') {
        let number = |text: &str| {
            let text = text.trim();
            let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            plain.then(|| text.parse::<usize>().ok()).flatten()
        };
        let (first, last) = index.split_once("..").unwrap_or((index, index));
        let first = number(first).ok_or_else(malformed)?;
        let last = number(last).ok_or_else(malformed)?;
        if first > last {
            return Err(malformed());
        }
        let count = (last - first).saturating_add(1);
        if endings.len().saturating_mul(count) > MAX_NAMES {
            return Err(NameError::TooMany);
        }
        endings = endings
            .iter()
            .flat_map(|ending| {
                (first..=last).map(move |n| {
                    let comma = if ending.is_empty() { "" } else { "," };
                    format!("{ending}{comma}{n}")
                })
            })
            .collect();
    }
    Ok(endings.iter().map(|e| format!("{stem}[{e}]")).collect())
}

fn is_stem(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(starts_name) && letters.all(continues_name)
}

fn starts_name(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn continues_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '\''
}

/// At most 40 characters of what was read, for a one-line message.
fn shorten(text: &str) -> String {
    if text.chars().count() <= 40 {
        return text.to_owned();
    }
    let head: String = text.chars().take(40).collect();
    format!("{head}…")
}

impl Formula {
    /// Parses a formula in these parameters and data (each name once, see [`names`]).
    ///
    /// # Errors
    /// Where the text is no formula, and what would be right.
    pub fn parse(text: &str, parameters: &[String], data: &[String]) -> Result<Self, FormulaError> {
        let mut builder = Builder::new(parameters, data);
        let output = builder.parse(text)?;
        Ok(builder.finish(output))
    }

    /// As [`Formula::parse`], after definitions that the formula and later definitions may
    /// use: (name, formula) each. What is defined is computed once.
    ///
    /// # Errors
    /// As [`Formula::parse`], with the index of the definition, `None` for the formula.
    pub fn with_definitions(
        definitions: &[(String, String)],
        text: &str,
        parameters: &[String],
        data: &[String],
    ) -> Result<Self, (Option<usize>, FormulaError)> {
        let mut builder = Builder::new(parameters, data);
        for (index, (name, text)) in definitions.iter().enumerate() {
            let node = builder.parse(text).map_err(|error| (Some(index), error))?;
            builder.names.insert(name.clone(), node);
        }
        let output = builder.parse(text).map_err(|error| (None, error))?;
        Ok(builder.finish(output))
    }

    /// The names of the d parameters.
    pub fn parameters(&self) -> &[String] {
        &self.parameters
    }

    /// The names of the data.
    pub fn data(&self) -> &[String] {
        &self.data
    }

    /// The parameters that do not occur in it, by their indices.
    pub fn absent(&self) -> Vec<usize> {
        let mut occurs = vec![false; self.parameters.len()];
        let mut reached = vec![false; self.nodes.len()];
        let mut waiting = vec![self.output];
        while let Some(at) = waiting.pop() {
            if std::mem::replace(&mut reached[at as usize], true) {
                continue;
            }
            match self.nodes[at as usize] {
                Node::Parameter(i) => occurs[i as usize] = true,
                Node::Number(_) | Node::Datum(_) => {}
                Node::Negate(a) | Node::Power(a, _) | Node::Call(_, a) => waiting.push(a),
                Node::Add(a, b)
                | Node::Subtract(a, b)
                | Node::Multiply(a, b)
                | Node::Divide(a, b)
                | Node::Larger(a, b)
                | Node::Smaller(a, b) => waiting.extend([a, b]),
            }
        }
        (0..occurs.len()).filter(|&i| !occurs[i]).collect()
    }

    /// Its value; `None` where it is undefined or has a kink.
    pub(super) fn value(&self, inputs: &[Number]) -> Option<Number> {
        let d = self.parameters.len();
        let like = inputs.first().cloned().unwrap_or_else(Number::zero);
        let mut values: Vec<Number> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let at = |i: u32| &values[i as usize];
            let own = |i: u32| values[i as usize].clone();
            let value = match *node {
                Node::Number(i) => Number::Constant(self.numbers[i as usize].clone()),
                Node::Parameter(i) => inputs.get(i as usize)?.clone(),
                Node::Datum(i) => inputs.get(d + i as usize)?.clone(),
                Node::Negate(a) => -own(a),
                Node::Add(a, b) => own(a) + at(b),
                Node::Subtract(a, b) => own(a) - at(b),
                Node::Multiply(a, b) => own(a) * at(b),
                Node::Divide(a, b) => own(a) / at(b),
                Node::Power(a, n) => at(a).power(n)?,
                Node::Call(function, a) => call(function, at(a), &like)?,
                Node::Larger(a, b) => choose(at(a), at(b), Ordering::Greater)?,
                Node::Smaller(a, b) => choose(at(a), at(b), Ordering::Less)?,
            };
            values.push(value);
        }
        values.into_iter().nth(self.output as usize)
    }
}

/// The larger or the smaller of two numbers; `None` where they meet.
fn choose(a: &Number, b: &Number, wanted: Ordering) -> Option<Number> {
    let difference = a.clone() - b;
    match difference.sign()? {
        Ordering::Equal if matches!(difference, Number::Constant(_)) => Some(a.clone()),
        Ordering::Equal => None,
        sign if sign == wanted => Some(a.clone()),
        _ => Some(b.clone()),
    }
}

fn call(function: Function, x: &Number, like: &Number) -> Option<Number> {
    let sigmoid = |x: Number| {
        let exponential = (-x).exponential_like(like)?;
        Some(Number::one() / (Number::one() + exponential))
    };
    match function {
        Function::Exp => x.exponential_like(like),
        Function::Log => x.logarithm(like),
        Function::Sqrt => x.root_like(like),
        // tanh x = 2σ(2x) − 1.
        Function::Tanh => {
            let half = sigmoid(x.clone() + x)?;
            Some(half.clone() + &half - Number::one())
        }
        Function::Sigmoid => sigmoid(x.clone()),
        Function::Softplus => (Number::one() + x.exponential_like(like)?).logarithm(like),
        Function::Abs => choose(x, &-x.clone(), Ordering::Greater),
        Function::Relu => choose(x, &Number::zero(), Ordering::Greater),
    }
}

/// What stands open to the left.
#[derive(Clone, Debug)]
enum Open {
    Plus(usize),
    Minus(usize),
    Times(usize),
    Over(usize),
    /// A sign before an operand.
    Negative,
    /// `^` and its column.
    Power(usize),
    Parenthesis(usize),
    /// A call: its place in the table, its column, the arguments before this one.
    Call(usize, usize, Vec<u32>),
}

impl Open {
    /// How tightly it binds.
    fn rank(&self) -> u8 {
        match self {
            Self::Parenthesis(_) | Self::Call(..) => 0,
            Self::Plus(_) | Self::Minus(_) => 1,
            Self::Times(_) | Self::Over(_) => 2,
            Self::Negative => 3,
            Self::Power(_) => 4,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Token<'a> {
    Number(&'a str),
    Name(&'a str),
    Symbol(char),
    /// `**`, as `^`.
    End,
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    column: usize,
}

impl<'a> Lexer<'a> {
    /// The next token and its column.
    fn next(&mut self) -> (Token<'a>, usize) {
        let rest = &self.text[self.at..];
        let trimmed = rest.trim_start();
        let blank = &rest[..rest.len() - trimmed.len()];
        self.advance(blank);
        let column = self.column;
        let Some(first) = trimmed.chars().next() else {
            return (Token::End, column);
        };
        let length = if first.is_ascii_digit() || first == '.' {
            number_length(trimmed)
        } else if starts_name(first) {
            name_length(trimmed)
        } else if trimmed.starts_with("**") {
            self.advance("**");
            return (Token::Symbol('^'), column);
        } else {
            first.len_utf8()
        };
        let token = &trimmed[..length];
        self.advance(token);
        let kind = if first.is_ascii_digit() || first == '.' {
            Token::Number(token)
        } else if starts_name(first) {
            Token::Name(token)
        } else {
            Token::Symbol(first)
        };
        (kind, column)
    }

    fn advance(&mut self, token: &str) {
        self.at += token.len();
        self.column += token.chars().count();
    }
}

/// The bytes of a decimal or a hexadecimal float; letters that follow belong to it, so that
/// what is no number is quoted whole.
fn number_length(text: &str) -> usize {
    let hexadecimal = text.starts_with("0x") || text.starts_with("0X");
    let marks = if hexadecimal { ['p', 'P'] } else { ['e', 'E'] };
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        let signed = (c == '+' || c == '-') && marks.contains(&before);
        if !(c.is_alphanumeric() || c == '.' || c == '_' || signed) {
            return at;
        }
        before = c;
    }
    text.len()
}

/// The bytes of a name, its indices in brackets with it.
fn name_length(text: &str) -> usize {
    let stem = text.find(|c| !continues_name(c)).unwrap_or(text.len());
    let rest = &text[stem..];
    let indices = rest.strip_prefix('[').and_then(|inner| {
        let end = inner.find(|c: char| !(c.is_ascii_digit() || c == ',' || c == ' '))?;
        inner[end..].starts_with(']').then_some(end + 2)
    });
    stem + indices.unwrap_or(0)
}

impl Token<'_> {
    fn describe(self) -> String {
        match self {
            Token::Number(text) | Token::Name(text) => format!("{:?}", shorten(text)),
            Token::Symbol(c) => format!("{:?}", c.to_string()),
            Token::End => "the end".to_owned(),
        }
    }
}

struct Builder {
    parameters: Vec<String>,
    data: Vec<String>,
    names: HashMap<String, u32>,
    nodes: Vec<Node>,
    shared: HashMap<Node, u32>,
    numbers: Vec<Rational>,
    shared_numbers: HashMap<Rational, u32>,
    bits: u64,
}

fn index(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn bits(q: &Rational) -> u64 {
    u64::from(q.numer().significant_bits()) + u64::from(q.denom().significant_bits())
}

impl Builder {
    fn new(parameters: &[String], data: &[String]) -> Self {
        let mut builder = Self {
            parameters: parameters.to_vec(),
            data: data.to_vec(),
            names: HashMap::new(),
            nodes: Vec::new(),
            shared: HashMap::new(),
            numbers: Vec::new(),
            shared_numbers: HashMap::new(),
            bits: 0,
        };
        for (i, name) in parameters.iter().enumerate() {
            let node = builder.node(Node::Parameter(index(i)));
            builder.names.insert(name.clone(), node);
        }
        for (i, name) in data.iter().enumerate() {
            let node = builder.node(Node::Datum(index(i)));
            builder.names.insert(name.clone(), node);
        }
        builder
    }

    fn finish(self, output: u32) -> Formula {
        Formula {
            parameters: self.parameters,
            data: self.data,
            nodes: self.nodes,
            numbers: self.numbers,
            output,
        }
    }

    fn node(&mut self, node: Node) -> u32 {
        let next = index(self.nodes.len());
        let at = *self.shared.entry(node).or_insert(next);
        if at == next {
            self.nodes.push(node);
        }
        at
    }

    fn number(&mut self, q: Rational, column: usize) -> Result<u32, FormulaError> {
        let own = bits(&q);
        let at = match self.shared_numbers.get(&q) {
            Some(&at) => at,
            None => {
                self.bits += own;
                let at = index(self.numbers.len());
                self.numbers.push(q.clone());
                self.shared_numbers.insert(q, at);
                at
            }
        };
        if own > MAX_CONSTANT || self.bits > MAX_BITS {
            return Err(FormulaError {
                column,
                expected: format!(
                    "constants of at most {MAX_CONSTANT} bits each and {MAX_BITS} in all"
                ),
                found: "more".to_owned(),
            });
        }
        Ok(self.node(Node::Number(at)))
    }

    fn constant(&self, node: u32) -> Option<&Rational> {
        match self.nodes[node as usize] {
            Node::Number(i) => Some(&self.numbers[i as usize]),
            _ => None,
        }
    }

    fn parse(&mut self, text: &str) -> Result<u32, FormulaError> {
        let mut lexer = Lexer {
            text,
            at: 0,
            column: 1,
        };
        let mut open: Vec<Open> = Vec::new();
        let mut operands: Vec<u32> = Vec::new();
        loop {
            // An operand, after any number of signs and parentheses.
            let (token, column) = lexer.next();
            if self.nodes.len() > MAX_OPERATIONS {
                return Err(FormulaError {
                    column,
                    expected: format!("at most {MAX_OPERATIONS} operations"),
                    found: "more".to_owned(),
                });
            }
            match token {
                Token::Number(text) => {
                    let q = parse_exact(text).map_err(|error| FormulaError {
                        column,
                        expected: "a number".to_owned(),
                        found: error.to_string(),
                    })?;
                    let node = self.number(q, column)?;
                    operands.push(node);
                }
                Token::Name(name) => {
                    if let Some(at) = FUNCTIONS.iter().position(|(own, _)| *own == name) {
                        let (token, column) = lexer.next();
                        if token != Token::Symbol('(') {
                            return Err(FormulaError {
                                column,
                                expected: format!("\"(\" after the function {name}"),
                                found: token.describe(),
                            });
                        }
                        open.push(Open::Call(at, column, Vec::new()));
                        continue;
                    }
                    let node = self
                        .lookup(name)
                        .ok_or_else(|| self.unknown(name, column))?;
                    operands.push(node);
                }
                Token::Symbol('(') => {
                    open.push(Open::Parenthesis(column));
                    continue;
                }
                Token::Symbol('-') => {
                    open.push(Open::Negative);
                    continue;
                }
                Token::Symbol('+') => continue,
                other => {
                    return Err(FormulaError {
                        column,
                        expected: "a number, a name, a function or \"(\"".to_owned(),
                        found: other.describe(),
                    });
                }
            }
            // What follows an operand: any number of closing parentheses, then an operator.
            loop {
                let (token, column) = lexer.next();
                match token {
                    Token::Symbol(')') => {
                        self.reduce(&mut open, &mut operands, 1)?;
                        match open.pop() {
                            Some(Open::Call(function, at, mut arguments)) => {
                                arguments.extend(operands.pop());
                                let node = self.call(function, &arguments, at)?;
                                operands.push(node);
                            }
                            Some(_) => {}
                            None => {
                                return Err(FormulaError {
                                    column,
                                    expected: "an operator or the end".to_owned(),
                                    found: "\")\" without \"(\"".to_owned(),
                                });
                            }
                        }
                        continue;
                    }
                    Token::Symbol(',') => {
                        self.reduce(&mut open, &mut operands, 1)?;
                        match open.last_mut() {
                            Some(Open::Call(_, _, arguments)) => arguments.extend(operands.pop()),
                            _ => {
                                return Err(FormulaError {
                                    column,
                                    expected: "an operator, \")\" or the end".to_owned(),
                                    found: "\",\" outside of a function's arguments".to_owned(),
                                });
                            }
                        }
                    }
                    Token::Symbol('+') => {
                        self.reduce(&mut open, &mut operands, 1)?;
                        open.push(Open::Plus(column));
                    }
                    Token::Symbol('-') => {
                        self.reduce(&mut open, &mut operands, 1)?;
                        open.push(Open::Minus(column));
                    }
                    Token::Symbol('*') => {
                        self.reduce(&mut open, &mut operands, 2)?;
                        open.push(Open::Times(column));
                    }
                    Token::Symbol('/') => {
                        self.reduce(&mut open, &mut operands, 2)?;
                        open.push(Open::Over(column));
                    }
                    // From the right: what binds as tightly waits.
                    Token::Symbol('^') => open.push(Open::Power(column)),
                    Token::End => {
                        self.reduce(&mut open, &mut operands, 1)?;
                        if self.nodes.len() > MAX_OPERATIONS {
                            return Err(FormulaError {
                                column,
                                expected: format!("at most {MAX_OPERATIONS} operations"),
                                found: "more".to_owned(),
                            });
                        }
                        if let Some(Open::Parenthesis(at) | Open::Call(_, at, _)) = open.last() {
                            return Err(FormulaError {
                                column,
                                expected: format!("\")\" for the \"(\" in column {at}"),
                                found: "the end".to_owned(),
                            });
                        }
                        return Ok(operands.pop().unwrap_or_default());
                    }
                    other => {
                        return Err(FormulaError {
                            column,
                            expected: "an operator, \")\" or the end".to_owned(),
                            found: other.describe(),
                        });
                    }
                }
                break;
            }
        }
    }

    /// Names with spaces among their indices are those without.
    fn lookup(&self, name: &str) -> Option<u32> {
        if name.contains(' ') {
            return self.names.get(&name.replace(' ', "")).copied();
        }
        self.names.get(name).copied()
    }

    fn unknown(&self, name: &str, column: usize) -> FormulaError {
        let low = name.to_ascii_lowercase();
        if ["inf", "infinity", "nan"].contains(&low.as_str()) {
            return FormulaError {
                column,
                expected: "a finite number".to_owned(),
                found: format!("{:?}", shorten(name)),
            };
        }
        let functions: Vec<&str> = FUNCTIONS.iter().map(|(name, _)| *name).collect();
        FormulaError {
            column,
            expected: format!(
                "a parameter, a datum, a definition before it or a function ({})",
                functions.join(", ")
            ),
            found: format!("the unknown name {:?}", shorten(name)),
        }
    }

    /// Applies what binds at least as tightly as `rank`, back to the last parenthesis.
    fn reduce(
        &mut self,
        open: &mut Vec<Open>,
        operands: &mut Vec<u32>,
        rank: u8,
    ) -> Result<(), FormulaError> {
        while open.last().is_some_and(|top| top.rank() >= rank) {
            let Some(operator) = open.pop() else { break };
            let Some(right) = operands.pop() else { break };
            let node = match operator {
                Open::Negative => match self.constant(right) {
                    Some(q) => self.number(Rational::from(-q), 1)?,
                    None => self.node(Node::Negate(right)),
                },
                Open::Parenthesis(_) | Open::Call(..) => right,
                Open::Power(column) => {
                    let left = operands.pop().unwrap_or(right);
                    self.power(left, right, column)?
                }
                Open::Plus(column)
                | Open::Minus(column)
                | Open::Times(column)
                | Open::Over(column) => {
                    let left = operands.pop().unwrap_or(right);
                    self.binary(&operator, left, right, column)?
                }
            };
            operands.push(node);
        }
        Ok(())
    }

    fn binary(
        &mut self,
        operator: &Open,
        a: u32,
        b: u32,
        column: usize,
    ) -> Result<u32, FormulaError> {
        let zero = self.constant(b).is_some_and(|q| *q == 0);
        if matches!(operator, Open::Over(_)) && zero {
            return Err(FormulaError {
                column,
                expected: "a divisor other than 0".to_owned(),
                found: "0".to_owned(),
            });
        }
        if let (Some(p), Some(q)) = (self.constant(a), self.constant(b)) {
            let value = match operator {
                Open::Plus(_) => Rational::from(p + q),
                Open::Minus(_) => Rational::from(p - q),
                Open::Times(_) => Rational::from(p * q),
                _ => Rational::from(p / q),
            };
            return self.number(value, column);
        }
        Ok(self.node(match operator {
            Open::Plus(_) => Node::Add(a, b),
            Open::Minus(_) => Node::Subtract(a, b),
            Open::Times(_) => Node::Multiply(a, b),
            _ => Node::Divide(a, b),
        }))
    }

    fn power(&mut self, base: u32, exponent: u32, column: usize) -> Result<u32, FormulaError> {
        let whole = self.constant(exponent).and_then(|q| {
            let n = q.is_integer().then(|| q.numer().to_i64()).flatten()?;
            (n.abs() <= MAX_EXPONENT).then_some(n)
        });
        let Some(n) = whole.and_then(|n| i32::try_from(n).ok()) else {
            return Err(FormulaError {
                column,
                expected: format!(
                    "a whole exponent within ±{MAX_EXPONENT} (write sqrt(x), or exp(a*log(x)))"
                ),
                found: match self.constant(exponent) {
                    Some(q) => shorten(&q.to_string()),
                    None => "an expression".to_owned(),
                },
            });
        };
        let Some(q) = self.constant(base) else {
            return Ok(match n {
                0 => self.number(Rational::one(), column)?,
                1 => base,
                _ => self.node(Node::Power(base, n)),
            });
        };
        if *q == 0 && n < 0 {
            return Err(FormulaError {
                column,
                expected: "a divisor other than 0".to_owned(),
                found: "0 to a negative power".to_owned(),
            });
        }
        if bits(q) * u64::from(n.unsigned_abs()) > 2 * MAX_CONSTANT {
            return Err(FormulaError {
                column,
                expected: format!("constants of at most {MAX_CONSTANT} bits"),
                found: "a larger power".to_owned(),
            });
        }
        let value = Number::Constant(q.clone()).power(n);
        match value {
            Some(Number::Constant(value)) => self.number(value, column),
            _ => Ok(self.node(Node::Power(base, n))),
        }
    }

    fn call(&mut self, at: usize, arguments: &[u32], column: usize) -> Result<u32, FormulaError> {
        let (name, arity) = FUNCTIONS[at];
        if let Some(arity) = arity
            && arity != arguments.len()
        {
            let noun = if arity == 1 { "argument" } else { "arguments" };
            return Err(FormulaError {
                column,
                expected: format!("{arity} {noun} of {name}"),
                found: arguments.len().to_string(),
            });
        }
        let Some((&first, rest)) = arguments.split_first() else {
            return Ok(0);
        };
        let function = match name {
            "sq" => return self.square(first, column),
            "max" | "min" => {
                return Ok(rest.iter().fold(first, |a, &b| {
                    self.node(if name == "max" {
                        Node::Larger(a, b)
                    } else {
                        Node::Smaller(a, b)
                    })
                }));
            }
            // max(x, ax) for a ≤ 1.
            "leaky_relu" => {
                let slope = arguments[1];
                let fits = self.constant(slope).is_some_and(|a| *a >= 0 && *a <= 1);
                if !fits {
                    return Err(FormulaError {
                        column,
                        expected: "a number from 0 to 1 as second argument of leaky_relu"
                            .to_owned(),
                        found: "something else".to_owned(),
                    });
                }
                let scaled = self.node(Node::Multiply(slope, first));
                return Ok(self.node(Node::Larger(first, scaled)));
            }
            "exp" => Function::Exp,
            "log" | "ln" => Function::Log,
            "sqrt" => Function::Sqrt,
            "tanh" => Function::Tanh,
            "sigmoid" => Function::Sigmoid,
            "softplus" => Function::Softplus,
            "abs" => Function::Abs,
            _ => Function::Relu,
        };
        Ok(self.node(Node::Call(function, first)))
    }

    fn square(&mut self, base: u32, column: usize) -> Result<u32, FormulaError> {
        let two = self.number(Rational::from(2), column)?;
        self.power(base, two, column)
    }
}
