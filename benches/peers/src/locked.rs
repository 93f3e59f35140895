//! Which versions of other crates this was built with: as the lock file of the workspace has them.

const LOCK: &str = include_str!("../../../Cargo.lock");

/// The version of `package`; of several the first.
pub fn version_of(package: &str) -> &'static str {
    let name = format!("name = \"{package}\"");
    let mut lines = LOCK.lines().skip_while(|line| *line != name).skip(1);
    lines.next().and_then(|line| line.strip_prefix("version = \"")?.strip_suffix('"')).unwrap_or("unknown")
}

#[cfg(test)]
mod tests {
    use super::version_of;

    #[test]
    fn versions_are_those_of_the_lock_file() {
        assert_eq!(version_of("holdfast-peers"), env!("CARGO_PKG_VERSION"));
        assert_eq!(version_of("no-such-package"), "unknown");
    }
}
