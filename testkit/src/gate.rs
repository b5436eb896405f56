//! A gate before the last byte of each of several requests. It opens for all of them at once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// One gate; clones are the same gate.
#[derive(Clone, Debug)]
pub(crate) struct Gate(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    is_open: bool,
    /// One for each writer.
    places: Vec<Place>,
}

#[derive(Clone, Debug)]
enum Place {
    Away,
    Waiting(Waker),
    /// Was at the gate, or needs it no more because its request is answered.
    Done,
}

/// The place of one writer at a gate.
#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    gate: Gate,
    writer: usize,
}

impl Gate {
    pub(crate) fn new(writers: usize) -> Self {
        let places = vec![Place::Away; writers];
        Self(Arc::new(Mutex::new(State {
            is_open: false,
            places,
        })))
    }

    pub(crate) fn ticket(&self, writer: usize) -> Ticket {
        let gate = self.clone();
        Ticket { gate, writer }
    }

    /// How many go through the gate; 0 once it is open.
    pub(crate) fn writers(&self) -> usize {
        self.state().places.len()
    }

    /// Whether every writer is at the gate, or has its answer already.
    pub(crate) fn is_everybody_there(&self) -> bool {
        let state = self.state();
        !state
            .places
            .iter()
            .any(|place| matches!(place, Place::Away))
    }

    pub(crate) fn open(&self) {
        let mut state = self.state();
        state.is_open = true;
        let places = std::mem::take(&mut state.places);
        // A waker may run code of the service, which may ask the gate.
        drop(state);
        for place in places {
            if let Place::Waiting(waker) = place {
                waker.wake();
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticket {
    /// Ready when the gate is open.
    pub(crate) fn poll_pass(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.gate.state();
        if state.is_open {
            return Poll::Ready(());
        }
        state.places[self.writer] = Place::Waiting(cx.waker().clone());
        Poll::Pending
    }

    /// The request is answered: nobody has to wait for it.
    pub(crate) fn give_back(&self) {
        let mut state = self.gate.state();
        if let Some(place) = state.places.get_mut(self.writer) {
            *place = Place::Done;
        }
    }
}
