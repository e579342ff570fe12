//! The words of an expression.

use super::{Operator, ParseError};
use crate::{Code, name::is_name};

/// A word of an expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Number(f64),
    Text(String),
    /// `${name}`
    Reference(String),
    /// A name, possibly with a prefix: `jr:choice-name`.
    Name(String),
    Operator(Operator),
    Dot,
    DotDot,
    Slash,
    Open,
    Close,
    Comma,
}

/// What an operator may follow: then `*` multiplies and `mod` divides; elsewhere they would be names.
fn ends_value(token: Option<&Token>) -> bool {
    !matches!(token, None | Some(Token::Operator(_) | Token::Slash | Token::Open | Token::Comma))
}

/// Cuts an expression into words, each with its character counted from 1.
pub(super) fn tokens(text: &str) -> Result<Vec<(Token, usize)>, ParseError> {
    let chars: Vec<char> = text.chars().collect();
    let mut out: Vec<(Token, usize)> = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let c = chars[at];
        let column = at + 1;
        if c.is_whitespace() {
            at += 1;
            continue;
        }
        let next = chars.get(at + 1).copied();
        let (token, length) = match c {
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            ',' => (Token::Comma, 1),
            '+' => (Token::Operator(Operator::Plus), 1),
            '-' => (Token::Operator(Operator::Minus), 1),
            '=' => (Token::Operator(Operator::Equal), 1),
            '!' if next == Some('=') => (Token::Operator(Operator::NotEqual), 2),
            '<' if next == Some('=') => (Token::Operator(Operator::LessOrEqual), 2),
            '<' => (Token::Operator(Operator::Less), 1),
            '>' if next == Some('=') => (Token::Operator(Operator::GreaterOrEqual), 2),
            '>' => (Token::Operator(Operator::Greater), 1),
            '*' if ends_value(out.last().map(|(t, _)| t)) => (Token::Operator(Operator::Times), 1),
            '/' if next != Some('/') => (Token::Slash, 1),
            '.' if next == Some('.') => (Token::DotDot, 2),
            '.' if !next.is_some_and(|c| c.is_ascii_digit()) => (Token::Dot, 1),
            '"' | '\'' => quoted(&chars, at)?,
            '$' => reference(&chars, at)?,
            '.' | '0'..='9' => number(&chars, at)?,
            '[' | ']' | '/' | '@' | '|' | '*' => {
                return Err(ParseError::new(Code::UnsupportedExpression, column, c));
            }
            c if is_name(c.encode_utf8(&mut [0; 4])) => {
                word(&chars, at, ends_value(out.last().map(|(t, _)| t)))
            }
            c => return Err(ParseError::new(Code::Syntax, column, c)),
        };
        out.push((token, column));
        at += length;
    }
    Ok(out)
}

fn quoted(chars: &[char], at: usize) -> Result<(Token, usize), ParseError> {
    let end = chars[at + 1..].iter().position(|c| *c == chars[at]);
    let end = end.ok_or_else(|| ParseError::new(Code::Syntax, at + 1, chars[at]))?;
    Ok((Token::Text(chars[at + 1..at + 1 + end].iter().collect()), end + 2))
}

fn reference(chars: &[char], at: usize) -> Result<(Token, usize), ParseError> {
    let bad = || ParseError::new(Code::BadReference, at + 1, chars[at..].iter().take(20).collect::<String>());
    if chars.get(at + 1) != Some(&'{') {
        return Err(bad());
    }
    let end = chars[at..].iter().position(|c| *c == '}').ok_or_else(bad)?;
    let name: String = chars[at + 2..at + end].iter().collect();
    if name.starts_with("last-saved#") {
        return Err(ParseError::new(Code::UnsupportedExpression, at + 1, name));
    }
    if !is_name(&name) || name.contains(':') {
        return Err(bad());
    }
    Ok((Token::Reference(name), end + 1))
}

fn number(chars: &[char], at: usize) -> Result<(Token, usize), ParseError> {
    let length = chars[at..].iter().take_while(|c| c.is_ascii_digit() || **c == '.').count();
    let text: String = chars[at..at + length].iter().collect();
    let value = crate::value::parse_number(&text);
    if value.is_finite() {
        Ok((Token::Number(value), length))
    } else {
        Err(ParseError::new(Code::Syntax, at + 1, text))
    }
}

fn word(chars: &[char], at: usize, after_value: bool) -> (Token, usize) {
    // The longest name, so that `string-length` is one word; a colon joins a prefix.
    let mut length = 1;
    while let Some(c) = chars.get(at + length) {
        let joins = *c == ':' && chars.get(at + length + 1).is_some_and(|c| c.is_alphabetic());
        if joins || crate::name::continues(*c) {
            length += 1;
        } else {
            break;
        }
    }
    let name: String = chars[at..at + length].iter().collect();
    let operator = match name.as_str() {
        "and" => Some(Operator::And),
        "or" => Some(Operator::Or),
        "div" => Some(Operator::Div),
        "mod" => Some(Operator::Mod),
        _ => None,
    };
    match operator {
        Some(operator) if after_value => (Token::Operator(operator), length),
        _ => (Token::Name(name), length),
    }
}
