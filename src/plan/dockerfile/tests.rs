//! That a Dockerfile is read as docker reads it, and keeps meaning what it said.

use std::path::Path;

use proptest::prelude::*;

use super::*;

fn parsed(text: &str) -> Result<Dockerfile, Problems> {
    Dockerfile::parse(Path::new("Dockerfile"), text)
}

/// What becomes of the instructions of a Dockerfile, without our stage.
fn rewritten(text: &str) -> Result<String, Problems> {
    let text = parsed(text)?.rewritten.with_files("QUJD");
    let (before, after) = text.split_once("FROM busybox:1.37 AS fabrik-context\n").expect("our stage");
    let (_, after) = after.split_once("-C /context\n\n").expect("the end of our stage");
    Ok(format!("{before}{after}"))
}

#[track_caller]
fn becomes(line: &str, wanted: &str) {
    let found = rewritten(&format!("FROM a\n{line}\n")).expect("rewritten");
    assert_eq!(found, format!("FROM a\n{wanted}\n"));
}

#[track_caller]
fn stays(text: &str) {
    assert_eq!(rewritten(text).expect("rewritten"), text);
}

/// The places and messages of what is refused.
fn refused(text: &str) -> Vec<(usize, usize, String)> {
    let Problems(problems) = parsed(text).expect_err(text);
    problems.into_iter().map(|problem| (problem.line, problem.column, problem.message)).collect()
}

/// What is read of the folder: the path, or none where a variable is not known.
fn read(text: &str) -> Vec<Option<String>> {
    let readings = parsed(text).expect(text).readings;
    readings.into_iter().map(|reading| Some(reading.path?.display().to_string())).collect()
}

#[test]
fn copies_read_our_stage() {
    becomes("COPY . .", "COPY --from=fabrik-context /context/ .");
    becomes("COPY app.py /app/", "COPY --from=fabrik-context /context/app.py /app/");
    becomes("copy a b/ ./c/d /x/", "COPY --from=fabrik-context /context/a /context/b/ /context/c/d /x/");
    becomes(
        "COPY --chown=1:2 --chmod=755 *.py /",
        "COPY --from=fabrik-context --chown=1:2 --chmod=755 /context/*.py /",
    );
    becomes("COPY [\"a b\", \"/x y/\"]", "COPY --from=fabrik-context [\"/context/a b\",\"/x y/\"]");
    becomes("COPY \"a\" b", "COPY --from=fabrik-context \"/context/a\" b");
    becomes("COPY ${DIR}/x .", "COPY --from=fabrik-context /context/${DIR}/x .");
    becomes("COPY ../../etc/x /", "COPY --from=fabrik-context /context/etc/x /");
    becomes("COPY / /app", "COPY --from=fabrik-context /context/ /app");
    becomes("ADD app.py /app/", "COPY --from=fabrik-context /context/app.py /app/");
}

#[test]
fn copies_over_several_lines_are_one() {
    becomes("COPY a \\\n  # why\n\n  b \\\n  /x/", "COPY --from=fabrik-context /context/a /context/b /x/");
    let windows = rewritten("# escape=`\nFROM a\nCOPY a `\n  /x\n").expect("rewritten");
    assert_eq!(windows, "# escape=`\nFROM a\nCOPY --from=fabrik-context /context/a /x\n");
}

#[test]
fn what_reads_no_build_folder_stays_as_it_is() {
    stays("FROM a AS b\nFROM c\nCOPY --from=b /x /y\n");
    stays("FROM a\nADD https://example.com/x.tar.gz /\nADD --checksum=sha256:0 https://a/b git@c:d /x/\n");
    stays(
        "FROM a\nCOPY <<EOF /x\nCOPY . .\nEOF\nRUN <<-\"END\" sh\n\tCOPY . .\n\tEND\nRUN echo 'COPY . .'\n",
    );
    stays("FROM a\nRUN echo a \\\n  && COPY . .\nRUN --mount=type=cache,target=/x true\nCMD [\"a\"]\n");
    stays("FROM a\nRUN echo 'x<<y' $((1<<Z)) <<<w\nCMD x\n");
    stays("FROM a\r\nRUN x\r\n");
}

#[test]
fn directives_and_arguments_keep_their_place_before_the_first_stage() {
    let text = "# syntax=docker/dockerfile:1\n# escape=\\\n\nARG V=1\nFROM a:$V AS x\nFROM x\n";
    let inline = parsed(text).expect("read").rewritten.with_files("QUJD");
    assert!(inline.starts_with(
        "# syntax=docker/dockerfile:1\n# escape=\\\n\nARG V=1\nFROM busybox:1.37 AS fabrik-context\n"
    ));
    assert!(inline.ends_with("-C /context\n\nFROM a:$V AS x\nFROM x\n"));
}

#[test]
fn stages_called_by_number_are_the_same_stages() {
    becomes("COPY --from=0 /a /b", "COPY --from=1 /a /b");
    becomes("RUN --mount=from=2,target=/x true", "RUN --mount=from=3,target=/x true");
}

#[test]
fn bind_mounts_of_the_build_folder_read_our_stage() {
    becomes(
        "RUN --mount=type=bind,source=req.txt,target=req.txt pip install -r req.txt",
        "RUN --mount=type=bind,source=/context/req.txt,target=req.txt,from=fabrik-context pip install -r req.txt",
    );
    becomes("RUN --mount=target=. make", "RUN --mount=target=.,source=/context/,from=fabrik-context make");
}

#[test]
fn what_cannot_be_kept_is_refused_with_its_line() {
    let line = |text: &str| refused(text)[0].0;
    assert_eq!(line("FROM a\nADD https://a/b c /x/\n"), 2);
    assert_eq!(line("FROM a\nCOPY x <<EOF /y/\nb\nEOF\n"), 2);
    assert_eq!(line("FROM a\nCOPY --parents a/b /x/\n"), 2);
    assert_eq!(line("FROM a\nONBUILD COPY . .\n"), 2);
    assert_eq!(line("FROM a AS fabrik-context\n"), 1);
    assert_eq!(line("RUN x\n"), 1);
}

#[test]
fn a_dockerfile_without_a_last_line_end_is_whole() {
    assert_eq!(rewritten("FROM a\nCMD x").expect("rewritten"), "FROM a\nCMD x\n");
}

#[test]
fn every_source_is_read_with_its_place() {
    let text = "FROM a AS x\nWORKDIR /srv\nCOPY --chown=1:2 one ./two \\\n  # why\n\n   three/../four /d/\n\
        ADD [\"a b\", \"/e/\"]\nRUN --mount=type=bind,src=five,target=/t make\n";
    let readings = parsed(text).expect("read").readings;
    let found: Vec<(&str, String, usize, usize)> = readings
        .iter()
        .map(|it| (it.keyword, it.path.as_ref().expect("known").display().to_string(), it.line, it.column))
        .collect();
    let wanted = [
        ("COPY", "one", 3, 18),
        ("COPY", "two", 3, 22),
        ("COPY", "four", 6, 4),
        ("ADD", "a b", 7, 6),
        ("RUN --mount", "five", 8, 5),
    ];
    let wanted: Vec<(&str, String, usize, usize)> = wanted
        .iter()
        .map(|(keyword, path, line, column)| (*keyword, (*path).to_owned(), *line, *column))
        .collect();
    assert_eq!(found, wanted);
}

#[test]
fn what_comes_from_elsewhere_is_not_read_of_the_folder() {
    for line in [
        "COPY --from=b x /y",
        "COPY <<EOF /x\nCOPY y /z\nEOF",
        "RUN <<-\"two words\" cat\n\tCOPY x /\n\ttwo words",
        "RUN cat <<EOF > /x\nCOPY y /z\nEOF",
        "RUN cat << EOF > /x\nCOPY y /z\nEOF",
        "RUN <<A cat && <<B cat\nCOPY x /\nA\nCOPY x /\nB",
        "RUN echo a \\\n  && echo COPY x /y",
        "RUN echo a \\\n# COPY x /y\n b",
        "RUN [\"echo\", \"<<EOF\"]",
        "ADD https://example.com/x /y",
        "ADD git@github.com:a/b.git /y",
        "ADD deploy@example.com:b.git#main /y",
        "RUN --mount=type=cache,target=/x true",
        "RUN --mount=type=secret,id=x,source=x true",
        "RUN --mount=from=b,source=x,target=/y true",
        "# COPY x /y",
        "CMD [\"COPY\", \"x\", \"/y\"]",
    ] {
        assert_eq!(
            read(&format!("FROM a AS b\nFROM a\n{line}\nCOPY real /\n")),
            [Some("real".to_owned())],
            "{line}"
        );
    }
}

#[test]
fn a_variable_is_filled_in_where_its_value_is_known_and_else_not_judged() {
    let known = |text: &str| {
        let text = format!("ARG G=global\n{text}");
        read(&text)[0].clone()
    };
    for (text, path) in [
        ("FROM a\nARG A=x\nCOPY $A/y /", Some("x/y")),
        ("FROM a\nARG A=x B=y\nCOPY ${A}$B /", Some("xy")),
        ("FROM a\nENV A x y\nCOPY \"$A\" /", Some("x y")),
        ("FROM a\nENV A=x B=\"z w\"\nCOPY $B /", None),
        ("FROM a\nENV A=x\nENV A=y B=$A\nCOPY $B /", Some("x")),
        ("FROM a\nARG G\nCOPY $G /", Some("global")),
        ("FROM a\nCOPY $G /", None),
        ("FROM a\nARG A\nCOPY $A /", None),
        ("FROM a\nCOPY $A /", None),
        ("FROM a\nCOPY ${A:-x} /", None),
        ("FROM a\nARG A=\nCOPY ${A:-x} /", Some("x")),
        ("FROM a\nARG A=\nCOPY ${A-x}y /", Some("y")),
        ("FROM a\nARG A=1\nCOPY ${A:+x} /", Some("x")),
        ("FROM a\nARG A=1\nCOPY ${A#1}x /", None),
        ("FROM a\nARG A=1\nCOPY \\$A /", Some("$A")),
        ("FROM a\nARG A=1\nCOPY '$A' /", Some("$A")),
        ("FROM a AS s\nENV A=x\nFROM s\nCOPY $A /", Some("x")),
        ("FROM a AS s\nENV A=x\nFROM b\nCOPY $A /", None),
        ("# escape=`\nFROM a\nCOPY x`y /", Some("xy")),
    ] {
        // A directive stands before everything.
        let found = if text.starts_with('#') { read(text)[0].clone() } else { known(text) };
        let wanted = path.filter(|_| !text.contains("z w")).or(Some("z w").filter(|_| text.contains("z w")));
        assert_eq!(found.as_deref(), wanted, "{text}");
    }
}

#[test]
fn what_no_builder_takes_is_refused_with_line_and_column() {
    for (text, place, words) in [
        ("FORM a\n", (1, 1), "there is no instruction `FORM`"),
        ("FROM a\n\n  CPY a b\n", (3, 3), "there is no instruction `CPY`"),
        ("FROM a\nRUN x\n&& y\n", (3, 1), "there is no instruction `&&`"),
        ("FROM a b\n", (1, 1), "FROM takes an image"),
        ("RUN x\nFROM a\n", (1, 1), "RUN stands before the first FROM"),
        ("ARG A\n", (1, 1), "there is no FROM"),
        ("FROM a\nCOPY x\n", (2, 1), "COPY needs a source and a destination"),
        ("FROM a\nADD\n", (2, 1), "ADD needs a source and a destination"),
        ("FROM a\nRUN <<EOF\nx\n", (2, 1), "the heredoc `EOF` has no end"),
        ("FROM a\nCOPY https://a/b /c\n", (2, 6), "COPY cannot read `https://a/b`"),
        ("FROM a\nCOPY \"a b\" c\n", (2, 6), "a quote is not closed"),
        ("FROM a\nCOPY <<\"a b\" c\na b\n", (2, 6), "a quote is not closed"),
        ("# escape=x\nFROM a\n", (1, 1), "`x` cannot be the escape character"),
        ("# escape=`\n# escape=`\nFROM a\n", (2, 1), "the directive `escape` is there twice"),
    ] {
        let found = refused(text);
        assert!((found[0].0, found[0].1) == place && found[0].2.contains(words), "{text}: {found:?}");
    }
    assert_eq!(refused("FROM a\nCPY a b\nRUN <<E\n").len(), 2);
    assert!(parsed("# syntax=docker/dockerfile:2\nFROM a\nNEW x\n").is_ok());
}

#[test]
fn a_line_goes_on_where_docker_says_so() {
    for (text, paths) in [
        ("FROM a\nCOPY x \\\n y /\n", vec!["x", "y"]),
        ("FROM a\nCOPY x \\  \t\n y /\n", vec!["x", "y"]),
        ("FROM a\r\nCOPY x \\\r\n y /\r\nCOPY z /\r\n", vec!["x", "y", "z"]),
        ("FROM a\nCOPY x \\\n\n# \\\n\n y /\nCOPY z /", vec!["x", "y", "z"]),
        ("FROM a\nCOPY x /y\\\\\nCOPY z /\n", vec!["x", "z"]),
        ("FROM a\n# a comment \\\nCOPY z /\n", vec!["z"]),
        ("FROM a\n \t copy\tx\t/\n", vec!["x"]),
        ("\u{feff}FROM a\nCOPY x /\n", vec!["x"]),
        ("FROM a\nCOPY x / \\\n", vec!["x"]),
    ] {
        let paths: Vec<Option<String>> = paths.into_iter().map(|path| Some(path.to_owned())).collect();
        assert_eq!(read(text), paths, "{text:?}");
    }
}

#[test]
fn flags_of_add_that_copy_has_not_are_left_out() {
    becomes("ADD --unpack=false --chmod=1 x /", "COPY --from=fabrik-context --chmod=1 /context/x /");
    becomes("COPY --exclude=*.md --link . /", "COPY --from=fabrik-context --exclude=*.md --link /context/ /");
}

#[test]
fn a_mount_over_several_lines_is_rewritten_too() {
    becomes(
        "RUN --mount=type=bind,\\\nsource=x,target=/y \\\n  make",
        "RUN --mount=type=bind,source=/context/x,target=/y,from=fabrik-context   make",
    );
}

#[test]
fn an_instruction_for_later_builds_is_kept_unless_it_reads_the_folder() {
    for kept in
        ["RUN x", "ADD https://a/b /c", "COPY --from=b /x /y", "RUN --mount=type=cache,target=/x y", "CMD x"]
    {
        stays(&format!("FROM a AS b\nONBUILD {kept}\n"));
    }
    for line in ["COPY . .", "add x /", "RUN --mount=target=/x y"] {
        assert!(refused(&format!("FROM a\nONBUILD {line}\n"))[0].2.contains("ONBUILD"), "{line}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3000) })]

    #[test]
    fn any_text_is_cut_without_a_byte_lost_and_read_or_refused_by_place(
        words in prop::collection::vec(prop::sample::select(WORDS.to_vec()), 1..14)
    ) {
        let text = format!("FROM a\n{}", words.concat());
        let cut = cut(&text, &mut Vec::new());
        let together: String = cut.pieces.iter().map(|piece| piece.raw).collect();
        prop_assert_eq!(&together, &text);
        match parsed(&text) {
            Ok(dockerfile) => prop_assert!(dockerfile.readings.iter().all(|it| it.line > 1 && it.column > 0)),
            Err(Problems(problems)) => {
                let lines = text.lines().count();
                prop_assert!(problems.iter().all(|it| (1..=lines).contains(&it.line) && it.column > 0));
            }
        }
    }
}

/// What the texts are made of.
const WORDS: [&str; 26] = [
    "\n",
    "\n",
    "\n",
    " ",
    " ",
    "COPY ",
    "ADD ",
    "RUN ",
    "ENV ",
    "ARG ",
    "FROM ",
    "ONBUILD ",
    "a",
    "é",
    "\"",
    "'",
    "\\",
    "\\\n",
    "# x\n",
    "<<E ",
    "<<-\"E\"",
    "E\n",
    "$a",
    "${a:-b}",
    "[\"a\", \"b\"]",
    "--mount=source=a,",
];
