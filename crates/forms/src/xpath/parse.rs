//! Reading expressions: names are resolved on the way, so that what comes out can only speak of what is there.

use std::collections::{BTreeSet, HashMap};

use super::{Expr, Function, Operator, ParseError, function::ELSEWHERE, token::Token, token::tokens};
use crate::{
    Code,
    model::{Node, NodeId, Piece},
};

/// The longest expression.
const LONGEST: usize = 8000;
/// Parentheses within parentheses.
const DEEPEST: usize = 40;

/// The names of a form, for those who read its expressions.
pub struct Names<'a> {
    nodes: &'a [Node],
    by_name: HashMap<&'a str, Vec<NodeId>>,
}

impl<'a> Names<'a> {
    /// Notes every name but those of `generated` nodes: no author wrote them, so none refers to them.
    pub fn new(nodes: &'a [Node], generated: &BTreeSet<NodeId>) -> Self {
        let mut by_name: HashMap<&str, Vec<NodeId>> = HashMap::new();
        for (id, node) in nodes.iter().enumerate().skip(1).filter(|(id, _)| !generated.contains(id)) {
            by_name.entry(&node.name).or_default().push(id);
        }
        Self { nodes, by_name }
    }

    /// What is wrong with a name as a reference.
    pub fn fault(&self, name: &str) -> Option<Code> {
        self.reference(name, 0).err().map(|error| error.code)
    }

    fn reference(&self, name: &str, at: usize) -> Result<NodeId, ParseError> {
        match self.by_name.get(name).map(Vec::as_slice) {
            Some([id]) => Ok(*id),
            Some(_) => Err(ParseError::new(Code::AmbiguousReference, at, name)),
            None => Err(ParseError::new(Code::UnknownReference, at, name)),
        }
    }

    /// How many repeat numbers two places share. A repeat as a whole lies outside itself.
    fn shared(&self, context: NodeId, target: NodeId) -> usize {
        let (context, target) = (&self.nodes[context], &self.nodes[target]);
        let (from, to) = (&context.repeats[..context.depth()], &target.repeats[..target.depth()]);
        from.iter().zip(to).take_while(|(a, b)| a == b).count()
    }
}

/// Reads an expression of the node `context`. In a `filter`, bare names are columns of the choice.
pub fn parse(text: &str, names: &Names<'_>, context: NodeId, filter: bool) -> Result<Expr, ParseError> {
    if text.chars().count() > LONGEST {
        return Err(ParseError::new(Code::Syntax, LONGEST, "…"));
    }
    let tokens = tokens(text)?;
    let end = text.chars().count() + 1;
    let mut parser = Parser { tokens, at: 0, end, names, context, filter, depth: 0 };
    let expr = parser.binary(1)?;
    match parser.peek() {
        None => Ok(expr),
        Some(_) => Err(parser.unexpected()),
    }
}

/// Reads words with references in them: `您家有 ${n} 口人`.
pub fn parse_text(text: &str, names: &Names<'_>, context: NodeId) -> Result<Vec<Piece>, ParseError> {
    let mut pieces = Vec::new();
    let mut rest = text;
    let column = |rest: &str| text.chars().count() - rest.chars().count() + 1;
    while let Some(start) = rest.find("${") {
        let (words, from) = rest.split_at(start);
        let at = column(from);
        let end = from.find('}').ok_or_else(|| ParseError::new(Code::BadReference, at, from))?;
        if !words.is_empty() {
            pieces.push(Piece::Words(words.to_owned()));
        }
        let reference = parse(&from[..=end], names, context, false);
        pieces.push(Piece::Value(reference.map_err(|e| ParseError { at: at + e.at - 1, ..e })?));
        rest = &from[end + 1..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Words(rest.to_owned()));
    }
    Ok(pieces)
}

struct Parser<'n> {
    tokens: Vec<(Token, usize)>,
    at: usize,
    end: usize,
    names: &'n Names<'n>,
    context: NodeId,
    filter: bool,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    fn column(&self) -> usize {
        self.tokens.get(self.at).map_or(self.end, |(_, column)| *column)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.at += 1;
        token
    }

    fn takes(&mut self, token: &Token) -> bool {
        let found = self.peek() == Some(token);
        self.at += usize::from(found);
        found
    }

    fn unexpected(&self) -> ParseError {
        let about = match self.peek() {
            None => String::new(),
            Some(Token::Number(n)) => crate::value::number_text(*n),
            Some(Token::Text(text)) => format!("'{text}'"),
            Some(Token::Reference(name)) => format!("${{{name}}}"),
            Some(Token::Name(name)) => name.clone(),
            Some(Token::Operator(operator)) => operator.word().to_owned(),
            Some(Token::Dot) => ".".to_owned(),
            Some(Token::DotDot) => "..".to_owned(),
            Some(Token::Slash) => "/".to_owned(),
            Some(Token::Open) => "(".to_owned(),
            Some(Token::Close) => ")".to_owned(),
            Some(Token::Comma) => ",".to_owned(),
        };
        ParseError::new(Code::Syntax, self.column(), about)
    }

    fn deeper(&mut self) -> Result<(), ParseError> {
        self.depth += 1;
        if self.depth > DEEPEST { Err(self.unexpected()) } else { Ok(()) }
    }

    /// Operators at least this strong, the strongest first.
    fn binary(&mut self, least: u8) -> Result<Expr, ParseError> {
        self.deeper()?;
        let mut left = self.unary()?;
        while let Some(Token::Operator(operator)) = self.peek() {
            let operator = *operator;
            if operator.strength() < least {
                break;
            }
            self.at += 1;
            let right = self.binary(operator.strength() + 1)?;
            left = Expr::Operator(operator, Box::new(left), Box::new(right));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expr, ParseError> {
        if self.takes(&Token::Operator(Operator::Minus)) {
            self.deeper()?;
            let inner = self.unary()?;
            self.depth -= 1;
            return Ok(match inner {
                Expr::Number(n) => Expr::Number(-n),
                inner => Expr::Minus(Box::new(inner)),
            });
        }
        self.value()
    }

    fn value(&mut self) -> Result<Expr, ParseError> {
        let column = self.column();
        match self.peek().cloned() {
            Some(Token::Number(n)) => {
                self.at += 1;
                Ok(Expr::Number(n))
            }
            Some(Token::Text(text)) => {
                self.at += 1;
                Ok(Expr::Text(text))
            }
            Some(Token::Open) => {
                self.at += 1;
                let inner = self.binary(1)?;
                if self.takes(&Token::Close) { Ok(inner) } else { Err(self.unexpected()) }
            }
            Some(Token::Name(name)) if matches!(self.tokens.get(self.at + 1), Some((Token::Open, _))) => {
                if name == "current" {
                    self.path()
                } else {
                    self.call(&name, column)
                }
            }
            Some(Token::Name(name)) if self.filter => {
                self.at += 1;
                Ok(Expr::Column(name))
            }
            Some(Token::Reference(_) | Token::Name(_) | Token::Dot | Token::DotDot | Token::Slash) => {
                self.path()
            }
            _ => Err(self.unexpected()),
        }
    }

    /// `${a}/b`, `.`, `../a`, `current()/../a`, `/data/a`: a place of the form.
    fn path(&mut self) -> Result<Expr, ParseError> {
        let column = self.column();
        let names = self.names;
        let context = &names.nodes[self.context];
        let (mut id, mut keep) = (self.context, context.depth());
        match self.next() {
            Some(Token::Reference(name)) => {
                id = names.reference(&name, column)?;
                keep = names.shared(self.context, id);
            }
            // Within a filter, the point is the choice.
            Some(Token::Dot | Token::DotDot) if self.filter => {
                return Err(ParseError::new(Code::UnsupportedExpression, column, "."));
            }
            Some(Token::Dot) => {}
            Some(Token::DotDot) => (id, keep) = self.up(id, keep, column)?,
            Some(Token::Slash) => return self.absolute(column),
            Some(Token::Name(name)) if name == "current" => {
                if !(self.takes(&Token::Open) && self.takes(&Token::Close)) {
                    return Err(self.unexpected());
                }
            }
            Some(Token::Name(name)) => id = self.down(id, &name, column)?,
            _ => return Err(self.unexpected()),
        }
        while self.takes(&Token::Slash) {
            let column = self.column();
            match self.next() {
                Some(Token::Dot) => {}
                Some(Token::DotDot) => {
                    (id, keep) = self.up(id, keep, column)?;
                }
                Some(Token::Name(name)) => id = self.down(id, &name, column)?,
                _ => {
                    self.at -= 1;
                    return Err(self.unexpected());
                }
            }
        }
        Ok(Expr::Node(id, keep))
    }

    /// The section around a node, as the one instance that the node lies in.
    fn up(&self, id: NodeId, keep: usize, column: usize) -> Result<(NodeId, usize), ParseError> {
        if id == 0 {
            return Err(ParseError::new(Code::UnknownPath, column, ".."));
        }
        let parent = self.names.nodes[id].parent;
        Ok((parent, keep.min(self.names.nodes[parent].repeats.len())))
    }

    fn down(&self, id: NodeId, name: &str, column: usize) -> Result<NodeId, ParseError> {
        let nodes = self.names.nodes;
        let found = nodes[id].children.iter().copied().find(|child| nodes[*child].name == name);
        found.ok_or_else(|| ParseError::new(Code::UnknownPath, column, name))
    }

    fn absolute(&mut self, column: usize) -> Result<Expr, ParseError> {
        let nodes = self.names.nodes;
        match self.next() {
            Some(Token::Name(root)) if root == nodes[0].name => {}
            _ => return Err(ParseError::new(Code::UnknownPath, column, "/")),
        }
        let mut id = 0;
        while self.takes(&Token::Slash) {
            let column = self.column();
            let Some(Token::Name(name)) = self.next() else {
                self.at -= 1;
                return Err(self.unexpected());
            };
            id = self.down(id, &name, column)?;
        }
        Ok(Expr::Node(id, self.names.shared(self.context, id)))
    }

    fn call(&mut self, name: &str, column: usize) -> Result<Expr, ParseError> {
        self.at += 2;
        let Some(function) = Function::named(name) else {
            let known = ELSEWHERE.contains(&name);
            let code = if known { Code::UnsupportedExpression } else { Code::UnknownFunction };
            return Err(ParseError::new(code, column, name));
        };
        let mut args = Vec::new();
        if !self.takes(&Token::Close) {
            loop {
                if function == Function::ChoiceName && args.len() == 1 {
                    args.push(self.quoted_place()?);
                } else {
                    args.push(self.binary(1)?);
                }
                if self.takes(&Token::Close) {
                    break;
                }
                if !self.takes(&Token::Comma) {
                    return Err(self.unexpected());
                }
            }
        }
        check(function, &args).map_err(|code| ParseError::new(code, column, name))?;
        Ok(Expr::Call(function, args))
    }

    /// `'${sex}'`: the question whose choices are meant, in quotes as ODK wants it.
    fn quoted_place(&mut self) -> Result<Expr, ParseError> {
        let column = self.column();
        let Some(Token::Text(text)) = self.peek().cloned() else { return self.binary(1) };
        self.at += 1;
        let place = parse(&text, self.names, self.context, false);
        place.map_err(|e| ParseError { at: column + e.at, ..e })
    }
}

/// Whether a function can do something with these arguments.
fn check(function: Function, args: &[Expr]) -> Result<(), Code> {
    let (least, most) = function.arguments();
    if args.len() < least || args.len() > most {
        return Err(Code::Arguments);
    }
    let is_place = |n: usize| matches!(args.get(n), None | Some(Expr::Node(..)));
    let fits = match function {
        Function::Count | Function::CountNonEmpty | Function::Sum | Function::Position => is_place(0),
        Function::ChoiceName => is_place(1),
        Function::IndexedRepeat => {
            args.len() % 2 == 1 && is_place(0) && (1..args.len()).step_by(2).all(is_place)
        }
        _ => true,
    };
    if !fits {
        return Err(Code::Arguments);
    }
    match (function, args) {
        (Function::Regex, [_, Expr::Text(pattern)]) if crate::pattern::compile(pattern).is_none() => {
            Err(Code::BadPattern)
        }
        _ => Ok(()),
    }
}
