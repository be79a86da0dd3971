//! Whether a scenario's values make sense: what does not is said before anything is begun, not by a panic in the middle.

use super::scenario::{Assistant, Capacity, Phase, Scenario, ScenarioError};
use std::path::Path;

/// No time of a scenario is longer, seconds: more than eleven days.
const LONGEST: f64 = 1_000_000.0;

fn is_time(seconds: f64) -> bool {
    (0.0..=LONGEST).contains(&seconds)
}

fn is_above_0(x: f64) -> bool {
    x.is_finite() && x > 0.0
}

impl Scenario {
    /// Checks the values, whoever has set them; `path` is named in errors.
    ///
    /// # Errors
    /// [`ScenarioError::Value`] with the key and the mend.
    pub fn check(&self, path: &Path) -> Result<(), ScenarioError> {
        match self.rates().or_else(|| self.people()).or_else(|| self.trouble()) {
            Some((key, message)) => Err(ScenarioError::Value { path: path.to_owned(), key, message }),
            None => Ok(()),
        }
    }

    /// What is wrong with how much is written when.
    fn rates(&self) -> Option<(&'static str, &'static str)> {
        if self.sessions == 0 {
            return Some(("sessions", "is 0; give at least 1"));
        }
        if self.phases.iter().map(|phase| u64::from(phase.sessions)).sum::<u64>() + u64::from(self.sessions)
            > 1_000_000
        {
            return Some(("sessions", "are more than 1,000,000 with the crowds; lower them"));
        }
        if !(is_time(self.duration_s) && self.duration_s > 0.0 && is_time(self.warm_up_s)) {
            return Some((
                "duration_s",
                "must be above 0, and warm_up_s not below; both at most 1,000,000 seconds",
            ));
        }
        if !is_time(self.patience_s) {
            return Some(("patience_s", "must be 0 to 1,000,000 seconds"));
        }
        if !(is_above_0(self.think.mean_s) && is_above_0(self.think.sigma)) {
            return Some(("think", "has mean_s or sigma not above 0"));
        }
        let phase_is_wrong = |p: &Phase| {
            !(is_time(p.from_s) && is_time(p.for_s) && p.for_s > 0.0 && p.rate.is_finite() && p.rate >= 0.0)
        };
        if self.phases.iter().any(phase_is_wrong) {
            return Some(("phases", "have a negative time or rate, or last no time"));
        }
        let step_is_wrong = |c: &Capacity| {
            let steps = is_above_0(c.step_s) && c.steps > 0 && is_time(c.step_s * f64::from(c.steps));
            !(steps && is_above_0(c.step) && is_above_0(c.reply_p99_ms))
        };
        if self.capacity.as_ref().is_some_and(step_is_wrong) {
            return Some((
                "capacity",
                "has step, step_s, steps or reply_p99_ms not above 0, or steps of more than 1,000,000 seconds",
            ));
        }
        None
    }

    /// What is wrong with who writes and who answers.
    fn people(&self) -> Option<(&'static str, &'static str)> {
        let share = |x: f64| (0.0..=1.0).contains(&x);
        let mix = &self.mix;
        if ![mix.taps, mix.free, mix.bursts, mix.abandoned, mix.returns, mix.known].into_iter().all(share) {
            return Some(("mix", "has a share that is not between 0 and 1"));
        }
        if !(mix.messages.is_finite() && mix.messages >= 1.0) {
            return Some(("mix.messages", "is below 1"));
        }
        let shares = mix.varieties;
        if !shares.iter().all(|x| *x >= 0.0) || !is_above_0(shares.iter().sum::<f64>()) {
            return Some(("mix.varieties", "must be four shares, not all of them 0"));
        }
        if !(1..=900).contains(&self.numbers.count) || self.numbers.messages_per_s == 0 {
            return Some(("numbers", "must be 1 to 900 with messages_per_s above 0"));
        }
        if self.webhooks.messages_per_body == 0
            || self.webhooks.connections == 0
            || self.statuses.per_body == 0
        {
            return Some(("webhooks", "have messages_per_body, connections or statuses.per_body 0"));
        }
        if !(is_time(self.agents.handle_s) && is_time(self.agents.poll_s)) {
            return Some(("agents", "have a handle_s or poll_s that is not 0 to 1,000,000 seconds"));
        }
        None
    }

    /// What is wrong with what goes wrong.
    fn trouble(&self) -> Option<(&'static str, &'static str)> {
        let all = &self.troubles;
        if !all.is_empty() && self.assistant == Assistant::Echo {
            return Some(("troubles", "are of the shop, and the assistant `echo` has none; leave them out"));
        }
        let backends = ["inventory", "crm", "orders", "ticketing", "calendar"];
        if all.iter().any(|t| !backends.contains(&t.backend.as_str())) {
            return Some((
                "troubles",
                "name a backend that is none of inventory, crm, orders, ticketing, calendar",
            ));
        }
        if all.iter().any(|t| !["slow", "error", "down"].contains(&t.mode.as_str())) {
            return Some(("troubles", "have a mode that is none of slow, error, down"));
        }
        if all.iter().any(|t| t.mode == "slow" && t.delay_ms == 0) {
            return Some(("troubles", "are slow by no time; give delay_ms"));
        }
        if !all.iter().all(|t| is_time(t.from_s) && is_time(t.for_s) && t.for_s > 0.0) {
            return Some(("troubles", "have a negative time, or last no time"));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(more: &str) -> String {
        let text = format!("name='x'\nabout='y'\nsessions=1\nwarm_up_s=1\nduration_s=9\n{more}");
        match Scenario::parse(&text, Path::new("x.toml")) {
            Ok(_) => String::new(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn values_that_would_break_the_run_are_refused() {
        let capacity = |what: &str| format!("[capacity]\nstep=5\nreply_p99_ms=50\n{what}\n");
        let trouble = |what: &str| format!("[[troubles]]\nbackend='crm'\nfrom_s=1\nfor_s=1\n{what}\n");
        for (more, key) in [
            ("patience_s=-1\n".to_owned(), "patience_s"),
            ("patience_s=nan\n".to_owned(), "patience_s"),
            ("patience_s=1e300\n".to_owned(), "patience_s"),
            ("[agents]\nhandle_s=-0.5\n".to_owned(), "agents"),
            ("[agents]\npoll_s=inf\n".to_owned(), "agents"),
            ("[think]\nmean_s=inf\n".to_owned(), "think"),
            ("[mix]\nmessages=nan\n".to_owned(), "mix.messages"),
            ("[mix]\nvarieties=[nan,1.0,1.0,1.0]\n".to_owned(), "mix.varieties"),
            ("[[phases]]\nfrom_s=nan\nfor_s=1\n".to_owned(), "phases"),
            (capacity("step_s=0\nsteps=3"), "capacity"),
            (capacity("step_s=9\nsteps=0"), "capacity"),
            (trouble("mode='slow'"), "troubles"),
            (format!("assistant='echo'\n{}", trouble("mode='down'")), "troubles"),
        ] {
            assert!(error(&more).contains(&format!(": {key} ")), "{more}: {}", error(&more));
        }
        assert_eq!(error(&trouble("mode='slow'\ndelay_ms=5")), "");
        assert_eq!(error(&capacity("step_s=9\nsteps=3")), "");
    }

    #[test]
    fn what_is_set_afterwards_is_checked_as_well() {
        let text = "name='x'\nabout='y'\nsessions=1\nwarm_up_s=1\nduration_s=9\n";
        let mut scenario = Scenario::parse(text, Path::new("x.toml")).unwrap();
        assert!(scenario.check(Path::new("x.toml")).is_ok());
        scenario.duration_s = f64::INFINITY;
        assert!(scenario.check(Path::new("x.toml")).is_err());
        (scenario.duration_s, scenario.sessions) = (9.0, 0);
        assert!(scenario.check(Path::new("x.toml")).is_err());
    }
}
