//! A run from the beginning to its report.

use super::{
    agents::Agents,
    arrivals::{self, Arrival},
    chat::Out,
    crowd::Crowd,
    doubt, graph,
    http::Client,
    progress::Progress,
    prometheus::Scraper,
    record::Run,
    report,
    scenario::{Assistant, Scenario, Understanding},
    scrape::Page,
    stage::Stage,
    summary::{Facts, machine, report_of},
    texts::Texts,
    town::{self, Needs, Town},
    verdict,
    watch::{Seen, Watch},
};
use crate::signals::interrupted;
use anyhow::Context;
use std::{
    collections::{BTreeMap, HashSet},
    net::TcpListener,
    path::PathBuf,
    sync::{Arc, Mutex, atomic::AtomicBool, atomic::AtomicU64, atomic::Ordering},
    time::{Duration, Instant},
};

/// What to run, and how.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The scenario, with whatever the command line has changed in it.
    pub scenario: Scenario,
    /// An engine that is there already; else one is started.
    pub against: Option<Against>,
    /// Folder for `report.json` and `report.html`.
    pub report: Option<PathBuf>,
    /// The `charla` binary; beside this process's own by default.
    pub charla: Option<PathBuf>,
    /// The shop's assistant.
    pub assistant: PathBuf,
    /// Cache of models; the engine's own by default.
    pub cache: Option<PathBuf>,
    /// Folder of public sets of texts.
    pub data: PathBuf,
    /// Writes the arrivals down.
    pub record: Option<PathBuf>,
    /// Takes them from there instead of drawing them, so many times over itself.
    pub replay: Option<(PathBuf, u32)>,
    /// Folder for the engine's data and log, new or empty, which stays.
    pub keep: Option<PathBuf>,
    /// Has a Prometheus scrape the engine and reckon the availability, evaluating this file of rules.
    pub prometheus: Option<PathBuf>,
    /// Every so many answers one is kept from the judge, as if it had never come: it must find them all. 0: none.
    pub lose: u64,
}

/// An engine that is there already. Its settings must name this run's Graph endpoint, secrets and numbers.
#[derive(Debug, Clone)]
pub struct Against {
    /// `http://HOST:PORT`.
    pub url: String,
    /// Signs webhooks.
    pub app_secret: String,
    /// The engine's bearer token at Graph.
    pub access_token: String,
    /// An agent's token.
    pub agent_token: String,
    /// Where the Graph endpoint listens.
    pub graph: String,
}

/// Runs it.
///
/// # Errors
/// If it cannot be run. Objectives that were missed are no error: they are in the report.
pub async fn run(plan: Plan) -> anyhow::Result<Run> {
    // A second installation only says that there is one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let started_at = jiff::Timestamp::now();
    let scenario = plan.scenario.clone();
    let arrivals = match &plan.replay {
        Some((path, times)) => arrivals::replay(path, *times, scenario.seed)?,
        None => arrivals::plan(&scenario),
    };
    if let Some(path) = &plan.record {
        arrivals::record(path, &scenario, &arrivals)?;
    }
    // Against an engine that remembers, each minute's run has people of its own.
    let base = match &plan.against {
        Some(_) => u32::try_from(started_at.as_second() / 60 % 90).unwrap_or(0) * 1_000_000,
        None => 0,
    };
    let crowd = Crowd::new(scenario.clone(), Texts::load(&plan.data), base);
    let address = plan.against.as_ref().map_or("127.0.0.1:0", |against| against.graph.as_str());
    let listener = TcpListener::bind(address)
        .with_context(|| format!("CHARLA-E5407: {address} cannot be listened on; is it taken?"))?;
    let graph_url = format!("http://{}", listener.local_addr()?);
    let mut town = match &plan.against {
        Some(_) => None,
        None => {
            let people = arrivals.iter().map(|arrival| arrival.slot + 1).max().unwrap_or(0);
            // The first in each session are known to the shop; later ones are new customers.
            let guests =
                (0..people.min(20_000)).map(|index| crowd.person(index)).filter(|person| person.known);
            let needs = Needs {
                scenario: &scenario,
                charla: plan.charla.as_deref(),
                assistant: &plan.assistant,
                cache: plan.cache.as_deref(),
                graph_url: &graph_url,
                numbers: &crowd.numbers,
                guests: guests.collect(),
                keep: plan.keep.as_deref(),
            };
            let town = tokio::select! {
                town = Town::start(needs) => town?,
                () = interrupted() => anyhow::bail!("interrupted before it had begun"),
            };
            Some(town)
        }
    };
    let (url, app_secret, access_token, agent_token) = match (&plan.against, &town) {
        (Some(a), _) => (
            a.url.trim_end_matches('/').to_owned(),
            a.app_secret.as_str(),
            a.access_token.as_str(),
            a.agent_token.as_str(),
        ),
        (None, Some(town)) => (town.url.clone(), town::APP_SECRET, town::ACCESS_TOKEN, town::AGENT_TOKEN),
        (None, None) => anyhow::bail!("CHARLA-E5303: there is no engine"),
    };
    let stage = Arc::new(Stage {
        begun: Instant::now(),
        client: Client::new(&url, "/webhooks/whatsapp", scenario.webhooks.connections)?,
        app_secret: app_secret.to_owned(),
        stem: format!("{:X}.", started_at.as_millisecond()),
        statuses: Mutex::default(),
        open: AtomicU64::new(0),
        stopping: AtomicBool::new(false),
        crowd: Mutex::new(crowd),
        scenario,
    });
    let endpoint = graph::serve(Arc::clone(&stage), listener, access_token, plan.lose)?;
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build()?;
    let agents = Arc::new(Agents {
        http: http.clone(),
        url: url.clone(),
        token: agent_token.to_owned(),
        busy: Mutex::new(HashSet::new()),
        taken_within: TAKEN_WITHIN,
    });
    let pid = town.as_ref().and_then(|town| town.pid);
    if let Some(town) = &town {
        eprintln!(
            "{}: {} arrivals, engine ready after {:.2} s, data in {}",
            stage.scenario.name,
            arrivals.len(),
            town.ready_after.as_secs_f64(),
            town.folder().display()
        );
    }
    let scraper = match &plan.prometheus {
        Some(rules) => Scraper::beside(&url, rules).await?,
        None => None,
    };
    let wanted = &stage.scenario.objectives;
    if plan.against.is_some() && wanted.resident_mib.or(wanted.resident_growth).is_some() {
        eprintln!("the memory of an engine that is there already is not known: its objectives are left out");
    }
    let length = arrivals.last().map_or(0.0, |arrival| arrival.at as f64 / 1e6);
    let mut look = Watch { http: http.clone(), url: url.clone(), pid, before: Page::default() };
    if plan.against.is_some() {
        look.before = look.page().await.unwrap_or_default();
    }
    let watch = tokio::spawn(look.look(Arc::clone(&stage), Progress::new(length)));
    let mut tasks = vec![tokio::spawn(Arc::clone(&stage).tell_statuses())];
    if stage.scenario.assistant == Assistant::Shop {
        tasks.push(tokio::spawn(Arc::clone(&agents).work(Arc::clone(&stage))));
    }
    let played = async {
        let everybody = Arc::clone(&stage);
        let driven = tokio::task::spawn_blocking(move || drive(&everybody, &arrivals)).await;
        let steps = driven.map_err(|error| format!("the generator broke down: {error}"))?;
        settle(&stage, &agents).await;
        stage.crowd().settle(stage.now());
        doubt::look_again(&stage, &agents).await;
        Ok(steps)
    };
    let outcome = tokio::select! {
        outcome = played => outcome,
        died = guard(&mut town, &stage, &http) => Err(died),
        () = interrupted() => Err("interrupted".to_owned()),
    };
    let (steps, mut troubles) = match outcome {
        Ok(steps) => (steps, Vec::new()),
        Err(why) => (Vec::new(), vec![why]),
    };
    stage.crowd().stand();
    let availability = match scraper {
        Some(scraper) => scraper.last_word().await,
        None => None,
    };
    stage.stopping.store(true, Ordering::Relaxed);
    let seen = match watch.await {
        Ok(seen) => seen,
        Err(error) => {
            troubles.push(format!("the watch over the engine broke down: {error}"));
            Seen::default()
        }
    };
    for task in tasks {
        task.abort();
    }
    endpoint.stop(false).await;
    let machine = machine(town.as_ref().map(|town| town.version.clone()), &url);
    let ready = town.as_ref().map(|town| town.ready_after);
    let keep = !troubles.is_empty() || stage.crowd().wrongs.total() > 0;
    if let Some(town) = town
        && let Some(why) = town.stop(keep).await
    {
        troubles.push(why);
    }
    let run =
        report_of(&plan, &stage, &seen, Facts { started_at, machine, ready, troubles, steps, availability });
    if let Some(folder) = &plan.report {
        let page = report::write(&run, folder)
            .with_context(|| format!("CHARLA-E5411: the report cannot be written to {}", folder.display()))?;
        eprintln!("report: {}", page.display());
    }
    Ok(run)
}

/// Between two looks at who writes now, at least: at 10,000 messages a second each would else be handed over alone.
const QUANTUM: Duration = Duration::from_micros(250);
/// Longest sleep between two looks at whether the run is over.
const NAP: Duration = Duration::from_millis(100);
/// See [`Agents::taken_within`]: in the worst of an overload a conversation comes to its next event after seconds.
const TAKEN_WITHIN: Duration = Duration::from_secs(30);

/// What the system may add to a sleep, in nanoseconds; its usual 50 µs would count as the engine's latency.
const SLACK: std::num::NonZeroU64 = std::num::NonZeroU64::MIN;

/// Has everybody write when their moment has come. What each step of a search for the capacity sustained. Blocks, for a thread
/// of its own: the runtime's timer is a millisecond late on average, which would count as the engine's latency.
fn drive(stage: &Arc<Stage>, arrivals: &[Arrival]) -> Vec<verdict::Step> {
    // Without it everything is a little later, and the report says how late.
    let _ = rustix::thread::set_current_timer_slack(Some(SLACK));
    let most = stage.scenario.webhooks.messages_per_body as usize;
    let runtime = tokio::runtime::Handle::current();
    let warm_up_s = stage.scenario.warm_up_s;
    let capacity = stage.scenario.capacity.as_ref();
    // Microseconds at which the step after these can be judged: a second after its end that second is in the series.
    let judged_at = |steps: &Vec<verdict::Step>| match capacity {
        Some(it) if steps.len() < it.steps as usize => {
            ((warm_up_s + (steps.len() + 1) as f64 * it.step_s + 1.2) * 1e6) as u64
        }
        _ => u64::MAX,
    };
    let mut steps = Vec::new();
    let mut next = 0;
    while let Some(arrival) = arrivals.get(next).filter(|_| !stage.is_stopping()) {
        if let Some(capacity) = capacity.filter(|_| stage.now() > judged_at(&steps))
            && !verdict::sustains(&stage.crowd().meter.series, warm_up_s, capacity, &mut steps)
        {
            return steps;
        }
        let now = stage.now();
        if arrival.at > now {
            std::thread::sleep(Duration::from_micros(arrival.at - now).clamp(QUANTUM, NAP));
            continue;
        }
        // By number, because a body's change has one.
        let mut ready: BTreeMap<usize, Vec<Out>> = BTreeMap::new();
        {
            let mut crowd = stage.crowd();
            for arrival in arrivals[next..].iter().take(256).take_while(|arrival| arrival.at <= now) {
                next += 1;
                if let Some(out) = crowd.act(*arrival, now) {
                    ready.entry(crowd.chats[out.person as usize].person.number).or_default().push(out);
                }
            }
        }
        for (number, mut outs) in ready {
            while !outs.is_empty() {
                let rest = outs.split_off(most.min(outs.len()));
                runtime.spawn(Arc::clone(stage).deliver(number, std::mem::replace(&mut outs, rest)));
            }
        }
    }
    // Nobody writes after the last step, and it is judged all the same.
    while let Some(capacity) = capacity.filter(|_| judged_at(&steps) < u64::MAX && !stage.is_stopping()) {
        if stage.now() <= judged_at(&steps) {
            std::thread::sleep(NAP);
        } else if !verdict::sustains(&stage.crowd().meter.series, warm_up_s, capacity, &mut steps) {
            break;
        }
    }
    steps
}

/// Waits until everything is answered, at most for the scenario's patience, and asks the engine about what is not.
async fn settle(stage: &Arc<Stage>, agents: &Agents) {
    let patience = Duration::from_secs_f64(stage.scenario.patience_s);
    let begun = Instant::now();
    let mut asked = Instant::now();
    loop {
        let waiting = stage.crowd().waiting();
        if waiting == 0 && stage.open.load(Ordering::Relaxed) == 0 || begun.elapsed() > patience {
            break;
        }
        // A person may have taken over in other words than the usual ones: then nothing is owed.
        if asked.elapsed() > Duration::from_secs(2) && waiting < 500 {
            excuse(stage, agents, 3_000_000).await;
            asked = Instant::now();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    excuse(stage, agents, 0).await;
    // The last statuses.
    tokio::time::sleep(Duration::from_millis(300)).await;
}

async fn excuse(stage: &Arc<Stage>, agents: &Agents, older: u64) {
    let overdue = stage.crowd().overdue(stage.now().saturating_sub(older));
    for (_, conversation) in overdue.into_iter().take(2_000) {
        let Some(conversation) = conversation else { continue };
        if agents.with_people(&conversation).await == Some(true) {
            stage.crowd().taken_by_people(&conversation);
        }
    }
}

/// Switches backends, and watches the engine; returns only if it has ended.
async fn guard(town: &mut Option<Town>, stage: &Arc<Stage>, http: &reqwest::Client) -> String {
    let troubles = &stage.scenario.troubles;
    let mut on = vec![false; troubles.len()];
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let Some(town) = town else { continue };
        if let Some(why) = town.died().await {
            return format!("the engine ended of itself: {why}");
        }
        let at = stage.now() as f64 / 1e6 - stage.scenario.warm_up_s;
        for (trouble, on) in troubles.iter().zip(&mut on) {
            let wanted = (trouble.from_s..trouble.from_s + trouble.for_s).contains(&at);
            if wanted != *on {
                if let Err(why) = town.trouble(http, trouble, wanted).await {
                    stage.crowd().wrongs.add("trouble not made", || why);
                }
                *on = wanted;
            }
        }
    }
}

impl Plan {
    /// A run of a scenario with everything else as usual.
    pub fn of(scenario: Scenario) -> Self {
        Self {
            scenario,
            against: None,
            report: None,
            charla: None,
            assistant: "config".into(),
            cache: None,
            data: "../shared/data".into(),
            record: None,
            replay: None,
            keep: None,
            prometheus: None,
            lose: 0,
        }
    }

    /// The n-gram model alone, for machines without the encoder.
    pub fn without_encoder(mut self) -> Self {
        self.scenario.understanding = Understanding::Ngram;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::record::Second;

    #[tokio::test(flavor = "multi_thread")]
    async fn the_last_step_is_judged_though_nobody_writes_any_more() {
        let text = "name='x'\nabout='y'\nsessions=1\nwarm_up_s=0\nduration_s=1\n\
            [capacity]\nstep=1\nstep_s=1\nsteps=1\nreply_p99_ms=50\n";
        let stage = Arc::new(Stage::silent(text, "http://127.0.0.1:1"));
        let second = Second { at: 1.0, due: 5, replied: 5, reply_p99: Some(9.0), ..Second::default() };
        stage.crowd().meter.series.push(second);
        let played = Arc::clone(&stage);
        let steps = tokio::task::spawn_blocking(move || drive(&played, &[])).await.unwrap();
        assert_eq!(steps.iter().map(|step| step.p99).collect::<Vec<_>>(), [9.0]);
    }
}
