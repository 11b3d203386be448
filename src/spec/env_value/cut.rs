//! A value cut into parts that literal rows carry, and the glue between them.
//!
//! The glue is what no row carries where it stands: apostrophes, blanks at the ends of a part, backslashes at its end.

use super::{BLANKS, MOST_PARTS, Uncarriable, ValuePiece, has_control, in_a_row, is_json};

/// Cuts a value; the pieces, with the parts put into them, are the value again.
///
/// # Errors
/// Why it does not arrive in parts either.
pub(super) fn split(value: &str) -> Result<(Vec<ValuePiece>, Vec<String>), Uncarriable> {
    if value.contains('\0') {
        return Err(Uncarriable::Nul);
    }
    if has_control(value) {
        return Err(Uncarriable::Control);
    }
    let mut cut = Cut::default();
    for (nth, between) in value.split('\'').enumerate() {
        if nth > 0 {
            cut.glue("'");
        }
        cut.part(between)?;
    }
    if cut.parts.len() > MOST_PARTS { Err(Uncarriable::TooManyParts) } else { Ok((cut.pieces, cut.parts)) }
}

/// A value on its way into pieces.
#[derive(Default)]
struct Cut {
    pieces: Vec<ValuePiece>,
    parts: Vec<String>,
}

impl Cut {
    fn glue(&mut self, text: &str) {
        match self.pieces.last_mut() {
            _ if text.is_empty() => {}
            Some(ValuePiece::Glue(glue)) => glue.push_str(text),
            Some(ValuePiece::Part) | None => self.pieces.push(ValuePiece::Glue(text.to_owned())),
        }
    }

    // No part may begin with a blank, end with a blank or a backslash, or be JSON by itself.
    fn part(&mut self, text: &str) -> Result<(), Uncarriable> {
        let inner = text.trim_start_matches(BLANKS);
        self.glue(&text[..text.len() - inner.len()]);
        let part = inner.trim_end_matches(|c: char| BLANKS.contains(&c) || c == '\\');
        if is_json(part) {
            let (bracket, rest) = part.split_at(1);
            self.row(bracket)?;
            self.part(rest)?;
        } else if !part.is_empty() {
            self.row(part)?;
        }
        self.glue(&inner[part.len()..]);
        Ok(())
    }

    fn row(&mut self, part: &str) -> Result<(), Uncarriable> {
        in_a_row(part)?;
        self.pieces.push(ValuePiece::Part);
        self.parts.push(part.to_owned());
        Ok(())
    }
}
