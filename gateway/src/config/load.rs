//! Where the configuration comes from: the defaults, then the file, then the environment, then the flags, each over
//! the one before.
//!
//! Every value keeps its source, so that whatever is wrong with it is said in one sentence with key and source.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use figment::error::{Error, Kind};
use figment::providers::{Format, Serialized, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};

use super::Config;

/// What every variable that sets a key begins with: `HOLDFAST__SECTION__KEY`. A single underscore will not do, because
/// container platforms set variables such as `HOLDFAST_PORT` by themselves.
const VARIABLE_PREFIX: &str = "HOLDFAST__";

/// Why the configuration cannot be used, in one sentence. Nothing has been done when it is reported.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration file {} cannot be read: {reason}", path.display())]
    FileUnreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The file is not TOML.
    #[error("the configuration file {} is not TOML at line {line}: {reason}", path.display())]
    FileMalformed {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What the parser says.
        reason: String,
    },
    /// A `--set` that is not `section.key=value`, or a variable that names no section and key or is not UTF-8.
    #[error("{given} cannot be used: it must be {form}")]
    SettingMalformed {
        /// The flag or the variable.
        given: String,
        /// What it must look like.
        form: &'static str,
    },
    /// A section or key that does not exist.
    #[error("{key} is not in the configuration ({origin}): {known}")]
    KeyUnknown {
        /// The section, or section and key.
        key: String,
        /// Where it was given.
        origin: String,
        /// What there is instead.
        known: String,
    },
    /// A value of the wrong type, out of its bounds, or in conflict with another.
    #[error("{complaint} ({origin})")]
    ValueInvalid {
        /// What is wrong, beginning with section and key.
        complaint: String,
        /// Where the value was given.
        origin: String,
    },
}

/// A value given on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The flag that gave it: `--listen`.
    pub flag: &'static str,
    /// The section: `server`.
    pub section: String,
    /// The key in it: `listen`.
    pub key: String,
    /// The value: a TOML value, or a bare text.
    pub value: String,
}

impl Config {
    /// Lays the sources over `defaults` and checks the outcome.
    ///
    /// `environment` is the process's, `std::env::vars_os()`; only variables that begin with `HOLDFAST__` count. Of two
    /// overrides of one key the later wins. Paths in `defaults` must be UTF-8.
    pub fn load(
        defaults: &Config,
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
        overrides: &[Override],
    ) -> Result<Config, ConfigError> {
        let known = keys_of(defaults);
        let mut layers: Vec<Layer> = file.map(Layer::from_file).into_iter().collect::<Result<_, _>>()?;
        layers.extend(variables(environment, &known)?);
        for Override { flag, section, key, value } in overrides {
            layers.push(Layer::from_setting((*flag).to_owned(), section, key, value, &known));
        }
        for layer in &layers {
            layer.refuse_unknown_keys(&known)?;
        }

        let bottom = Layer { origin: "the default".to_owned(), dict: known };
        let figment = layers.into_iter().fold(Figment::from(bottom), Figment::merge);
        let config: Config = figment.extract().map_err(|error| explain(&figment, &error))?;
        config.check().map_err(|complaint| located(&figment, complaint))?;
        Ok(config)
    }
}

/// One source: what it sets and how the messages name it.
#[derive(Debug)]
struct Layer {
    /// The file, the variable or the flag.
    origin: String,
    /// Sections, each a dictionary of keys.
    dict: Dict,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.origin.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        Ok(Profile::Default.collect(self.dict.clone()))
    }
}

impl Layer {
    fn from_file(path: &Path) -> Result<Layer, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError::FileUnreadable { path: path.to_owned(), reason: error.to_string() })?;
        let dict = Toml::from_str(&text).map_err(|error| ConfigError::FileMalformed {
            path: path.to_owned(),
            line: 1 + error
                .span()
                .map_or(0, |span| text.bytes().take(span.start).filter(|byte| *byte == b'\n').count()),
            reason: error.message().replace('\n', ", "),
        })?;
        Ok(Layer { origin: format!("file {}", path.display()), dict })
    }

    /// A layer of one value, as variables and flags give them.
    fn from_setting(origin: String, section: &str, key: &str, value: &str, known: &Dict) -> Layer {
        let default = known.get(section).and_then(|keys| keys.as_dict()?.get(key));
        let wants_text = default.is_some_and(|default| default.as_str().is_some());
        let keys = Dict::from([(key.to_owned(), value_of(value, wants_text))]);
        Layer { origin, dict: Dict::from([(section.to_owned(), keys.into())]) }
    }

    fn refuse_unknown_keys(&self, known: &Dict) -> Result<(), ConfigError> {
        for (section, given) in &self.dict {
            let Some(known_keys) = known.get(section).and_then(Value::as_dict) else {
                return Err(self.unknown(section.clone(), format!("the sections are {}", listed(known))));
            };
            let mut given_keys = given.as_dict().into_iter().flat_map(Dict::keys);
            if let Some(key) = given_keys.find(|key| !known_keys.contains_key(*key)) {
                let known = format!("the keys of {section} are {}", listed(known_keys));
                return Err(self.unknown(format!("{section}.{key}"), known));
            }
        }
        Ok(())
    }

    fn unknown(&self, key: String, known: String) -> ConfigError {
        ConfigError::KeyUnknown { key, origin: self.origin.clone(), known }
    }
}

/// A layer for each variable that sets a key, in the order of their names, so that the same environment always gives
/// the same answer.
fn variables(
    environment: impl IntoIterator<Item = (OsString, OsString)>,
    known: &Dict,
) -> Result<Vec<Layer>, ConfigError> {
    let mut found: Vec<(String, OsString)> = environment
        .into_iter()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        .filter(|(name, _)| name.starts_with(VARIABLE_PREFIX))
        .collect();
    found.sort();
    let layer_of = |(name, value): (String, OsString)| {
        let origin = format!("variable {name}");
        let malformed = |form| ConfigError::SettingMalformed { given: origin.clone(), form };
        let path = name[VARIABLE_PREFIX.len()..].to_lowercase();
        let (section, key) = path.split_once("__").ok_or_else(|| malformed("named HOLDFAST__SECTION__KEY"))?;
        let value = value.into_string().map_err(|_| malformed("UTF-8"))?;
        Ok(Layer::from_setting(origin, section, key, &value, known))
    };
    found.into_iter().map(layer_of).collect()
}

/// Reads a value as TOML, or as a bare text where it is none. Where the key wants a text, a directory named `7` or
/// `true` stays one.
fn value_of(given: &str, wants_text: bool) -> Value {
    let parsed: Option<Dict> = Toml::from_str(&format!("value = {given}")).ok();
    // A line break in the value could begin a second key; then it was no value.
    let value = parsed.filter(|dict| dict.len() == 1).and_then(|mut dict| dict.remove("value"));
    match value {
        Some(value) if !wants_text || value.as_str().is_some() => value,
        _ => Value::from(given),
    }
}

/// All sections and keys with their defaults.
fn keys_of(defaults: &Config) -> Dict {
    let data = Serialized::defaults(defaults).data().expect("the defaults are plain values");
    data.into_values().flatten().collect()
}

fn listed(dict: &Dict) -> String {
    dict.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// Names the source of the value that a complaint begins with.
fn located(figment: &Figment, complaint: String) -> ConfigError {
    let key = complaint.split(' ').next().unwrap_or_default();
    let origin = figment.find_metadata(key).map_or_else(String::new, |metadata| metadata.name.to_string());
    ConfigError::ValueInvalid { complaint, origin }
}

/// Says of a value of the wrong type what it should have been.
fn explain(figment: &Figment, error: &Error) -> ConfigError {
    let key = error.path.join(".");
    let expected = match &error.kind {
        Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) => in_words(expected),
        Kind::UnknownVariant(_, variants) => format!("\"{}\"", variants.join("\" or \"")),
        // The one type here that says no more than this of itself is an address.
        Kind::Message(message) if message.contains("socket address") => {
            "an address and a port, such as 127.0.0.1:8080".to_owned()
        }
        other => format!("readable ({other})"),
    };
    let actual = figment.find_value(&key).ok().and_then(|value| serde_json::to_string(&value).ok());
    located(figment, format!("{key} must be {expected}, but is {}", actual.unwrap_or_default()))
}

/// The type that serde expected, as an operator would call it.
fn in_words(expected: &str) -> String {
    match expected {
        "a boolean" => "true or false".to_owned(),
        "u32" => format!("a whole number from 0 to {}", u32::MAX),
        "u64" => "a whole number, 0 or more".to_owned(),
        "a string" | "path string" => "a text".to_owned(),
        section if section.starts_with("struct") => "a section of keys".to_owned(),
        other => other.to_owned(),
    }
}
