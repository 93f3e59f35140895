//! What the environment asks a test for, and how to ask for it again.

/// How often, and with which choices.
pub struct Plan {
    pub seed: u64,
    pub rounds: u64,
    test: &'static str,
    rounds_variable: &'static str,
}

impl Plan {
    /// The plan of `test`: `HOLDFAST_CRASH_SEED` repeats the choices of a run, `rounds_variable` sets its length.
    pub fn from_environment(test: &'static str, rounds_variable: &'static str, rounds_default: u64) -> Plan {
        let seed = number("HOLDFAST_CRASH_SEED");
        let seed = seed.unwrap_or_else(|| getrandom::u64().expect("the system has random bytes"));
        let plan = Plan { seed, rounds: number(rounds_variable).unwrap_or(rounds_default), test, rounds_variable };
        println!("{} rounds; again with: {}", plan.rounds, plan.command(seed, plan.rounds));
        plan
    }

    /// Says on a failure how to repeat the part of the run that it is in.
    pub fn again(&self, seed: u64, rounds: u64) -> Again {
        Again(self.command(seed, rounds))
    }

    fn command(&self, seed: u64, rounds: u64) -> String {
        let Plan { test, rounds_variable, .. } = self;
        format!("HOLDFAST_CRASH_SEED={seed} {rounds_variable}={rounds} cargo test -p holdfast --test crash -- {test}")
    }
}

/// Prints a command when a test fails.
pub struct Again(String);

impl Drop for Again {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("failed; again with: {}", self.0);
        }
    }
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} must be a number, but is {text}")))
}
