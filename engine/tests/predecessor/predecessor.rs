//! A model of the predecessor, for the checks to fail on.
//!
//! It does what was measured of the predecessor: looks first and writes later without another
//! look, writes whole copies, takes versions from the caller, saves outside of the lock, counts
//! time in whole seconds. Where the predecessor needed bad luck to go wrong, the model lets the
//! other tasks go first ([`gap`]): on a runtime of one thread it goes wrong every time.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use contexture::Document;
use tokio::sync::RwLock;
use tokio::task::yield_now;

use crate::subject::{Client, Held, Refusal, Subject};

/// Between a look and the write that trusts it.
async fn gap() {
    yield_now().await;
}

#[derive(Debug, Clone)]
pub(crate) struct Predecessor {
    manager: Arc<Manager>,
    pub(crate) disk: Disk,
    folder: PathBuf,
}

#[derive(Debug)]
struct Manager {
    contexts: RwLock<HashMap<String, Held>>,
    max_contexts: usize,
    refusing: bool,
    points: Mutex<Points>,
    saves: AtomicUsize,
}

/// All files of the machine. A file that is cut off and not yet written again is empty.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk(Arc<Mutex<BTreeMap<PathBuf, String>>>);

impl Disk {
    fn write(&self, path: &Path, text: &str) {
        let mut files = self.0.lock().unwrap();
        files.insert(path.to_owned(), text.to_owned());
    }

    fn read(&self, path: &Path) -> Option<String> {
        self.0.lock().unwrap().get(path).cloned()
    }

    fn remove(&self, path: &Path) {
        self.0.lock().unwrap().remove(path);
    }
}

/// Recovery points, under the second they were made in.
#[derive(Debug, Default)]
struct Points {
    listed: Vec<(u64, String)>,
    data: HashMap<u64, HashMap<String, Held>>,
}

/// The time of all tests: one second.
const NOW: u64 = 1_711_843_200;

const MAX_POINTS: usize = 10;

impl Predecessor {
    fn in_folder(disk: Disk, folder: &str, max_contexts: usize, refusing: bool) -> Self {
        let manager = Manager {
            contexts: RwLock::default(),
            max_contexts,
            refusing,
            points: Mutex::default(),
            saves: AtomicUsize::new(0),
        };
        Self {
            manager: Arc::new(manager),
            disk,
            folder: folder.into(),
        }
    }

    /// Two stores, in two folders of one disk.
    pub(crate) fn neighbours() -> [Self; 2] {
        let disk = Disk::default();
        ["/data/a", "/data/b"]
            .map(|folder| Self::in_folder(disk.clone(), folder, usize::MAX, false))
    }

    /// A store over the same files. It loads nothing of them.
    pub(crate) fn restarted(&self) -> Self {
        let folder = self.folder.to_str().unwrap();
        let max_contexts = self.manager.max_contexts;
        Self::in_folder(self.disk.clone(), folder, max_contexts, false)
    }

    /// The file of an id, which is taken for a path.
    fn path(&self, id: &str) -> PathBuf {
        let mut path = PathBuf::new();
        for part in self.folder.join(format!("{id}.json")).components() {
            match part {
                Component::ParentDir => {
                    path.pop();
                }
                part => path.push(part),
            }
        }
        path
    }

    /// Reads one context from its file: always that of the key 1.
    pub(crate) fn load(&self, _: &str) -> Option<Document> {
        Document::parse(&self.disk.read(&self.path("1"))?).ok()
    }

    /// What the file of this id holds.
    pub(crate) fn stored(&self, id: &str) -> Option<String> {
        self.disk.read(&self.path(id))
    }

    /// Takes what is in a file for what was written.
    pub(crate) fn parse(file: &[u8]) -> Option<Document> {
        Document::parse(str::from_utf8(file).ok()?).ok()
    }

    /// Writes over the file, outside of any lock. Every other one takes its time.
    async fn save(&self, state: &Held) -> Result<(), Refusal> {
        if self.manager.refusing && state.document.get("bad").is_some() {
            return Err(Refusal::Invalid);
        }
        let number = self.manager.saves.fetch_add(1, Ordering::Relaxed);
        if number % 2 == 1 {
            gap().await;
            gap().await;
        }
        let path = self.path(&state.id);
        self.disk.write(&path, "");
        gap().await;
        self.disk.write(&path, state.document.as_json());
        Ok(())
    }

    /// Writes a state, with the version that the caller thinks it has.
    async fn update_state(&self, state: Held) -> Result<(), Refusal> {
        if !self.manager.contexts.read().await.contains_key(&state.id) {
            return Err(Refusal::NotFound);
        }
        gap().await;
        self.insert(state).await
    }

    /// Into memory first, then to the disk: who cannot save has changed memory.
    async fn insert(&self, state: Held) -> Result<(), Refusal> {
        {
            let mut contexts = self.manager.contexts.write().await;
            contexts.insert(state.id.clone(), state.clone());
        }
        self.save(&state).await
    }

    pub(crate) async fn make_point(&self, name: &str) {
        let states = self.manager.contexts.read().await.clone();
        let mut points = self.manager.points.lock().unwrap();
        points.data.insert(NOW, states);
        points.listed.push((NOW, name.to_owned()));
        // Newest first, and of those within a second the oldest.
        points.listed.sort_by_key(|(time, _)| u64::MAX - time);
        points.listed.truncate(MAX_POINTS);
    }

    pub(crate) fn points(&self) -> Vec<String> {
        let points = self.manager.points.lock().unwrap();
        points.listed.iter().map(|(_, name)| name.clone()).collect()
    }

    pub(crate) async fn restore(&self, name: &str) {
        let states = {
            let points = self.manager.points.lock().unwrap();
            let (time, _) = points.listed.iter().find(|(_, it)| it == name).unwrap();
            points.data[time].clone()
        };
        *self.manager.contexts.write().await = states;
    }
}

impl Subject for Predecessor {
    type Client = Tracker;

    fn with_limit(contexts: usize) -> Self {
        Self::in_folder(Disk::default(), "/data/a", contexts, false)
    }

    fn refusing() -> Self {
        Self::in_folder(Disk::default(), "/data/a", usize::MAX, true)
    }

    async fn create(&self, id: &str, document: Document) -> Result<(), Refusal> {
        {
            let contexts = self.manager.contexts.read().await;
            if contexts.contains_key(id) {
                return Err(Refusal::Exists);
            }
            if contexts.len() >= self.manager.max_contexts {
                return Err(Refusal::Full);
            }
        }
        gap().await;
        let state = Held {
            id: id.to_owned(),
            version: 1,
            document,
        };
        self.insert(state).await
    }

    async fn update(
        &self,
        id: &str,
        f: impl FnOnce(&Document) -> Document + Send,
    ) -> Result<(), Refusal> {
        let mut state = self.get(id).await.ok_or(Refusal::NotFound)?;
        state.document = f(&state.document);
        state.version += 1;
        self.update_state(state).await
    }

    async fn write_back(&self, held: &Held) -> Result<(), Refusal> {
        self.update_state(held.clone()).await
    }

    async fn delete(&self, id: &str) -> Result<(), Refusal> {
        if !self.manager.contexts.read().await.contains_key(id) {
            return Err(Refusal::NotFound);
        }
        gap().await;
        self.manager.contexts.write().await.remove(id);
        self.disk.remove(&self.path(id));
        Ok(())
    }

    async fn get(&self, id: &str) -> Option<Held> {
        self.manager.contexts.read().await.get(id).cloned()
    }

    async fn list(&self) -> Vec<String> {
        // What is stored was never looked for.
        Vec::new()
    }

    fn client(&self, _: &str) -> Tracker {
        Tracker {
            store: self.clone(),
            tracked: Mutex::default(),
        }
    }
}

/// A client's view: one document, whatever is current.
#[derive(Debug)]
pub(crate) struct Tracker {
    store: Predecessor,
    tracked: Mutex<Tracked>,
}

#[derive(Debug, Default)]
struct Tracked {
    active: BTreeSet<String>,
    current: Option<String>,
    data: Option<Document>,
}

impl Client for Tracker {
    async fn activate(&self, id: &str) {
        let held = self.store.get(id).await.unwrap();
        let mut tracked = self.tracked.lock().unwrap();
        tracked.active.insert(id.to_owned());
        tracked.current = Some(id.to_owned());
        tracked.data.get_or_insert(held.document);
    }

    async fn switch(&self, id: &str) {
        assert!(self.tracked.lock().unwrap().active.contains(id));
    }

    async fn current(&self) -> Option<String> {
        self.tracked.lock().unwrap().current.clone()
    }

    async fn set(&self, key: &str, value: u64) {
        let (id, document) = {
            let mut tracked = self.tracked.lock().unwrap();
            let data = tracked.data.as_ref().unwrap().with(key, &value).unwrap();
            tracked.data = Some(data.clone());
            (tracked.current.clone().unwrap(), data)
        };
        self.store.update(&id, |_| document).await.unwrap();
    }

    async fn shown(&self) -> Document {
        self.tracked.lock().unwrap().data.clone().unwrap()
    }
}
