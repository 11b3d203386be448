//! A `.env` file: what is read is read again the same, and no problem repeats what is in the file.

use std::path::Path;

use fabrik::secrets::parse_env_file;

pub fn knock(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let path = Path::new(".env");
    match parse_env_file(path, text) {
        Ok(pairs) => {
            let whole: Vec<(&str, &str)> =
                pairs.iter().map(|(name, secret)| (name.as_str(), secret.expose())).collect();
            // In single quotes nothing has a meaning, so a file written with them says the same.
            if whole.iter().all(|(_, value)| !value.contains('\'')) {
                let again: String =
                    whole.iter().map(|(name, value)| [*name, "='", *value, "'\n"].concat()).collect();
                let again = parse_env_file(path, &again).expect("names and values are as they were read");
                let again: Vec<(&str, &str)> =
                    again.iter().map(|(name, secret)| (name.as_str(), secret.expose())).collect();
                assert_eq!(again, whole);
            }
        }
        Err(problems) => {
            let lines = text.split('\n').count();
            assert!(!problems.0.is_empty());
            assert!(problems.0.iter().all(|problem| (1..=lines).contains(&problem.line)));
            let shown = format!("{problems} {problems:?}");
            let words = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
            for word in words.filter(|word| word.len() >= 16) {
                assert!(!shown.contains(word), "it is told what is in the file: {shown}");
            }
        }
    }
}
