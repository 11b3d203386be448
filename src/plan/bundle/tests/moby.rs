//! Patterns held against what moby's own tests say of them (`moby/patternmatcher` at 5a6d842, `patternmatcher_test.go` and
//! `ignorefile_test.go`).

use std::path::Path;

use super::super::ignore::{Ignore, Judged};

/// A pattern, and the paths that it fits and does not fit.
const PATTERNS: [(&str, &[&str], &[&str]); 62] = [
    ("**", &["file", "dir/file", "/"], &[]),
    ("**/", &["file", "dir/file", "/"], &[]),
    ("**/**", &["dir/file"], &[]),
    ("dir/**", &["dir/file", "dir/dir2/file"], &["dir"]),
    ("**/dir", &["dir", "dir/file"], &[]),
    ("**/dir2/*", &["dir/dir2/file"], &[]),
    ("**/dir2/**", &["dir/dir2/dir3/file"], &[]),
    ("**file", &["file", "dir/file", "dir/dir/file"], &[]),
    ("**/file", &["file", "dir/file", "dir/dir/file"], &[]),
    ("**/file*", &["dir/dir/file", "dir/dir/file.txt"], &[]),
    ("**/file*txt", &["dir/dir/file.txt"], &[]),
    ("**/file*.txt", &["dir/dir/file.txt"], &[]),
    ("**/file*.txt*", &["dir/dir/file.txt"], &[]),
    ("**/**/*.txt", &["dir/dir/file.txt", "file.txt"], &[]),
    ("**/**/*.txt2", &[], &["dir/dir/file.txt"]),
    ("**/*.txt", &["file.txt"], &[]),
    ("a**/*.txt", &["a/file.txt", "a/dir/file.txt", "a/dir/dir/file.txt"], &[]),
    ("a/*.txt", &["a/file.txt"], &["a/dir/file.txt"]),
    ("a/*.txt**", &["a/file.txt"], &[]),
    ("a[b-d]e", &["ace"], &["ae", "aae"]),
    ("a[^b-d]e", &["aze"], &[]),
    (".*", &[".foo"], &["foo"]),
    ("abc.def", &["abc.def"], &["abcdef", "abcZdef"]),
    ("abc?def", &["abcZdef"], &["abcdef"]),
    ("a\\\\", &["a\\"], &[]),
    ("a\\*b", &["a*b"], &["ab"]),
    ("**/foo/bar", &["foo/bar", "dir/foo/bar", "dir/dir2/foo/bar"], &[]),
    ("abc/**", &["abc/def", "abc/def/ghi"], &["abc"]),
    ("**/.foo", &[".foo"], &["bar.foo"]),
    ("a(b)c/def", &["a(b)c/def"], &["a(b)c/xyz"]),
    ("a.|)$(}+{bc", &["a.|)$(}+{bc"], &[]),
    ("dist/proxy.py-2.4.0rc3+g08-any.whl", &["dist/proxy.py-2.4.0rc3+g08-any.whl"], &[]),
    ("dist/*.whl", &["dist/proxy.py-2.4.0rc3+g08-any.whl"], &[]),
    ("abc", &["abc"], &[]),
    ("*", &["abc", "fileutils.go"], &[]),
    ("*c", &["abc"], &[]),
    ("a*", &["a", "abc", "ab/c"], &[]),
    ("a*/b", &["abc/b"], &["a/c/b"]),
    ("a*b*c*d*e*/f", &["axbxcxdxe/f", "axbxcxdxexxx/f"], &["axbxcxdxe/xxx/f", "axbxcxdxexxx/fff"]),
    ("a*b?c*x", &["abxbbxdbxebxczzx"], &["abxbbxdbxebxczzy"]),
    ("ab[c]", &["abc"], &[]),
    ("ab[b-d]", &["abc"], &[]),
    ("ab[e-g]", &[], &["abc"]),
    ("ab[^c]", &[], &["abc"]),
    ("ab[^b-d]", &[], &["abc"]),
    ("ab[^e-g]", &["abc"], &[]),
    ("a?b", &["a☺b"], &["a/b"]),
    ("a[^a]b", &["a☺b"], &[]),
    ("a???b", &[], &["a☺b"]),
    ("a[^a][^a][^a]b", &[], &["a☺b"]),
    ("[a-ζ]*", &["α"], &[]),
    ("*[a-ζ]", &[], &["A"]),
    ("a*b", &[], &["a/b"]),
    ("[\\]a]", &["]"], &[]),
    ("[\\-]", &["-"], &[]),
    ("[x\\-]", &["x", "-"], &["z"]),
    ("[\\-x]", &["x", "-"], &["a"]),
    ("*x", &["xxx"], &[]),
    ("*.go", &["fileutils.go"], &["."]),
    // Not in moby's tables: what its translation to a regular expression does.
    ("**.pem", &["b.pem", "x/a.pem", "x/y/.pem"], &["b.pem2", "x/a.pe"]),
    ("[!a]b", &["!b", "ab"], &["cb"]),
    ("x\\d", &["x7"], &["xd", "x\\d"]),
];

/// Several patterns and a path, and whether it is left out.
const SEVERAL: [(&str, &str, bool); 15] = [
    ("!fileutils.go\n*.go", "fileutils.go", true),
    ("*.go\n!fileutils.go", "fileutils.go", false),
    ("docs\n!docs/README.md", "docs/README.md", false),
    ("docs/\n!docs/README.md", "docs/README.md", false),
    ("docs/*\n!docs/README.md", "docs/README.md", false),
    ("**\n!util/docker/web", "util/docker/web/foo", false),
    ("**\n!util/docker/web\nutil/docker/web/foo", "util/docker/web/foo", true),
    ("**\n!dist/a-1.0+g08.whl", "dist/a-1.0+g08.whl", false),
    ("**\n!dist/*.whl", "dist/a-1.0+g08.whl", false),
    // The walk asks folder by folder: an exception for a folder that nothing left out does not count for what is in it.
    ("foo/bar\n!foo", "foo/bar", true),
    ("foo\n!foo/bar\nfoo/bar/x", "foo/bar/x", true),
    ("foo\n!foo/bar\nfoo/bar/x", "foo/bar/y", false),
    ("foo\n!foo/bar\nfoo/bar/x", "foo/z", true),
    ("a/b\n!a/b/c\n", "a/b/c/d", false),
    ("*\n!*/\n", "a/b", false),
];

const REFUSED: [&str; 17] = [
    "[]a]",
    "[-]",
    "[x-]",
    "[-x]",
    "\\",
    "[a-b-c]",
    "[",
    "[^",
    "[^bc",
    "a[",
    "a[b",
    "!",
    "! ",
    "!/",
    "[Local-Only]/",
    "[d-a]",
    "a\\",
];

/// What the walk says of a path, from the folder's top down.
fn ignores(text: &str, path: &str) -> bool {
    let ignore = Ignore::parse(Path::new(".dockerignore"), text.as_bytes()).expect(text);
    let mut above: Option<Judged> = None;
    let folders: Vec<&Path> = Path::new(path).ancestors().filter(|it| !it.as_os_str().is_empty()).collect();
    for folder in folders.into_iter().rev() {
        above = Some(ignore.judge(folder, above.as_ref()));
    }
    above.is_some_and(|judged| judged.ignored_by.is_some())
}

#[track_caller]
fn fits_just(pattern: &str, fitting: &[&str], others: &[&str]) {
    for path in fitting {
        assert!(ignores(pattern, path), "`{pattern}` does not fit `{path}`");
    }
    for path in others {
        assert!(!ignores(pattern, path), "`{pattern}` fits `{path}`");
    }
}

#[test]
fn every_pattern_of_mobys_table_fits_what_it_fits_there() {
    for (pattern, fitting, others) in PATTERNS {
        fits_just(pattern, fitting, others);
    }
    for (patterns, path, ignored) in SEVERAL {
        assert_eq!(ignores(patterns, path), ignored, "{patterns:?}: {path}");
    }
}

#[test]
fn every_pattern_that_docker_refuses_is_refused_with_its_place() {
    for pattern in REFUSED {
        let text = format!("fine\r\n  {pattern}\r\n");
        let problems = Ignore::parse(Path::new("x/.dockerignore"), text.as_bytes()).expect_err(pattern).0;
        assert_eq!((problems.len(), problems[0].line, problems[0].column), (1, 2, 3), "{pattern}");
        assert!(problems[0].message.contains(pattern.trim()), "{pattern}: {}", problems[0].message);
    }
}

#[test]
fn lines_are_read_as_moby_reads_them() {
    for (text, path, ignored) in [
        ("/test2", "test2", true),
        ("/a/file/here", "a/file/here", true),
        ("*\n! /inverted/abs/path", "inverted/abs/path", false),
        ("\u{feff}a", "a", true),
        ("a\r\nb\r\n", "b", true),
        ("#a", "#a", false),
        (" #a", "#a", true),
        ("\\#a", "#a", true),
        ("  a  ", "a", true),
        ("\u{a0}a\u{a0}", "a", true),
        ("a b", "a b", true),
        ("a/./b/../c//", "a/c", true),
        ("./a", "a", true),
        ("../a", "a", false),
        ("/../a", "a", true),
        ("a/../..", "a", false),
        (".", "a", false),
        ("/", "a", false),
        ("!!a\n", "a", false),
        ("*\n!!a", "!a", false),
        ("a", "A", false),
        ("a", "b/a", false),
        ("*/a", "b/a", true),
        ("*/a", "b/c/a", false),
    ] {
        assert_eq!(ignores(text, path), ignored, "{text:?}: {path}");
    }
}

#[test]
fn what_go_calls_a_regular_expression_is_one_here() {
    for (pattern, fitting, others) in [
        ("[[:digit:]]x", &["7x"][..], &["ax", ":x"][..]),
        ("x[^a]y", &["x/y", "xby"], &["xay", "xy"]),
        ("x[a\\-c]", &["x-", "xa", "xc"], &["xb"]),
        ("x[.]y", &["x.y"], &["xay"]),
        ("[*]", &["/]", "^]", "]"], &["*", "a"]),
        ("x[?]y", &[], &["xay"]),
        ("a*|b", &["axe", "ab", "zb", "z/b"], &["bc"]),
        ("a?{2}", &["abc"], &["ab", "abcd"]),
        ("a?{2,}", &["abcd"], &["ab"]),
        ("a?{,2}", &["ab{,2}"], &["abc"]),
        ("a\\.b*", &["a.b", "a.bc"], &["axb"]),
        ("bin\\Debug", &["binDebug"], &["bin/Debug"]),
        ("\\x41*", &["Ab"], &["x41"]),
        ("\\Qa*\\E", &[], &["a*"]),
        ("a\\+b*", &["a+b"], &["aab"]),
        ("*^a", &["a"], &["^a", "b^a"]),
        ("a]*", &["a]b"], &["ab"]),
    ] {
        fits_just(pattern, fitting, others);
    }
    for pattern in ["a\\qb", "a*{2}", "[a]{1001}", "[a]{3,2}", "a\\1*", "\\pZ{1001}", "x[[:foo:]]"] {
        assert!(Ignore::parse(Path::new("i"), pattern.as_bytes()).is_err(), "{pattern}");
    }
}

#[test]
fn a_pattern_of_many_stars_comes_to_an_end() {
    let (name, deep) = ("a".repeat(200), ["a"; 40].join("/"));
    let (stars, paths_of_stars) = ("*a".repeat(30), "**/a/".repeat(20));
    for (pattern, path, ignored) in [
        (format!("{stars}*b"), &name, false),
        (format!("{stars}*"), &name, true),
        (format!("{paths_of_stars}b"), &deep, false),
        (format!("{paths_of_stars}a"), &deep, true),
    ] {
        assert_eq!(ignores(&pattern, path), ignored, "{pattern}");
    }
}

#[test]
fn a_name_that_is_no_text_is_only_what_its_own_bytes_say() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let ignore = Ignore::parse(Path::new("i"), b"a\xff\n*\xfe\n").expect("read");
    let ignored = |name: &[u8]| ignore.judge(Path::new(OsStr::from_bytes(name)), None).ignored_by;
    assert_eq!([ignored(b"a\xff"), ignored(b"a\xfd"), ignored(b"b\xfe")], [Some(1), None, Some(2)]);
}
