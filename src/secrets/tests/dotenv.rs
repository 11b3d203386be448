//! `.env` files: each line is read as docker compose reads it, or said, or refused, and never guessed.
//!
//! `dotenv.table` holds what compose-go 2.0.2 (docker compose 2.26), python-dotenv 1.2.4 and node's dotenv 16.4.7 make of
//! the variable `A` of a file, and what is made of it here. A row is four or five cells between ` | `: the file, what each
//! reader reads (JSON texts; `-` nothing, `!` the whole file refused), and the verdict: `=` read without a word, `said`,
//! `refused`, `missing`. In the environment are `ENVV=from-env`, `BOTH=env-both` and an empty `EMPTYENV`.

use std::path::Path;

use proptest::prelude::*;

use super::super::EnvFile;
use super::nothing;
use crate::error::Problem;

const TABLE: &str = include_str!("dotenv.table");

struct Row {
    file: String,
    compose: Option<String>,
    others: [Option<String>; 2],
    outcome: &'static str,
}

fn rows() -> Vec<Row> {
    let lines = TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(row).collect()
}

fn row(line: &'static str) -> Row {
    let cells: Vec<&str> = line.split(" | ").collect();
    let [file, compose, python, node, outcome] = cells.as_slice() else { panic!("not five cells: {line}") };
    let text = |cell: &str| (!["-", "!"].contains(&cell)).then(|| serde_json::from_str(cell).expect(cell));
    Row { file: text(file).expect(line), compose: text(compose), others: [text(python), text(node)], outcome }
}

fn environment(name: &str) -> Option<String> {
    let value = match name {
        "ENVV" => "from-env",
        "BOTH" => "env-both",
        "EMPTYENV" => "",
        _ => return None,
    };
    Some(value.to_owned())
}

fn read(text: &str) -> EnvFile {
    EnvFile::read(&environment, Path::new(".env"), text.as_bytes()).expect("a text")
}

/// What is made of `A`, and how: as the table's last cell has it.
fn outcome(text: &str) -> (&'static str, Option<String>) {
    let Ok(file) = EnvFile::read(&environment, Path::new(".env"), text.as_bytes()) else {
        return ("refused", None);
    };
    match file.find("A") {
        Err(_) => ("refused", None),
        Ok(None) => ("missing", None),
        Ok(Some(value)) => {
            let how = if file.remark("A").is_some() { "said" } else { "=" };
            (how, Some(value.expose().to_owned()))
        }
    }
}

#[test]
fn every_line_is_read_as_docker_compose_reads_it_or_refused() {
    let rows = rows();
    assert!(rows.len() >= 200, "{} rows", rows.len());
    for Row { file, compose, others, outcome: wanted } in rows {
        let (how, value) = outcome(&file);
        assert_eq!(how, wanted, "{file:?} came out as {value:?}");
        // compose takes nothing from a file with an odd line in it: what the others agree on stands in for it.
        let agreed = others[0].clone().filter(|_| others[0] == others[1]);
        if value.is_some() {
            assert_eq!(value, compose.or(agreed), "{file:?}");
        }
    }
}

#[test]
fn what_is_read_without_a_word_another_reader_reads_the_same() {
    for Row { file, compose, others, outcome } in rows() {
        match outcome {
            "=" => assert!(
                others.contains(&compose) || others[0] == others[1],
                "{file:?} is read as only compose reads it"
            ),
            "said" => assert!(compose.is_some(), "{file:?}"),
            "missing" => {
                let empty = |value: &Option<String>| value.as_deref().unwrap_or_default().is_empty();
                let all = [&compose, &others[0], &others[1]].into_iter().filter(|value| empty(value)).count();
                assert!(all >= 2, "{file:?} has a value, and a new one would be generated");
            }
            "refused" => {}
            other => panic!("{other}"),
        }
    }
}

#[test]
fn what_all_readers_agree_on_is_read() {
    // All three cut these off where the value may be meant to go on.
    const CUT: [&str; 6] =
        ["{\"a\": \"b # c", "BEGIN KEY-----\nMIIEvQ", "one\\\ntwo", "one\n  two", "b,\nc", "`b\nC=`x"];
    let cut = |file: &str| CUT.iter().any(|it| file.contains(it));
    // All three take the last line, which gives less than an earlier one.
    let lost = ["A=b\nA="];
    for Row { file, compose, others, outcome } in rows() {
        let agreed =
            compose.as_deref().is_some_and(|it| !it.is_empty()) && others.iter().all(|it| *it == compose);
        if agreed && !cut(&file) && !lost.contains(&file.as_str()) {
            assert_ne!(outcome, "refused", "{file:?}");
        }
    }
}

fn refused(text: &str, name: &str) -> Problem {
    read(text).find(name).expect_err(text)
}

#[test]
fn an_odd_line_is_refused_by_its_place_only_where_it_is_asked_for_and_never_by_its_content() {
    let text = "B=1\nA=pa$CANARY\nC CANARY\nif [ -e x ]\nD=\"x\" CANARY\n  E= # CANARY\nF='CANARY";
    for (name, line, column) in [("A", 2, 3), ("C", 3, 1), ("D", 5, 7), ("E", 6, 6), ("F", 7, 3)] {
        let problem = refused(text, name);
        assert_eq!((problem.line, problem.column), (line, column), "{problem}");
        let shown = format!("{problem} {problem:?}");
        assert!(!shown.contains("CANARY") && shown.contains(&format!("`{name}`")), "{shown}");
    }
    let file = read(text);
    assert_eq!(file.find("B").expect("clear").expect("there").expose(), "1");
    assert_eq!(file.find("G"), Ok(None));
}

#[test]
fn nothing_is_generated_while_a_line_may_be_meant_to_give_it() {
    for text in
        ["oops\n", "B=1\n1A=x\n", "B=\"x\nC=y\n", "B='x' y\n", "the value\n", "set B\n", "B=1 \\\n & x"]
    {
        assert!(read(text).takes("A").is_err(), "{text:?}");
    }
    for text in ["", "# A=x\n", "B=1", "ENVV\n", "B=pa$word\n", "B= # c\n", "B=1\nB=\n", "B.c: d\n"] {
        assert_eq!(read(text).takes("A"), Ok(()), "{text:?}");
    }
}

#[test]
fn a_reference_to_a_line_that_cannot_be_read_is_refused_at_that_line() {
    let problem = refused("B=pa$word\nA=x${B}\n", "A");
    assert_eq!((problem.line, problem.column), (1, 3));
}

#[test]
fn what_is_no_utf8_text_is_told_before_anything_is_read_from_it() {
    let path = Path::new(".env");
    for bytes in
        [&b"\xff\xfeA\0=\0b\0"[..], b"\xfe\xff\0A", b"A=b\0c", b"A=b\n<<<<<<< HEAD\nA=c\n>>>>>>> x\n"]
    {
        assert!(EnvFile::read(&nothing, path, bytes).is_err(), "{bytes:?}");
    }
    let latin = EnvFile::read(&nothing, path, b"# \xfcber\nA=b\nB=\xfc\n").expect("most of it is text");
    assert_eq!(latin.find("A").expect("clear").expect("there").expose(), "b");
    assert_eq!(latin.find("B").expect_err("no text").line, 3);
}

#[test]
fn references_without_end_are_refused() {
    let deep = format!("A={}x{}", "${B:-".repeat(50_000), "}".repeat(50_000));
    assert!(read(&deep).find("A").is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_env_file_makes_reading_panic(text in "\\PC{0,60}|[A-C='\"\\\\#\n\r $`{}:-]{0,80}") {
        let Ok(file) = EnvFile::read(&environment, Path::new(".env"), text.as_bytes()) else { return Ok(()) };
        let lines = text.split('\n').count();
        for name in ["A", "B", "C"] {
            if let Err(problem) = file.find(name) {
                prop_assert!((1..=lines).contains(&problem.line) && problem.column > 0);
            }
            drop(file.remark(name));
        }
    }

    #[test]
    fn what_stands_in_single_quotes_is_read_as_it_stands(value in "[^'\\\\\r\0]{1,40}") {
        let file = read(&format!("A='{value}'\n"));
        prop_assert_eq!(file.find("A").expect("clear").expect("there").expose(), value);
    }
}
