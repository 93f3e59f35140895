use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use figment::providers::{Format, Serialized, Toml};
use figment::value::Dict;
use figment::{Figment, Provider};
use tracing::level_filters::LevelFilter;

use super::*;

/// The file of all keys that the project ships.
const SHIPPED: &str = include_str!("../../../config/holdfast.toml");

fn shipped_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/holdfast.toml")
}

/// The sources of one load.
#[derive(Default)]
struct Sources<'a> {
    file: Option<&'a str>,
    variables: &'a [(&'a str, &'a str)],
    /// Key, with its section, and value.
    set: &'a [(&'a str, &'a str)],
}

impl Sources<'_> {
    fn load(&self) -> Result<Config, ConfigError> {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("given.toml");
        if let Some(text) = self.file {
            std::fs::write(&path, text).expect("a file");
        }
        let variables = self.variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let overrides: Vec<Override> = self.set.iter().map(|(key, value)| set(key, value)).collect();
        Config::load(&Config::default(), self.file.map(|_| path.as_path()), variables, &overrides)
    }

    /// The message of a refusal, without the directory of the file.
    fn refusal(&self) -> String {
        let message = self.load().expect_err("a refusal").to_string();
        assert!(!message.contains('\n'), "{message}");
        let words: Vec<&str> = message.split(' ').collect();
        words
            .into_iter()
            .map(|word| word.rsplit_once("/given").map_or(word.to_owned(), |(_, rest)| format!("given{rest}")))
            .collect::<Vec<_>>()
            .join(" ")
    }
}

fn set(path: &str, value: &str) -> Override {
    let (section, key) = path.split_once('.').expect("section and key");
    Override { flag: "--set", section: section.to_owned(), key: key.to_owned(), value: value.to_owned() }
}

fn refusal_of_setting(key: &str, value: &str) -> String {
    Sources { set: &[(key, value)], ..Sources::default() }.refusal()
}

/// Section and key of every value.
fn paths(dict: &Dict) -> Vec<String> {
    let keys = |(section, keys): (&String, &figment::value::Value)| -> Vec<String> {
        let keys = keys.as_dict().expect("a section").keys();
        keys.map(|key| format!("{section}.{key}")).collect()
    };
    dict.iter().flat_map(keys).collect()
}

fn default_dict() -> Dict {
    let data = Serialized::defaults(Config::default()).data().expect("plain values");
    data.into_values().next().expect("one profile")
}

#[test]
fn without_any_source_the_defaults_hold() {
    assert_eq!(Sources::default().load(), Ok(Config::default()));
}

#[test]
fn the_shipped_file_is_the_defaults() {
    assert_eq!(Config::load(&Config::default(), Some(&shipped_path()), [], &[]), Ok(Config::default()));
}

#[test]
fn the_shipped_file_has_every_key_and_no_other() {
    let shipped: Dict = Toml::from_str(SHIPPED).expect("TOML");
    assert_eq!(paths(&shipped), paths(&default_dict()));
}

#[test]
fn the_shipped_file_explains_every_key() {
    let mut previous = "";
    for line in SHIPPED.lines() {
        if line.contains(" = ") && !line.starts_with('#') {
            assert!(previous.starts_with("# "), "no sentence above: {line}");
        }
        previous = line;
    }
}

#[test]
fn the_printed_configuration_loads_again() {
    let mut config = Config::default();
    config.server.data = PathBuf::from("a \"quoted\" \\ directory");
    config.server.listen = "[::1]:0".parse().expect("an address");
    config.log.level = LogLevel::Trace;
    config.journal.retain_bytes = 1 << 53;
    let printed = config.to_toml();
    assert_eq!(Figment::from(Toml::string(&printed)).extract::<Config>(), Ok(config));
}

#[test]
fn the_demo_has_other_defaults_under_the_same_sources() {
    let mut defaults = Config::default();
    defaults.server.data = PathBuf::from("/tmp/demo");
    let load = |overrides: &[Override]| Config::load(&defaults, None, [], overrides).expect("legal").server.data;
    assert_eq!(load(&[]), PathBuf::from("/tmp/demo"));
    assert_eq!(load(&[set("server.data", "mine")]), PathBuf::from("mine"));
}

#[test]
fn flags_go_before_the_environment_before_the_file_before_the_defaults() {
    let file = Some("[events]\nhold_seconds = 11\nauto_hold = 2\nmax_per_hold = 5\nmax_per_user = 6\n");
    let variables =
        &[("HOLDFAST__EVENTS__HOLD_SECONDS", "22"), ("HOLDFAST__EVENTS__AUTO_HOLD", "3"), ("HOLDFAST_EVENTS", "no")];
    let set = &[("events.hold_seconds", "33"), ("events.hold_seconds", "44")];
    let events = Sources { file, variables, set }.load().expect("legal").events;
    assert_eq!((events.hold_seconds, events.auto_hold, events.max_per_hold), (44, 3, 5));
    assert_eq!(events.max_extensions, Config::default().events.max_extensions);
}

#[test]
fn every_section_reaches_the_engine() {
    let set = &[
        ("events.hold_seconds", "60"),
        ("sessions.idle_seconds", "61"),
        ("actors.arbiters", "3"),
        ("wheel.tick_ms", "20"),
        ("journal.seal_after_ms", "40"),
        ("snapshot.on_stop", "false"),
        ("recovery.credit_downtime_max_seconds", "0"),
    ];
    let config = Sources { set, ..Sources::default() }.load().expect("legal");
    let engine = config.engine();
    assert_eq!((engine.events.hold_seconds, engine.sessions.idle_seconds, engine.actors.arbiters), (60, 61, 3));
    assert_eq!((engine.wheel.tick_ms, engine.journal.seal_after_ms), (20, 40));
    assert_eq!((engine.snapshot.on_stop, engine.recovery.credit_downtime_max_seconds), (false, 0));
}

#[test]
fn values_may_be_toml_or_bare_texts() {
    let rows = [
        ("server.data", "here", "here"),
        ("server.data", "\"here\"", "here"),
        ("server.data", "'here'", "here"),
        ("server.data", "7", "7"),
        ("server.data", "true", "true"),
        ("server.data", "a b", "a b"),
        ("server.data", "[a]", "[a]"),
    ];
    for (key, value, expected) in rows {
        let config = Sources { set: &[(key, value)], ..Sources::default() }.load().expect(value);
        assert_eq!(config.server.data, PathBuf::from(expected), "{value}");
    }
    let variables = &[("HOLDFAST__SERVER__LISTEN", "127.0.0.1:9"), ("HOLDFAST__LIMITS__ENABLED", "false")];
    let config = Sources { variables, ..Sources::default() }.load().expect("legal");
    assert_eq!((config.server.listen.port(), config.limits.enabled), (9, false));
}

#[test]
fn unknown_keys_are_named_with_their_source() {
    let keys = "the keys of cors are origins";
    let sections = "the sections are accounts, actors, admin, auth, cors, damping, events, journal, jwt, limits, log, \
                    metrics, overload, recovery, server, sessions, snapshot, tls, traces, wheel";
    let in_file = |file| Sources { file: Some(file), ..Sources::default() }.refusal();
    let rows = [
        (in_file("[cors]\nbody = 1"), format!("cors.body is not in the configuration (file given.toml): {keys}")),
        (in_file("[limit]\n"), format!("limit is not in the configuration (file given.toml): {sections}")),
        (in_file("enabled = true"), format!("enabled is not in the configuration (file given.toml): {sections}")),
        (
            Sources { variables: &[("HOLDFAST__CORS__BODY", "1")], ..Sources::default() }.refusal(),
            format!("cors.body is not in the configuration (variable HOLDFAST__CORS__BODY): {keys}"),
        ),
        (refusal_of_setting("cors.body", "1"), format!("cors.body is not in the configuration (--set): {keys}")),
    ];
    for (refusal, expected) in rows {
        assert_eq!(refusal, expected);
    }
}

#[test]
fn wrong_types_are_named_with_key_and_source() {
    let rows = [
        ("limits.enabled", "yes", "true or false, but is \"yes\""),
        ("limits.enabled", "1", "true or false, but is 1"),
        ("limits.enabled", "true\nextra = 1", "true or false, but is \"true\\nextra = 1\""),
        ("events.hold_seconds", "-1", "a whole number from 0 to 4294967295, but is -1"),
        ("events.hold_seconds", "1.5", "a whole number from 0 to 4294967295, but is 1.5"),
        ("events.hold_seconds", "5000000000", "a whole number from 0 to 4294967295, but is 5000000000"),
        ("events.hold_seconds", "", "a whole number from 0 to 4294967295, but is \"\""),
        ("wheel.tick_ms", "[1]", "a whole number, 0 or more, but is [1]"),
        ("server.listen", "8080", "an address and a port, such as 127.0.0.1:8080, but is \"8080\""),
        ("server.listen", "localhost:80", "an address and a port, such as 127.0.0.1:8080, but is \"localhost:80\""),
        ("auth.mode", "trust", "\"open\" or \"accounts\" or \"jwt\" or \"service\", but is \"trust\""),
        ("log.format", "xml", "\"auto\" or \"text\" or \"json\", but is \"xml\""),
        ("log.level", "5", "\"off\" or \"error\" or \"warn\" or \"info\" or \"debug\" or \"trace\", but is \"5\""),
    ];
    for (key, value, complaint) in rows {
        assert_eq!(refusal_of_setting(key, value), format!("{key} must be {complaint} (--set)"));
    }
    let file = Some("[server]\ndata = 7\n");
    assert_eq!(
        Sources { file, ..Sources::default() }.refusal(),
        "server.data must be a text, but is 7 (file given.toml)"
    );
    let file = Some("limits = 5\n");
    assert_eq!(
        Sources { file, ..Sources::default() }.refusal(),
        "limits must be a section of keys, but is 5 (file given.toml)"
    );
}

#[test]
fn values_out_of_bounds_are_named_with_key_and_source() {
    let rows = [
        ("server.drain_seconds", "3601", "0 to 3600"),
        ("limits.body_bytes_max", "1023", "1024 to 16777216"),
        ("limits.body_bytes_max", "16777217", "1024 to 16777216"),
        ("limits.batch_body_bytes_max", "1023", "1024 to 16777216"),
        ("limits.batch_body_bytes_max", "16777217", "1024 to 16777216"),
        ("limits.header_read_seconds", "0", "1 to 300"),
        ("limits.header_read_seconds", "301", "1 to 300"),
        ("events.hold_seconds", "0", "1 to 2592000"),
        ("wheel.tick_ms", "0", "1 to 1000"),
    ];
    for (key, value, bounds) in rows {
        assert_eq!(refusal_of_setting(key, value), format!("{key} must be {bounds}, but is {value} (--set)"));
    }
    assert_eq!(refusal_of_setting("server.data", ""), "server.data must name a directory, but is empty (--set)");
    let variables = &[("HOLDFAST__EVENTS__HOLD_SECONDS", "0")];
    assert_eq!(
        Sources { variables, ..Sources::default() }.refusal(),
        "events.hold_seconds must be 1 to 2592000, but is 0 (variable HOLDFAST__EVENTS__HOLD_SECONDS)"
    );
    assert_eq!(
        refusal_of_setting("events.max_per_user", "2"),
        "events.max_per_hold must be 1 to 2, but is 4 (the default)"
    );
}

#[test]
fn open_mode_stays_on_this_machine_unless_told_otherwise() {
    for listen in ["0.0.0.0:80", "192.0.2.1:80", "[::]:80", "[::ffff:192.0.2.1]:80"] {
        assert_eq!(
            refusal_of_setting("server.listen", listen),
            format!(
                "server.listen must be a loopback address while auth.mode is \"open\", which lets anybody log in under \
                 any name, unless auth.open_beyond_loopback is true, but is {listen} (--set)"
            )
        );
        let set = &[
            ("server.listen", listen),
            ("auth.open_beyond_loopback", "true"),
            ("server.behind_proxy", "true"),
            ("server.trusted_proxies", "[\"192.0.2.7\"]"),
        ];
        assert!(Sources { set, ..Sources::default() }.load().is_ok(), "{listen}");
    }
    for listen in ["127.0.0.1:0", "127.9.9.9:80", "[::1]:80", "[::ffff:127.0.0.1]:80"] {
        let set = &[("server.listen", listen)];
        assert!(Sources { set, ..Sources::default() }.load().is_ok(), "{listen}");
    }
}

#[test]
fn beyond_loopback_somebody_must_speak_tls() {
    let service = ("auth.mode", "service");
    for (key, listen) in [("server.listen", "0.0.0.0:80"), ("admin.listen", "192.0.2.1:80")] {
        let plain = Sources { set: &[service, (key, listen)], ..Sources::default() };
        assert_eq!(
            plain.refusal(),
            format!(
                "{key} must be a loopback address while the server speaks no TLS: set tls.certificate_file and \
                 tls.key_file, or server.behind_proxy (--behind-proxy) where a proxy does it, but is {listen} (--set)"
            )
        );
        let with_tls = [service, (key, listen), ("tls.certificate_file", "c.pem"), ("tls.key_file", "k.pem")];
        assert!(Sources { set: &with_tls, ..Sources::default() }.load().is_ok(), "{key}");
        let proxy = ("server.behind_proxy", "true");
        assert_eq!(
            Sources { set: &[service, (key, listen), proxy], ..Sources::default() }.refusal(),
            "server.trusted_proxies must name the proxy, because server.behind_proxy is true: without it, all clients \
             look like one (the default)"
        );
        let behind = [service, (key, listen), proxy, ("server.trusted_proxies", "[\"10.0.0.0/8\", \"fd00::1\"]")];
        assert!(Sources { set: &behind, ..Sources::default() }.load().is_ok(), "{key}");
    }
}

#[test]
fn values_that_go_together_are_checked_together() {
    let jwt = ("auth.mode", "jwt");
    let names = [("jwt.issuer", "https://id.example"), ("jwt.audience", "tickets")];
    let rows: [(&[(&str, &str)], &str); 10] = [
        (&[jwt], "jwt.jwks_file or jwt.key_file must be set, because auth.mode is \"jwt\" (the default)"),
        (
            &[jwt, ("jwt.jwks_file", "a"), ("jwt.key_file", "b")],
            "jwt.key_file must be empty, because jwt.jwks_file is set (--set)",
        ),
        (
            &[jwt, ("jwt.key_file", "b"), ("jwt.algorithm", "none")],
            "jwt.algorithm must be one of HS256, RS256, ES256, EdDSA, but is \"none\" (--set)",
        ),
        (
            &[jwt, ("jwt.jwks_file", "a"), names[1]],
            "jwt.issuer must be set, because auth.mode is \"jwt\" (the default)",
        ),
        (
            &[jwt, ("jwt.jwks_file", "a"), names[0]],
            "jwt.audience must be set, because auth.mode is \"jwt\" (the default)",
        ),
        (&[("tls.certificate_file", "c")], "tls.key_file must be set, because tls.certificate_file is (the default)"),
        (&[("tls.key_file", "k")], "tls.certificate_file must be set, because tls.key_file is (the default)"),
        (
            &[("server.trusted_proxies", "[\"10.0.0.0/33\"]")],
            "server.trusted_proxies must have addresses or networks such as 10.0.0.0/8, but has \"10.0.0.0/33\" (--set)",
        ),
        (
            &[("cors.origins", "[\"https://a.example/\"]")],
            "cors.origins must have origins such as https://tickets.example, but has \"https://a.example/\" (--set)",
        ),
        (&[("admin.listen", "8081")], "admin.listen must be an address and a port, or empty, but is \"8081\" (--set)"),
    ];
    for (set, expected) in rows {
        assert_eq!(Sources { set, ..Sources::default() }.refusal(), expected);
    }
    assert!(Sources { set: &[jwt, ("jwt.jwks_file", "a"), names[0], names[1]], ..Sources::default() }.load().is_ok());
}

#[test]
fn an_unreadable_or_malformed_file_is_named_with_the_line() {
    let in_file = |file| Sources { file: Some(file), ..Sources::default() }.refusal();
    let prefix = "the configuration file given.toml is not TOML at line";
    assert_eq!(in_file("[limits]\nenabled = \n"), format!("{prefix} 2: invalid string, expected `\"`, `'`"));
    assert_eq!(
        in_file("[limits]\nenabled = true\nenabled = true\n"),
        format!("{prefix} 3: duplicate key `enabled` in table `limits`")
    );
    let load = |path: &str| Config::load(&Config::default(), Some(Path::new(path)), [], &[]);
    assert_eq!(
        load("/nowhere/holdfast.toml").expect_err("no such file").to_string(),
        "the configuration file /nowhere/holdfast.toml cannot be read: No such file or directory (os error 2)"
    );
}

#[test]
fn a_variable_without_section_or_not_utf_8_is_refused() {
    let variables = &[("HOLDFAST__LIMITS", "1")];
    assert_eq!(
        Sources { variables, ..Sources::default() }.refusal(),
        "variable HOLDFAST__LIMITS cannot be used: it must be named HOLDFAST__SECTION__KEY"
    );
    let variable = ("HOLDFAST__SERVER__DATA".into(), OsString::from_vec(vec![0xff]));
    assert_eq!(
        Config::load(&Config::default(), None, [variable], &[]).expect_err("not UTF-8").to_string(),
        "variable HOLDFAST__SERVER__DATA cannot be used: it must be UTF-8"
    );
}

#[test]
fn the_log_is_json_where_nobody_reads_along() {
    let rows = [(LogFormat::Auto, false, true), (LogFormat::Text, false, false), (LogFormat::Json, true, true)];
    for (format, on_terminal, elsewhere) in rows {
        assert_eq!((format.is_json(true), format.is_json(false)), (on_terminal, elsewhere), "{format:?}");
    }
    assert_eq!(LevelFilter::from(LogLevel::default()), LevelFilter::INFO);
}
