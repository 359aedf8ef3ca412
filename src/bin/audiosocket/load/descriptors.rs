//! Limit on the files this process may have open. Each connection counts as one.

use std::fs;

/// Returns an error text if there are too few descriptors for `calls` more connections. Returns `None` also if the system does
/// not report the limit.
pub fn too_few_for(calls: usize) -> Option<String> {
    let (limit, hard_limit) = limits(&fs::read_to_string("/proc/self/limits").ok()?)?;
    let taken = fs::read_dir("/proc/self/fd")
        .ok()?
        // An inherited descriptor can have a number above this process's own limit.
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|number: &usize| *number < limit)
        .count();
    let needed = calls.saturating_add(taken);
    if needed <= limit {
        return None;
    }
    let remedy = if hard_limit < needed {
        format!("use fewer --calls, or raise the hard limit of {hard_limit}")
    } else {
        format!("raise it with 'ulimit -n {needed}'")
    };
    Some(format!(
        "too few file descriptors: {calls} calls need {needed}, the limit is {limit}: {remedy}"
    ))
}

/// Returns the soft and hard limit from a line like `Max open files            1024                 524288               files`.
fn limits(text: &str) -> Option<(usize, usize)> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    let mut words = line.split_whitespace().map(|word| match word {
        "unlimited" => Some(usize::MAX),
        number => number.parse().ok(),
    });
    Some((words.next()??, words.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_linux_writes_them() {
        let text = "Limit                     Soft Limit           Hard Limit           Units     \n\
                    Max processes             unlimited            unlimited            processes \n\
                    Max open files            1024                 524288               files     \n";
        assert_eq!(limits(text), Some((1024, 524_288)));
        let unlimited =
            "Max open files            unlimited            unlimited            files     \n";
        assert_eq!(limits(unlimited), Some((usize::MAX, usize::MAX)));
        for other in [
            "",
            "Max open files",
            "Max open files 1024",
            "Max open files x y",
        ] {
            assert_eq!(limits(other), None);
        }
    }

    #[test]
    fn descriptor_check_passes_none_and_refuses_too_many() {
        assert_eq!(too_few_for(0), None);
        if fs::exists("/proc/self/limits").unwrap() {
            let text = too_few_for(usize::MAX - 1);
            assert!(text.is_none_or(|text| text.starts_with("too few file descriptors: ")));
        }
    }
}
