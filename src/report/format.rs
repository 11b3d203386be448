//! Times and names as people read them.

use std::time::Duration;

use jiff::Timestamp;

/// A duration: `0.4s`, `41.0s`, `2m 05s`.
pub(crate) fn took(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 100 {
        return format!("{:.1}s", duration.as_secs_f64());
    }
    format!("{}m {:02}s", seconds / 60, seconds % 60)
}

/// A duration in whole seconds: `46s`, `2m 05s`.
pub(crate) fn whole(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 100 { format!("{seconds}s") } else { took(duration) }
}

/// Where an app answers: its URLs, or that it answers nowhere.
pub(crate) fn places(endpoints: &[String]) -> String {
    if endpoints.is_empty() { "a worker, without a domain".to_owned() } else { endpoints.join(", ") }
}

/// How long ago `then` was: `just now`, `5 minutes ago`, `2 days ago`.
pub(crate) fn ago(then: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(then.as_second());
    let (count, unit) = match seconds {
        ..60 => return "just now".to_owned(),
        60..3_600 => (seconds / 60, "minute"),
        3_600..86_400 => (seconds / 3_600, "hour"),
        86_400.. => (seconds / 86_400, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural} ago")
}

/// A moment in milliseconds since 1970; 1970 itself where that is out of range.
pub(crate) fn moment(ms: u64) -> Timestamp {
    let ms = i64::try_from(ms).unwrap_or_default();
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The date and time, to the second, in UTC.
pub(crate) fn date(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_times_are_told_in_the_largest_unit() {
        let at = |seconds| Timestamp::from_second(seconds).expect("is in range");
        let told = |seconds| ago(at(0), at(seconds));
        let all = [told(59), told(60), told(7_200), told(200_000)];
        assert_eq!(all, ["just now", "1 minute ago", "2 hours ago", "2 days ago"]);
    }

    #[test]
    fn durations_keep_tenths_only_while_they_matter() {
        assert_eq!(took(Duration::from_millis(41_020)), "41.0s");
        assert_eq!(took(Duration::from_secs(125)), "2m 05s");
        assert_eq!(whole(Duration::from_millis(46_900)), "46s");
    }
}
