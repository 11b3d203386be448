//! What arrives in which form, and that the pieces make the value again.

use super::*;

/// The value that a text with this expression gives, and the rows it is made of.
fn joined(key: &str, value: &str) -> (String, Vec<(String, String)>) {
    let form = EnvForm::of(key, value).expect("a value that arrives");
    let rows = form.rows(key, value).expect("rows of this form");
    let mut text = form.expression(key).expect("a composite").replace("${FABRIK_PART_0}", "");
    for (name, part) in rows.iter().rev() {
        text = text.replace(&format!("${{{name}}}"), part);
    }
    (text, rows)
}

#[test]
fn the_parts_and_the_glue_make_the_value_again_and_each_part_is_carried() {
    for value in [
        "it's $X fine #1",
        "'",
        "''a''",
        "'abc'",
        "C:\\data\\",
        "\\",
        "  x  ",
        " ",
        "\n",
        "line1\nline2\n",
        "a\\'b",
        "a ' b\n\t",
        "{\"p\":\"pa$$w$X #y\"}",
        "{\n  \"a\": \"b $X #c\",\n  \"n\": [1,\n 2]\n}",
        "[[1,\"$\"]]",
        "[\n]",
        "-----BEGIN K-----\nab+/=\n-----END K-----''\"q\" \\e",
        "{\"a\":\"$\"}'[\" #\"]'",
        "a\r\nb\r\n'c",
    ] {
        let (again, rows) = joined("K", value);
        assert_eq!(again, value);
        for (name, part) in &rows {
            assert_eq!(in_a_row(part), Ok(()), "{value:?}: {name}");
            assert!(!is_json(part), "{value:?}: {part:?} is not quoted");
        }
    }
}

#[test]
fn glue_is_nothing_but_apostrophes_backslashes_and_blanks() {
    let value = "  canary-1'\\\\'canary-2 {\"a\"}\\\n\n";
    let EnvForm::Composite(pieces) = EnvForm::of("K", value).expect("it arrives") else {
        panic!("a composite")
    };
    let glue = |piece: &ValuePiece| match piece {
        ValuePiece::Glue(glue) => glue.clone(),
        ValuePiece::Part => String::new(),
    };
    let glue: String = pieces.iter().map(glue).collect();
    assert_eq!(glue, "  '\\\\'\\\n\n");
}

#[test]
fn a_key_that_cannot_be_referred_to_has_no_parts() {
    assert_eq!(EnvForm::of("A.B", "it's"), Err(Uncarriable::Apostrophe));
    assert_eq!(EnvForm::of(&"A".repeat(250), "it's"), Err(Uncarriable::Apostrophe));
    assert_eq!(EnvForm::of("A.B", "plain"), Ok(EnvForm::Row));
}

#[test]
fn what_no_form_carries_is_named() {
    for (value, why) in [
        ("a\0b", Uncarriable::Nul),
        ("it's\0", Uncarriable::Nul),
        ("\u{1b}[0m", Uncarriable::Control),
        ("it's \u{7f}", Uncarriable::Control),
        ("a\u{a0}'b", Uncarriable::Invisible),
        ("\u{feff}a", Uncarriable::Invisible),
    ] {
        assert_eq!(EnvForm::of("K", value), Err(why), "{value:?}");
    }
    assert_eq!(EnvForm::of("K", &"a'".repeat(200)), Err(Uncarriable::TooManyParts));
    assert_eq!(EnvForm::of("K", &"a".repeat(65_537)), Err(Uncarriable::TooLong));
    assert_eq!(EnvForm::of("K", &"'".repeat(200)).map(|form| form.row_names("K").len()), Ok(0));
}
