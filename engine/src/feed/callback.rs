//! Commits for who would rather be called than ask.

use std::any::Any;
use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::task::Poll;
use std::thread::{self, JoinHandle};

use thiserror::Error;

use super::{Event, Subscription};
use crate::sync::{Mutex, unpark_this};

/// Callbacks. They run one at a time, in order, and hold no lock: they may do anything with the
/// contexts, and no writer waits for them.
impl Subscription {
    /// Calls `f` with every event until the end, on the task that awaits this.
    ///
    /// Use it when there is a task for it, which can be spawned, aborted and watched over by the
    /// runtime. A callback that blocks belongs into [`spawn`](Subscription::spawn).
    ///
    /// # Panics
    ///
    /// If `f` does. Its event counts as passed, and the subscription can be used further.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: every event that was passed, `f` was called with.
    ///
    /// ```
    /// # use contexture::feed::Filter;
    /// # use contexture::{ContextId, Contexts, Document};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let contexts: Contexts = Contexts::builder().feed(1_000).build();
    /// let mut subscription = contexts.subscribe(Filter::new())?;
    /// let counting = tokio::spawn(async move {
    ///     let mut commits = 0;
    ///     subscription.for_each(|event| commits += event.iter().count()).await;
    ///     commits
    /// });
    /// contexts.create(ContextId::new("a")?, Document::new()).await?;
    /// drop(contexts);
    /// assert_eq!(counting.await?, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn for_each(&mut self, mut f: impl FnMut(Event)) {
        while let Some(event) = self.next().await {
            f(event);
        }
    }

    /// Calls `f` with every event until the end, on a thread of its own, until it is
    /// [stopped](Watching::stop).
    ///
    /// Use it without a runtime, or for a callback that blocks: on files, a network, other locks.
    /// A thread for each subscription is little for a handful of them; for hundreds use tasks.
    ///
    /// `f` should not own a handle of the contexts if it is to end with them.
    ///
    /// # Errors
    ///
    /// If the system has no thread left; then the subscription is gone.
    ///
    /// ```
    /// use std::sync::mpsc;
    ///
    /// # use contexture::feed::Filter;
    /// # use contexture::{ContextId, Contexts, Document};
    /// let contexts: Contexts = Contexts::builder().feed(1_000).build();
    /// let (sender, commits) = mpsc::channel();
    /// let subscription = contexts.subscribe(Filter::new())?;
    /// let watching = subscription.spawn(move |event| sender.send(event).unwrap())?;
    ///
    /// contexts.create_sync(ContextId::new("a")?, Document::new())?;
    /// assert_eq!(commits.recv()??.changes()[0].id().as_str(), "a");
    /// watching.stop()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn spawn(mut self, mut f: impl FnMut(Event) + Send + 'static) -> io::Result<Watching> {
        let stopped = Arc::new(Mutex::new(false));
        let asked = Arc::clone(&stopped);
        let call = move || {
            let waker = unpark_this();
            while !*asked.lock() {
                match self.poll(Some(&waker)) {
                    Poll::Ready(Some(event)) => f(event),
                    Poll::Ready(None) => break,
                    Poll::Pending => thread::park(),
                }
            }
        };
        let thread = thread::Builder::new().name("contexture-feed".to_owned());
        Ok(Watching {
            stopped,
            thread: Some(thread.spawn(call)?),
        })
    }
}

/// A thread that calls a callback; made by [`Subscription::spawn`].
///
/// Dropping it does as [`stop`](Watching::stop) does, but for the error. So it blocks while the
/// callback is running: neither drop it where the callback waits for what comes next, nor on a
/// thread that serves a runtime, if the callback takes its time.
#[derive(Debug)]
#[must_use = "dropping it stops the callback"]
pub struct Watching {
    stopped: Arc<Mutex<bool>>,
    /// `None` once it was joined.
    thread: Option<JoinHandle<()>>,
}

impl Watching {
    /// Stops: the callback is not called again, and if it is running, this waits for it to return.
    /// When this returns, the callback and what it owned are gone.
    ///
    /// From inside the callback this does not wait, of course.
    ///
    /// # Errors
    ///
    /// If the callback panicked, now or before.
    pub fn stop(mut self) -> Result<(), CallbackPanicked> {
        self.ask();
        self.wait()
    }

    /// Waits for the end, which comes with that of the contexts, or with a panic of the callback.
    ///
    /// From inside the callback, which cannot wait for its own end, this is [`stop`](Watching::stop).
    ///
    /// # Errors
    ///
    /// If the callback panicked.
    pub fn join(mut self) -> Result<(), CallbackPanicked> {
        self.wait()
    }

    /// Whether it has ended: with the contexts, or with a panic of the callback.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    fn ask(&self) {
        *self.stopped.lock() = true;
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }

    fn wait(&mut self) -> Result<(), CallbackPanicked> {
        match self.thread.take() {
            Some(thread) if thread.thread().id() != thread::current().id() => {
                thread.join().map_err(CallbackPanicked::new)
            }
            _ => Ok(()),
        }
    }
}

// A panic of the callback is a value here, and nothing else is shared with it.
impl UnwindSafe for Watching {}
impl RefUnwindSafe for Watching {}

impl Drop for Watching {
    fn drop(&mut self) {
        self.ask();
        // Who wants to know asks `stop`; the panic has been reported by its hook in any case.
        let _panicked = self.wait();
    }
}

/// The callback of a subscription panicked, which ended it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the callback of a subscription panicked: {message}")]
#[non_exhaustive]
pub struct CallbackPanicked {
    /// What it said.
    pub message: String,
}

impl CallbackPanicked {
    fn new(panic: Box<dyn Any + Send>) -> Self {
        let message = match panic.downcast::<String>() {
            Ok(text) => *text,
            Err(panic) => match panic.downcast_ref::<&str>() {
                Some(text) => (*text).to_owned(),
                None => "with a value that is no text".to_owned(),
            },
        };
        Self { message }
    }
}
