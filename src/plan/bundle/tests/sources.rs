//! That everything the Dockerfile reads of the folder is there.

use super::*;

const FILES: [(&str, &str); 7] = [
    ("app.py", ""),
    ("src/main.py", ""),
    ("src/lib/util.py", ""),
    ("dist/out.js", ""),
    ("a[0].txt", ""),
    ("kept/yes", ""),
    (".dockerignore", "dist\n*.log\nkept\n!kept/yes\n"),
];

fn with(instruction: &str) -> TempDir {
    let dockerfile = format!("FROM a\nWORKDIR /srv\n{instruction}\n");
    let home = folder(&[&[("Dockerfile", dockerfile.as_str()), ("gone.log", "")], &FILES[..]].concat());
    for (link, target) in
        [("to-src", "src"), ("to-app", "./src/../app.py"), ("broken", "nowhere"), ("loop", "loop")]
    {
        symlink(target, home.path().join(link)).expect("linked");
    }
    home
}

#[test]
fn every_source_that_docker_finds_is_found() {
    for instruction in [
        "COPY . .",
        "COPY / /",
        "COPY app.py src /x/",
        "COPY ./src/ /x",
        "COPY /src/main.py /x",
        "COPY ../../src/lib/../main.py /x",
        "COPY src/*.py /x/",
        "COPY s*c/m?in.py /x/",
        "COPY [a-c]pp.py /x",
        "COPY a[[]0].txt /x",
        "COPY to-src /x",
        "COPY to-src/main.py to-app /x/",
        "COPY kept /x",
        "COPY kept/yes /x",
        "COPY \"app.py\" /x",
        "COPY [\"app.py\", \"/x\"]",
        "COPY requirements*.txt app.py /x/",
        "COPY none*.txt /x/",
        "COPY ${UNKNOWN}/x /y",
        "ARG D=src\nCOPY $D/main.py /x",
        "ADD https://example.com/x /y",
        "COPY --from=b nowhere /x",
        "COPY --exclude=x --chmod=644 --link app.py /x",
        "RUN --mount=type=bind,source=src,target=/x make",
        "RUN --mount=type=bind,target=/x make",
        "RUN --mount=type=cache,target=nowhere make",
        "COPY <<EOF /x\nCOPY nowhere /y\nEOF",
    ] {
        let said = read(&with(instruction)).err().map(|problems| problems.to_string());
        assert_eq!(said, None, "{instruction}");
    }
}

#[test]
fn every_source_that_docker_does_not_find_is_refused_with_its_place() {
    for (instruction, place, words) in [
        ("COPY nowhere /x", "3:6", "reads `nowhere`, which is not there"),
        ("COPY app.py nowhere /x/", "3:13", "`nowhere`"),
        ("COPY app.py \\\n  # why\n  nowhere /x/", "5:3", "`nowhere`"),
        ("COPY [\"app.py\", \"nowhere\", \"/x/\"]", "3:17", "`nowhere`"),
        ("COPY src/none.py /x", "3:6", "`src/none.py`"),
        ("COPY app.py/x /x", "3:6", "`app.py/x`"),
        ("COPY none/*.py /x", "3:6", "`none/*.py`"),
        ("COPY App.py /x", "3:6", "there is `app.py`: upper and lower case differ"),
        ("COPY broken /x", "3:6", "`broken`"),
        ("COPY loop /x", "3:6", "`loop`"),
        ("COPY dist/out.js /x", "3:6", "which line 1 of .dockerignore leaves out"),
        ("COPY dist /x", "3:6", "which line 1 of .dockerignore leaves out"),
        ("COPY gone.log /x", "3:6", "which line 2 of .dockerignore leaves out"),
        ("COPY kept/no /x", "3:6", "`kept/no`"),
        ("COPY srv/app.py /x", "3:6", "`srv/app.py`"),
        ("ARG D=none\nCOPY $D/main.py /x", "4:6", "`$D/main.py`"),
        ("ADD none.tar.gz /x", "3:5", "ADD reads `none.tar.gz`"),
        ("RUN --mount=type=bind,source=none,target=/x make", "3:5", "RUN --mount reads `none`"),
        ("RUN --mount=type=bind,source=*.py,target=/x make", "3:5", "RUN --mount reads `*.py`"),
    ] {
        let said = refused(&with(instruction));
        assert!(said.contains(&format!("Dockerfile:{place}")), "{instruction}: {said}");
        assert!(said.contains(words), "{instruction}: {said}");
    }
    assert_eq!(read(&with("COPY a b /\nCOPY app.py c /")).err().expect("refused").0.len(), 3);
}

#[test]
fn a_pattern_that_fits_nothing_is_told_unless_something_else_is_copied_with_it() {
    let warnings = |instruction: &str| read(&with(instruction)).expect("read").warnings;
    let told = warnings("COPY none*.txt /x/");
    assert!(told.len() == 1 && told[0].line == 3 && told[0].message.contains("`none*.txt`"), "{told:?}");
    assert_eq!(warnings("COPY requirements*.txt app.py /x/"), []);
    assert_eq!(warnings("COPY dist* /x/").len(), 1);
}

#[test]
fn an_archive_is_known_by_what_is_in_it() {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(1);
    builder.append_data(&mut header, "x", &b"x"[..]).expect("appended");
    let tar = builder.into_inner().expect("a tar");
    let (gz, plain) = (archive::compress(&tar), archive::compress(b"no archive"));
    for (content, unpacked) in [
        (&tar[..], true),
        (&gz, true),
        (b"BZh91AY", true),
        (b"\xfd7zXZ\0", true),
        (&plain, false),
        (b"", false),
        (b"x\n", false),
    ] {
        for (instruction, refuses) in [
            ("ADD data.bin /x", unpacked),
            ("ADD d*.bin /x", unpacked),
            ("ADD --unpack=false data.bin /x", false),
            ("COPY data.bin /x", false),
        ] {
            let home = folder(&[("Dockerfile", &format!("FROM a\n{instruction}\n"))]);
            fs::write(home.path().join("data.bin"), content).expect("written");
            let said = read(&home).err().map(|problems| problems.to_string());
            assert_eq!(said.is_some(), refuses, "{instruction}: {said:?}");
            assert!(said.is_none_or(|said| said.contains("ADD unpacks") && said.contains("RUN tar")));
        }
    }
    assert!(refused(&with("ADD x-${V}.tar.gz /")).contains("Dockerfile:3:5"));
}
