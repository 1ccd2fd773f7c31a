//! Which plugins there are, and how they are run.

use std::any::Any;
use std::fmt;
use std::mem;
use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind};
use std::sync::Arc;

use contexture_strategies::Reentrant;

use super::{
    DuplicatePlugin, Failure, Observer, PluginPanic, Proposal, Reason, Refused, Transformation,
    Validator,
};
use crate::sync::{Flag, Mutex};
use crate::{Commit, ContextRef, Draft};

/// The plugins of a [`Contexts`](crate::Contexts), which
/// [`plugins`](crate::Contexts::plugins) hands out; see [the module](crate::plugins).
///
/// Registering, removing and asking take a lock for as long as it takes to copy the list. No
/// plugin is run, or dropped, under it.
pub struct Plugins {
    registered: Mutex<Arc<[Arc<Registered>]>>,
    /// Whether there are validators. Written under the lock, so that it is about the newest list.
    /// It only says whether the list is worth taking, and the list comes with a lock of its own.
    validating: Flag,
    /// Whether there are observers; the same applies.
    observing: Flag,
    panics: Arc<Mutex<Panics>>,
    /// Whether calls from plugins are refused wherever these run, since they would have to await.
    awaits: bool,
}

#[derive(Debug, Default)]
struct Panics {
    count: u64,
    last: Option<PluginPanic>,
}

impl Plugins {
    /// None yet.
    pub(crate) fn new(awaits: bool) -> Self {
        Self {
            registered: Mutex::new(Arc::new([])),
            validating: Flag::default(),
            observing: Flag::default(),
            panics: Arc::default(),
            awaits,
        }
    }

    /// Registers a validator. Writes that begin from now on have to pass it; what is there is not
    /// looked at.
    ///
    /// # Errors
    ///
    /// [`DuplicatePlugin`] if there is a plugin of any kind with this name.
    ///
    /// ```
    /// # use contexture::{Contexts, plugins::Proposal};
    /// let contexts: Contexts = Contexts::new();
    /// let accept = |_: &Proposal<'_>| Ok(());
    /// contexts.plugins().add_validator("accept", accept)?;
    /// assert!(contexts.plugins().add_validator("accept", accept).is_err());
    /// # Ok::<(), contexture::plugins::DuplicatePlugin>(())
    /// ```
    pub fn add_validator(
        &self,
        name: impl Into<String>,
        validator: impl Validator,
    ) -> Result<(), DuplicatePlugin> {
        self.add(name.into(), Plugin::Validator(Box::new(validator)))
    }

    /// Registers a transformation for [`Contexts::transform`](crate::Contexts::transform).
    ///
    /// # Errors
    ///
    /// [`DuplicatePlugin`] if there is a plugin of any kind with this name.
    ///
    /// ```
    /// # use contexture::{ContextRef, Contexts};
    /// let contexts: Contexts = Contexts::new();
    /// contexts.plugins().add_transformation("close", |context: ContextRef<'_>| {
    ///     match context.get("open") {
    ///         Some(_) => Ok(context.without("open").into()),
    ///         None => Err("it is not open".into()),
    ///     }
    /// })?;
    /// # Ok::<(), contexture::plugins::DuplicatePlugin>(())
    /// ```
    pub fn add_transformation(
        &self,
        name: impl Into<String>,
        transformation: impl Transformation,
    ) -> Result<(), DuplicatePlugin> {
        let transformation = Box::new(transformation);
        self.add(name.into(), Plugin::Transformation(transformation))
    }

    /// Registers an observer, which is told of all writes that begin from now on.
    ///
    /// # Errors
    ///
    /// [`DuplicatePlugin`] if there is a plugin of any kind with this name.
    ///
    /// ```
    /// # use contexture::{Contexts, plugins::Audit};
    /// let contexts: Contexts = Contexts::new();
    /// contexts.plugins().add_observer("audit", Audit::new(std::io::stderr()))?;
    /// # Ok::<(), contexture::plugins::DuplicatePlugin>(())
    /// ```
    pub fn add_observer(
        &self,
        name: impl Into<String>,
        observer: impl Observer,
    ) -> Result<(), DuplicatePlugin> {
        self.add(name.into(), Plugin::Observer(Box::new(observer)))
    }

    /// Removes a plugin; `false` if there is none with this name. Writes that have begun may still
    /// call it, and the last of them drops it.
    ///
    /// ```
    /// # use contexture::{Contexts, plugins::Audit};
    /// let contexts: Contexts = Contexts::new();
    /// contexts.plugins().add_observer("audit", Audit::new(std::io::stderr()))?;
    /// assert!(contexts.plugins().remove("audit"));
    /// assert!(!contexts.plugins().remove("audit"));
    /// # Ok::<(), contexture::plugins::DuplicatePlugin>(())
    /// ```
    pub fn remove(&self, name: &str) -> bool {
        let mut registered = self.registered.lock();
        let kept = registered.iter().filter(|it| it.name != name);
        let kept = kept.cloned().collect();
        let replaced = self.replace(&mut registered, kept);
        let removed = replaced.len() > registered.len();
        drop(registered);
        // The plugin may go with it, which is a user's code: without the lock.
        drop(replaced);
        removed
    }

    /// The names of all plugins, in the order they were registered in.
    ///
    /// ```
    /// # use contexture::{Contexts, plugins::Audit};
    /// let contexts: Contexts = Contexts::new();
    /// contexts.plugins().add_observer("audit", Audit::new(std::io::stderr()))?;
    /// assert_eq!(contexts.plugins().names(), ["audit"]);
    /// # Ok::<(), contexture::plugins::DuplicatePlugin>(())
    /// ```
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let registered = self.list();
        registered.iter().map(|it| it.name.clone()).collect()
    }

    /// How often a plugin has panicked, be it while it was dropped.
    #[must_use]
    pub fn panics(&self) -> u64 {
        self.panics.lock().count
    }

    /// The newest of these panics.
    #[must_use]
    pub fn last_panic(&self) -> Option<PluginPanic> {
        self.panics.lock().last.clone()
    }

    fn add(&self, name: String, plugin: Plugin) -> Result<(), DuplicatePlugin> {
        // Made first: if it is refused, it is dropped when this function ends, without the lock.
        let plugin = Arc::new(Registered {
            name,
            plugin,
            panics: Arc::clone(&self.panics),
            awaits: self.awaits,
        });
        let mut registered = self.registered.lock();
        if registered.iter().any(|it| it.name == plugin.name) {
            return Err(DuplicatePlugin {
                name: plugin.name.clone(),
            });
        }
        let all = registered.iter().chain([&plugin]).cloned().collect();
        // What it replaces lives on in it: nothing is dropped here.
        self.replace(&mut registered, all);
        Ok(())
    }

    /// Puts another list in place of this one, and returns this one.
    fn replace(
        &self,
        registered: &mut Arc<[Arc<Registered>]>,
        list: Arc<[Arc<Registered>]>,
    ) -> Arc<[Arc<Registered>]> {
        let has = |kind: fn(&Plugin) -> bool| list.iter().any(|it| kind(&it.plugin));
        let validating = has(|plugin| matches!(plugin, Plugin::Validator(_)));
        let observing = has(|plugin| matches!(plugin, Plugin::Observer(_)));
        self.validating.set(validating);
        self.observing.set(observing);
        mem::replace(registered, list)
    }

    fn list(&self) -> Arc<[Arc<Registered>]> {
        Arc::clone(&self.registered.lock())
    }

    /// Whether any observer is registered.
    pub(crate) fn observing(&self) -> bool {
        self.observing.is_set()
    }

    /// The validators for a write that begins now.
    pub(crate) fn validators(&self) -> Set {
        Set(self.validating.is_set().then(|| self.list()))
    }

    /// The observers for a write that begins, or fails, now.
    pub(crate) fn observers(&self) -> Set {
        Set(self.observing().then(|| self.list()))
    }

    /// The transformation with this name.
    pub(crate) fn transformation(&self, name: &str) -> Option<Arc<Registered>> {
        let registered = self.list();
        let mut registered = registered.iter();
        let found = registered.find(|it| it.name == name)?;
        matches!(found.plugin, Plugin::Transformation(_)).then(|| Arc::clone(found))
    }
}

impl fmt::Debug for Plugins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugins")
            .field("names", &self.names())
            .field("panics", &self.panics())
            .finish_non_exhaustive()
    }
}

/// The plugins that one write works with, whatever is registered or removed meanwhile. `None`:
/// there are none of the kind that was asked for.
#[derive(Clone)]
pub(crate) struct Set(Option<Arc<[Arc<Registered>]>>);

impl Set {
    /// Whether there are none.
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    fn iter(&self) -> impl Iterator<Item = &Registered> {
        let plugins = self.0.iter().flat_map(|plugins| plugins.iter());
        plugins.map(|plugin| &**plugin)
    }

    /// Asks each validator.
    pub(crate) fn validate(&self, proposal: &Proposal<'_>) -> Result<(), Refused> {
        for plugin in self.iter() {
            if let Plugin::Validator(validator) = &plugin.plugin {
                let validated = plugin.run(|| validator.validate(proposal));
                plugin.verdict(validated, proposal.id)?;
            }
        }
        Ok(())
    }

    /// Tells each observer of a commit.
    pub(crate) fn committed(&self, commit: &Commit) {
        for plugin in self.iter() {
            if let Plugin::Observer(observer) = &plugin.plugin {
                // A panic is counted, and is all that can be done about it.
                let _ = plugin.run(|| observer.committed(commit));
            }
        }
    }

    /// Tells each observer of a write that failed.
    pub(crate) fn failed(&self, failure: &Failure<'_>) {
        for plugin in self.iter() {
            if let Plugin::Observer(observer) = &plugin.plugin {
                let _ = plugin.run(|| observer.failed(failure));
            }
        }
    }
}

/// A plugin with its name.
pub(crate) struct Registered {
    name: String,
    plugin: Plugin,
    panics: Arc<Mutex<Panics>>,
    awaits: bool,
}

enum Plugin {
    Validator(Box<dyn Validator>),
    Transformation(Box<dyn Transformation>),
    Observer(Box<dyn Observer>),
    /// Dropped before its name is.
    Gone,
}

// No panic of a plugin gets out of `run`, and this crate has nothing to do with what it leaves.
impl UnwindSafe for Registered {}
impl RefUnwindSafe for Registered {}

impl Registered {
    /// What this transformation makes of a context.
    pub(crate) fn transform(&self, context: ContextRef<'_>) -> Result<Draft, Refused> {
        let transformed = match &self.plugin {
            Plugin::Transformation(it) => self.run(|| it.transform(context)),
            _ => Ok(Err("it is no transformation".into())),
        };
        self.verdict(transformed, context.id())
    }

    /// Runs the plugin's code: what panics gives back the message.
    ///
    /// No panic may pass: behind it are a commit that has happened and other plugins that are to
    /// hear of it. To assert unwind safety is right, since this crate looks at nothing that the
    /// plugin may have left half-done: a write that it was asked about is refused, and what it
    /// was shown it could not change. Its own state is the plugin's to mind, as it is behind a
    /// poisoned lock.
    fn run<R>(&self, code: impl FnOnce() -> R) -> Result<R, String> {
        let run = AssertUnwindSafe(|| match self.awaits {
            true => Reentrant::within(code),
            false => code(),
        });
        catch_unwind(run).map_err(|panic| {
            let message = message_of(panic);
            let last = PluginPanic {
                plugin: self.name.clone(),
                message: message.clone(),
            };
            let mut panics = self.panics.lock();
            panics.count += 1;
            panics.last = Some(last);
            message
        })
    }

    fn verdict<R>(
        &self,
        outcome: Result<Result<R, Reason>, String>,
        id: &crate::ContextId,
    ) -> Result<R, Refused> {
        let reason = match outcome {
            Ok(Ok(accepted)) => return Ok(accepted),
            Ok(Err(reason)) => reason.into(),
            Err(message) => format!("panicked: {message}"),
        };
        Err(Refused {
            id: id.clone(),
            plugin: self.name.clone(),
            reason,
        })
    }
}

/// Whoever has the last handle drops the plugin: often a writer, which must not meet its panic.
impl Drop for Registered {
    fn drop(&mut self) {
        let plugin = mem::replace(&mut self.plugin, Plugin::Gone);
        let _ = self.run(|| drop(plugin));
    }
}

/// What a panic says.
fn message_of(panic: Box<dyn Any + Send>) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let message = text.unwrap_or("no text").to_owned();
    // What was panicked with may panic when it is dropped, and so may that in turn.
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        mem::forget(panic);
    }
    message
}
