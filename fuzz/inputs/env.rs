//! A `.env` file: what is read is read again the same, and no problem repeats what is in the file.

use std::path::Path;

use fabrik::secrets::EnvFile;

pub fn feed(data: &[u8]) {
    let path = Path::new(".env");
    let read = |bytes: &[u8]| EnvFile::read(&|_: &str| None, path, bytes);
    let Ok(file) = read(data) else { return };
    let text = String::from_utf8_lossy(data);
    let whole: Vec<(&str, &str)> = file.values().map(|(name, value)| (name, value.expose())).collect();
    // In single quotes nothing but a quote and a backslash has a meaning, so a file written with them says the same.
    if whole.iter().all(|(_, value)| !value.contains(['\'', '\\'])) {
        let again: String = whole.iter().map(|(name, value)| [*name, "='", *value, "'\n"].concat()).collect();
        let again =
            read(again.as_bytes()).unwrap_or_else(|problem| panic!("what was read is no text: {problem}"));
        assert!(again.values().map(|(name, value)| (name, value.expose())).eq(whole.iter().copied()));
    }
    let lines = text.split('\n').count();
    for name in ["A", "PASSWORD", "KEY"] {
        let told = file.find(name).err().into_iter().chain(file.remark(name)).chain(file.takes(name).err());
        for problem in told {
            assert!((1..=lines).contains(&problem.line), "{problem}");
            let shown = format!("{problem} {problem:?}");
            let words = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
            for word in words.filter(|word| word.len() >= 16) {
                assert!(!shown.contains(word), "it is told what is in the file: {shown}");
            }
        }
    }
}
