//! From the instant a write is committed to when everyone has been told.

use std::sync::Arc;

use contexture_strategies::{self as strategies, StrategyKind};

use super::{Contexts, Inner};
use crate::feed::Log;
use crate::observe::{self, Outcome};
use crate::plugins::{AnyError, Failure, Set};
use crate::recovery::RecoveryError;
use crate::state::State;
use crate::{
    BatchError, ChangeKind, Commit, CompareAndSetError, ContextChange, ContextId, CreateError,
    DeleteError, Operation, RollbackError, TransformError, UpdateError,
};

/// What a store shows the hook of a write.
type Committed<'a> = strategies::Commit<'a, ContextId, State>;

/// One write on its way: tells the feed and the observers, if it is committed.
///
/// The feed is shown the commit when this is dropped, so that not even a panic behind the commit
/// can make it wait forever.
pub(super) struct Write<'a, S: StrategyKind> {
    inner: &'a Inner<S>,
    actor: Option<&'a Arc<str>>,
    expires: bool,
    observers: Set,
    commit: Option<Arc<Commit>>,
}

impl<S: StrategyKind> Contexts<S> {
    /// A write in the name of this handle.
    pub(super) fn begin(&self) -> Write<'_, S> {
        Write {
            inner: &self.inner,
            actor: self.actor.as_ref(),
            expires: false,
            observers: self.inner.plugins.observers(),
            commit: None,
        }
    }

    /// Does the work of an operation: metrics, spans and, of a failure, observers hear of it.
    pub(super) async fn operation<T, E>(
        &self,
        operation: Operation,
        id: Option<&ContextId>,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E>
    where
        E: Outcome + Tell,
    {
        let result = observe::operation(operation, S::NAME, id, work).await;
        if let Err(error) = &result
            && self.inner.plugins.observing()
        {
            error.tell(&|error| {
                self.inner.plugins.observers().failed(&Failure {
                    operation,
                    id,
                    actor: self.actor(),
                    time: self.inner.settings.clock.now(),
                    error,
                });
            });
        }
        result
    }
}

/// An error that observers can be told of.
pub(super) trait Tell {
    fn tell(&self, observers: &dyn Fn(&AnyError));
}

macro_rules! tell {
    ($($error:ty),*) => {$(
        impl Tell for $error {
            fn tell(&self, observers: &dyn Fn(&AnyError)) {
                observers(self);
            }
        }
    )*};
}

tell!(
    CreateError,
    CompareAndSetError,
    DeleteError,
    BatchError,
    RecoveryError,
    RollbackError,
    TransformError
);

/// What the closure refused with may be of any type.
impl<E> Tell for UpdateError<E> {
    fn tell(&self, observers: &dyn Fn(&AnyError)) {
        observers(&self.erased());
    }
}

impl<S: StrategyKind> Inner<S> {
    /// The removal of what has expired.
    pub(super) fn begin_expiry(&self) -> Write<'_, S> {
        Write {
            inner: self,
            actor: None,
            expires: true,
            observers: self.plugins.observers(),
            commit: None,
        }
    }
}

impl<S: StrategyKind> Write<'_, S> {
    /// The hook to give to the store.
    pub(super) fn hook(&mut self) -> impl FnOnce(&mut [Committed<'_>]) + Send {
        |commits| {
            let observed = !self.observers.is_empty();
            self.commit = commit(self.inner, self.actor, self.expires, observed, commits);
        }
    }
}

/// Settles what is written, and makes a commit of it if anybody wants to hear of it.
fn commit<S: StrategyKind>(
    inner: &Inner<S>,
    actor: Option<&Arc<str>>,
    expires: bool,
    observed: bool,
    commits: &mut [Committed<'_>],
) -> Option<Arc<Commit>> {
    let settings = &inner.settings;
    let now = settings.clock.now();
    for commit in &mut *commits {
        let before = commit.before();
        if let Some(state) = commit.value_mut() {
            state.settle(before, now, settings.lifetime, settings.history);
            if state.expires.is_some() {
                inner.mark_expiring();
            }
        }
    }
    if inner.log.is_none() && !observed {
        return None;
    }
    let mut changes = Vec::with_capacity(commits.len());
    // Last of all that could fail: who has a revision must publish it.
    let revision = inner.log.as_deref().map(Log::append);
    for commit in commits {
        // Before anyone has another handle of it.
        if let Some(state) = commit.value_mut() {
            state.revision = revision;
        }
        changes.push(change(commit, expires));
    }
    Some(Arc::new(Commit {
        revision,
        time: now,
        actor: actor.cloned(),
        changes,
    }))
}

fn change(commit: &Committed<'_>, expires: bool) -> ContextChange {
    let (before, after) = (commit.before().cloned(), commit.after().cloned());
    ContextChange {
        kind: match (&before, &after) {
            (None, _) => ChangeKind::Created,
            (Some(_), Some(_)) => ChangeKind::Updated,
            (Some(_), None) if expires => ChangeKind::Expired,
            (Some(_), None) => ChangeKind::Deleted,
        },
        id: commit.key().clone(),
        before,
        after,
    }
}

impl<S: StrategyKind> Drop for Write<'_, S> {
    fn drop(&mut self) {
        let Some(commit) = self.commit.take() else {
            return;
        };
        publish(self.inner.log.as_deref(), &commit);
        self.observers.committed(&commit);
    }
}

fn publish(log: Option<&Log>, commit: &Arc<Commit>) {
    if let (Some(log), Some(revision)) = (log, commit.revision) {
        log.publish(revision, Arc::clone(commit));
    }
}
