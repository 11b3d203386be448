//! Reads the text of an expression.

use super::super::units::{LAST, Unit, unit};
use super::{Class, NoRegex, Place};

/// An expression in its parts.
#[derive(Debug, Clone)]
pub(crate) enum RegexNode {
    /// One character of a set.
    One(Class),
    /// A place between two characters.
    At(Place),
    /// One after the other.
    Sequence(Vec<RegexNode>),
    /// Any of them.
    Either(Vec<RegexNode>),
    /// At least and at most so many times.
    Repeat(Box<RegexNode>, u32, Option<u32>),
}

/// Reads a whole text.
///
/// # Errors
/// [`NoRegex`] where Go would refuse it.
pub(crate) fn parse(text: &[Unit]) -> Result<RegexNode, NoRegex> {
    let mut parser = Parser { text, at: 0 };
    let node = parser.either()?;
    if parser.at < text.len() { Err(NoRegex) } else { Ok(node) }
}

struct Parser<'a> {
    text: &'a [Unit],
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<Unit> {
        self.text.get(self.at).copied()
    }

    fn next(&mut self) -> Result<Unit, NoRegex> {
        let unit = self.peek().ok_or(NoRegex)?;
        self.at += 1;
        Ok(unit)
    }

    fn eat(&mut self, letter: char) -> bool {
        let found = self.peek() == Some(unit(letter));
        self.at += usize::from(found);
        found
    }

    fn either(&mut self) -> Result<RegexNode, NoRegex> {
        let mut nodes = vec![self.sequence()?];
        while self.eat('|') {
            nodes.push(self.sequence()?);
        }
        Ok(if nodes.len() == 1 { nodes.remove(0) } else { RegexNode::Either(nodes) })
    }

    fn sequence(&mut self) -> Result<RegexNode, NoRegex> {
        let mut nodes: Vec<RegexNode> = Vec::new();
        let mut was_repeat = false;
        while let Some(next) = self.peek().filter(|next| *next != unit('|') && *next != unit(')')) {
            if let Some((least, most)) = self.repetition(next)? {
                // One repetition upon another is refused, and so is one of nothing.
                let Some(node) = nodes.pop().filter(|_| !was_repeat) else { return Err(NoRegex) };
                nodes.push(RegexNode::Repeat(Box::new(node), least, most));
                was_repeat = true;
            } else {
                nodes.extend(self.atom()?);
                was_repeat = false;
            }
        }
        Ok(RegexNode::Sequence(nodes))
    }

    fn repetition(&mut self, next: Unit) -> Result<Option<(u32, Option<u32>)>, NoRegex> {
        let found = match char::from_u32(next) {
            Some('*') => (0, None),
            Some('?') => (0, Some(1)),
            Some('{') => return self.counted(),
            _ => return Ok(None),
        };
        self.at += 1;
        Ok(Some(found))
    }

    /// `{2}`, `{2,}` or `{2,3}`; everything else that begins with a brace stands for itself.
    fn counted(&mut self) -> Result<Option<(u32, Option<u32>)>, NoRegex> {
        let start = self.at;
        let found = self.count();
        match found {
            Some((least, most))
                if least <= 1000 && most.is_none_or(|most| (least..=1000).contains(&most)) =>
            {
                Ok(found)
            }
            Some(_) => Err(NoRegex),
            None => {
                self.at = start;
                Ok(None)
            }
        }
    }

    fn count(&mut self) -> Option<(u32, Option<u32>)> {
        self.at += 1;
        let least = self.number()?;
        let most = if !self.eat(',') {
            Some(least)
        } else if self.peek() == Some(unit('}')) {
            None
        } else {
            Some(self.number()?)
        };
        self.eat('}').then_some((least, most))
    }

    fn number(&mut self) -> Option<u32> {
        let start = self.at;
        let mut number = 0_u32;
        while let Some(digit) = self.peek().and_then(char::from_u32).and_then(|letter| letter.to_digit(10)) {
            number = number.saturating_mul(10).saturating_add(digit);
            self.at += 1;
        }
        let digits = self.at - start;
        (digits > 0 && (digits == 1 || self.text[start] != unit('0'))).then_some(number)
    }

    /// One resource; several for a quoted text.
    fn atom(&mut self) -> Result<Vec<RegexNode>, NoRegex> {
        let first = self.next()?;
        let node = match char::from_u32(first) {
            Some('(') => {
                let node = self.either()?;
                if !self.eat(')') {
                    return Err(NoRegex);
                }
                node
            }
            Some('[') => RegexNode::One(self.class()?),
            Some('.') => RegexNode::One(Class::all_but('\n')),
            Some('^') => RegexNode::At(Place::Start),
            Some('$') => RegexNode::At(Place::End),
            Some('\\') => return self.escaped(),
            _ => RegexNode::One(Class::one(first)),
        };
        Ok(vec![node])
    }

    fn escaped(&mut self) -> Result<Vec<RegexNode>, NoRegex> {
        let place = match self.peek().and_then(char::from_u32) {
            Some('A') => Place::Start,
            Some('z') => Place::End,
            Some('b') => Place::WordEdge,
            Some('B') => Place::NoWordEdge,
            Some('Q') => return Ok(self.quoted()),
            _ => {
                let node = match self.perl_class() {
                    Some(class) => class,
                    None => Class::one(self.escape()?),
                };
                return Ok(vec![RegexNode::One(node)]);
            }
        };
        self.at += 1;
        Ok(vec![RegexNode::At(place)])
    }

    /// Everything up to `\E`.
    fn quoted(&mut self) -> Vec<RegexNode> {
        self.at += 1;
        let rest = &self.text[self.at..];
        let end = rest.windows(2).position(|pair| pair == [unit('\\'), unit('E')]);
        let text = &rest[..end.unwrap_or(rest.len())];
        self.at += text.len() + if end.is_some() { 2 } else { 0 };
        text.iter().map(|unit| RegexNode::One(Class::one(*unit))).collect()
    }

    /// `\d` and its like, with the backslash already taken.
    fn perl_class(&mut self) -> Option<Class> {
        let letter = self.peek().and_then(char::from_u32)?;
        let mut class = match letter.to_ascii_lowercase() {
            'd' => Class::named("digit")?,
            's' => Class { negated: false, ranges: vec![(9, 10), (12, 13), (32, 32)] },
            'w' => Class::word(),
            _ => return None,
        };
        class.negated = letter.is_ascii_uppercase();
        self.at += 1;
        Some(class)
    }

    /// The character that an escape stands for, with the backslash already taken.
    fn escape(&mut self) -> Result<Unit, NoRegex> {
        let letter = self.next()?;
        let octal = |unit: Option<Unit>| unit.and_then(char::from_u32).and_then(|letter| letter.to_digit(8));
        match char::from_u32(letter) {
            Some('0') => {}
            // A digit alone would refer back, which is not supported.
            Some('1'..='7') if octal(self.peek()).is_some() => {}
            Some('x') => return self.hexadecimal(),
            Some('a') => return Ok(7),
            Some('f') => return Ok(12),
            Some('n') => return Ok(10),
            Some('r') => return Ok(13),
            Some('t') => return Ok(9),
            Some('v') => return Ok(11),
            Some(letter) if letter.is_ascii() && !letter.is_ascii_alphanumeric() => return Ok(unit(letter)),
            _ => return Err(NoRegex),
        }
        let mut value = letter - unit('0');
        for _ in 0..2 {
            let Some(digit) = octal(self.peek()) else { break };
            value = value * 8 + digit;
            self.at += 1;
        }
        Ok(value)
    }

    fn hexadecimal(&mut self) -> Result<Unit, NoRegex> {
        let digit = |unit: Unit| char::from_u32(unit).and_then(|letter| letter.to_digit(16)).ok_or(NoRegex);
        if !self.eat('{') {
            return Ok(digit(self.next()?)? * 16 + digit(self.next()?)?);
        }
        let (mut value, mut digits) = (0, 0);
        while !self.eat('}') {
            value = value * 16 + digit(self.next()?)?;
            digits += 1;
            if value > LAST {
                return Err(NoRegex);
            }
        }
        if digits == 0 { Err(NoRegex) } else { Ok(value) }
    }

    /// `[…]`, with its bracket already taken.
    fn class(&mut self) -> Result<Class, NoRegex> {
        let mut class = Class { negated: self.eat('^'), ranges: Vec::new() };
        let mut is_first = true;
        while is_first || self.peek() != Some(unit(']')) {
            is_first = false;
            if let Some(named) = self.named_class()? {
                class.ranges.extend(named);
                continue;
            }
            if self.peek() == Some(unit('\\')) {
                self.at += 1;
                if let Some(perl) = self.perl_class() {
                    class.ranges.extend(perl.flat());
                    continue;
                }
                self.at -= 1;
            }
            let low = self.class_letter()?;
            let is_range = self.peek() == Some(unit('-'))
                && self.text.get(self.at + 1).is_some_and(|after| *after != unit(']'));
            let high = if is_range {
                self.at += 1;
                self.class_letter()?
            } else {
                low
            };
            if high < low {
                return Err(NoRegex);
            }
            class.ranges.push((low, high));
        }
        self.at += 1;
        Ok(class)
    }

    fn class_letter(&mut self) -> Result<Unit, NoRegex> {
        if self.eat('\\') { self.escape() } else { self.next() }
    }

    /// `[:alpha:]` within a class.
    fn named_class(&mut self) -> Result<Option<Vec<(Unit, Unit)>>, NoRegex> {
        let rest = &self.text[self.at..];
        if !rest.starts_with(&[unit('['), unit(':')]) {
            return Ok(None);
        }
        let Some(end) = rest[2..].windows(2).position(|pair| pair == [unit(':'), unit(']')]) else {
            return Ok(None);
        };
        let name: String = rest[2..2 + end].iter().filter_map(|unit| char::from_u32(*unit)).collect();
        let (negated, name) = name.strip_prefix('^').map_or((false, name.as_str()), |name| (true, name));
        let mut class = Class::named(name).ok_or(NoRegex)?;
        class.negated = negated;
        self.at += end + 4;
        Ok(Some(class.flat()))
    }
}
