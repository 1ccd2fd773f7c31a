//! What one client has chosen: ids, and nothing of the contexts themselves.

use std::collections::BTreeMap;

use super::SessionError;
use crate::ContextId;
use crate::sync::Mutex;

/// The active contexts of a client, and which of them is current.
///
/// Every method takes effect at one instant. No more ids take a place than the limit that
/// [`reserve`](View::reserve) is given, and what is [current](View::current) is active.
#[derive(Debug, Default)]
pub(super) struct View(Mutex<Chosen>);

#[derive(Debug, Default)]
struct Chosen {
    /// What takes a place: what is active, and what is about to be.
    places: BTreeMap<ContextId, Place>,
    /// What the client has made current: it is active, or was until it was found gone.
    current: Option<ContextId>,
    activations: u64,
    closed: bool,
}

#[derive(Debug, Default)]
struct Place {
    activation: Option<Activation>,
    /// How many activations are under way.
    pending: usize,
}

/// An activation, told from all others of the same client. So whoever has found a context gone can
/// forget the activation it knows of, and not one that was made since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Activation(u64);

/// What a client has made current.
#[derive(Debug)]
pub(super) enum Current {
    Unset,
    Active(ContextId, Activation),
    /// It was found gone, and the client has not turned to another since.
    Gone(ContextId),
}

impl View {
    pub(super) fn current(&self) -> Result<Current, SessionError> {
        let chosen = self.0.lock();
        chosen.check_open()?;
        Ok(match &chosen.current {
            None => Current::Unset,
            Some(id) => match chosen.activation(id) {
                Some(activation) => Current::Active(id.clone(), activation),
                None => Current::Gone(id.clone()),
            },
        })
    }

    /// Everything that is active, sorted.
    pub(super) fn active(&self) -> Vec<ContextId> {
        let chosen = self.0.lock();
        let active = chosen.places.iter();
        let active = active.filter(|(_, place)| place.activation.is_some());
        active.map(|(id, _)| id.clone()).collect()
    }

    /// The activation of a context that is active.
    pub(super) fn activation(&self, id: &ContextId) -> Option<Activation> {
        self.0.lock().activation(id)
    }

    /// Takes a place for a context that is about to be activated; it has it already if it is
    /// active.
    pub(super) fn reserve<'a>(
        &'a self,
        id: &'a ContextId,
        limit: Option<usize>,
    ) -> Result<Reservation<'a>, SessionError> {
        let mut chosen = self.0.lock();
        chosen.check_open()?;
        let taken = chosen.places.len();
        match (chosen.places.get_mut(id), limit) {
            (Some(place), _) => place.pending += 1,
            (None, Some(limit)) if taken >= limit => {
                return Err(SessionError::TooManyActive { limit });
            }
            (None, _) => {
                let place = Place {
                    activation: None,
                    pending: 1,
                };
                chosen.places.insert(id.clone(), place);
            }
        }
        Ok(Reservation { view: self, id })
    }

    /// Makes a context current that is active.
    pub(super) fn make_current(&self, id: &ContextId) -> Result<(), SessionError> {
        let mut chosen = self.0.lock();
        chosen.check_open()?;
        if chosen.activation(id).is_none() {
            return Err(SessionError::NotActive { id: id.clone() });
        }
        chosen.current = Some(id.clone());
        Ok(())
    }

    /// `false` if it was not active.
    pub(super) fn deactivate(&self, id: &ContextId) -> bool {
        let mut chosen = self.0.lock();
        if chosen.current.as_ref() == Some(id) {
            chosen.current = None;
        }
        chosen.end_activation(id)
    }

    /// Ends an activation whose context is gone, unless there is another since. What is current
    /// keeps its name, so that nothing that is meant for it ends up elsewhere.
    pub(super) fn forget(&self, id: &ContextId, activation: Option<Activation>) {
        let mut chosen = self.0.lock();
        if activation.is_some() && chosen.activation(id) == activation {
            chosen.end_activation(id);
        }
    }

    /// Ends everything, for good.
    pub(super) fn close(&self) {
        *self.0.lock() = Chosen {
            closed: true,
            ..Chosen::default()
        };
    }
}

impl Chosen {
    fn check_open(&self) -> Result<(), SessionError> {
        match self.closed {
            true => Err(SessionError::Closed),
            false => Ok(()),
        }
    }

    fn activation(&self, id: &ContextId) -> Option<Activation> {
        self.places.get(id)?.activation
    }

    fn end_activation(&mut self, id: &ContextId) -> bool {
        let Some(place) = self.places.get_mut(id) else {
            return false;
        };
        let was_active = place.activation.take().is_some();
        self.give_back(id);
        was_active
    }

    /// Gives the place back if nothing needs it any more.
    fn give_back(&mut self, id: &ContextId) {
        let place = self.places.get(id);
        if place.is_some_and(|place| place.activation.is_none() && place.pending == 0) {
            self.places.remove(id);
        }
    }
}

/// A place for a context that is about to be activated. Dropped, it is given back.
#[must_use = "a place is given back when the reservation is dropped"]
#[derive(Debug)]
pub(super) struct Reservation<'a> {
    view: &'a View,
    id: &'a ContextId,
}

impl Reservation<'_> {
    /// Makes the context active, and current as well if it is to be.
    ///
    /// If the client has been closed meanwhile, it is as if that had happened right after.
    pub(super) fn activate(self, as_current: bool) {
        let mut chosen = self.view.0.lock();
        let chosen = &mut *chosen;
        let Some(place) = chosen.places.get_mut(self.id) else {
            return;
        };
        chosen.activations += 1;
        place.activation = Some(Activation(chosen.activations));
        if as_current {
            chosen.current = Some(self.id.clone());
        }
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        let mut chosen = self.view.0.lock();
        // There are no places in a view that has been closed.
        if let Some(place) = chosen.places.get_mut(self.id) {
            place.pending -= 1;
            chosen.give_back(self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "test code")]

    use super::*;

    /// Between the moment somebody finds a context gone and the one when the session is told,
    /// another may have created and activated it.
    #[test]
    fn an_activation_outlives_the_discovery_of_an_older_loss() {
        let (view, id) = (View::default(), ContextId::new("a").unwrap());
        view.reserve(&id, Some(1)).unwrap().activate(true);
        let first = view.activation(&id);
        view.reserve(&id, Some(1)).unwrap().activate(false);
        let second = view.activation(&id);

        view.forget(&id, first);
        view.forget(&id, None);
        assert_eq!(view.activation(&id), second);
        view.forget(&id, second);
        assert_eq!(view.activation(&id), None);
        assert!(matches!(view.current(), Ok(Current::Gone(gone)) if gone == id));
    }

    #[test]
    fn an_activation_under_way_takes_a_place() {
        let view = View::default();
        let (a, b) = (ContextId::new("a").unwrap(), ContextId::new("b").unwrap());
        let full = |limit| SessionError::TooManyActive { limit };
        let place = view.reserve(&a, Some(1)).unwrap();
        assert_eq!(view.reserve(&b, Some(1)).err(), Some(full(1)));
        // Nor does what is not active end it.
        assert!(!view.deactivate(&a));
        view.forget(&a, None);
        assert_eq!(view.reserve(&b, Some(1)).err(), Some(full(1)));
        drop(place);
        view.reserve(&b, Some(1)).unwrap().activate(false);
        assert_eq!(view.active(), [b]);
    }

    #[test]
    fn what_ends_after_the_client_was_closed_changes_nothing() {
        let (view, id) = (View::default(), ContextId::new("a").unwrap());
        let (first, second) = (view.reserve(&id, None), view.reserve(&id, None));
        view.close();
        first.unwrap().activate(true);
        drop(second);
        assert_eq!(view.active(), []);
        assert!(matches!(view.current(), Err(SessionError::Closed)));
    }
}
