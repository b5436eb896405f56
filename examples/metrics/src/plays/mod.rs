//! Four causes of 412s, each played against the service: the same requests in every run, one step after the other.

mod clients;
mod people;

use std::time::Duration;

use tokio::time::sleep;

use crate::{history::STEPS, service::Service};

use people::People;

/// The step in which the cause appears.
pub(crate) const CAUSE: usize = 15;

/// How many people edit the busy document.
const EDITORS: usize = 5;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Play {
    /// A release changes the form of all documents. Clients read again, and recover.
    Release,
    /// A script sends the tag that its author has once seen.
    Hardcoded,
    /// A proxy begins to compress, and makes every tag weak.
    Proxy,
    /// Several people edit one document.
    Busy,
}

impl Play {
    pub(crate) const ALL: [Self; 4] = [Self::Release, Self::Hardcoded, Self::Proxy, Self::Busy];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Hardcoded => "hardcoded",
            Self::Proxy => "proxy",
            Self::Busy => "busy",
        }
    }

    pub(crate) fn named(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|play| play.name() == name);
        found.ok_or_else(|| format!("a play is one of {}", Self::ALL.map(Self::name).join(", ")))
    }

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Release => "A release changes the form: it passes",
            Self::Hardcoded => "A script with a hard-coded tag: it stays",
            Self::Proxy => "A proxy weakens every tag: nobody can save",
            Self::Busy => "A busy document: a few, always",
        }
    }

    /// Fills the history of a new service, in so many steps with so much time between them.
    pub(crate) async fn perform(self, service: &Service, pace: Duration) {
        let mut people = People::of(service.router()).await;
        if self == Self::Busy {
            people.edit_together(EDITORS).await;
        }
        for step in 0..STEPS {
            if step > 0 {
                sleep(pace).await;
                service.history.next_step();
            }
            if step == CAUSE {
                self.cause(service, &mut people).await;
            }
            people.step().await;
        }
    }

    async fn cause(self, service: &Service, people: &mut People) {
        match self {
            Self::Release => {
                service.deploy();
            }
            Self::Hardcoded => {
                people.start_script().await;
                service.history.mark("script");
            }
            Self::Proxy => {
                people.compress();
                service.history.mark("proxy");
            }
            Self::Busy => {}
        }
    }
}
