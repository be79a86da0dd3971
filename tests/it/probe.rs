//! A session that means nothing, to look at what the edge would hand to the engine.

use charla_actors::session::{EffectClass, Session, Step, View};
use charla_dialogue::event::Event;

/// Takes the dialogue's events and does nothing.
#[derive(Debug)]
pub struct Probe;

impl Session for Probe {
    type Event = Event;
    type Change = ();
    type State = ();
    type Effect = ();

    fn version(&self) -> &str {
        "probe"
    }
    fn step(&self, _: &(), _: i64, _: &Event) -> Step<Self> {
        Step::new(Vec::new(), Vec::new())
    }
    fn apply(_: &mut (), _: &()) {}
    fn class(_: &()) -> EffectClass {
        EffectClass::Ephemeral
    }
    fn timer_fired(name: &str) -> Event {
        Event::Timer { name: name.to_owned() }
    }
    fn parked(_: &Event, tries: u32) -> Event {
        Event::Parked { tries }
    }
    fn outcome_unknown(_: &()) -> Option<Event> {
        None
    }
    fn views(_: &()) -> Vec<View> {
        Vec::new()
    }
}
