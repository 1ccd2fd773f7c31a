//! Where the slot of a key is.

use std::ptr::{self, NonNull};

use super::reclaim::Pin;
use super::slot::Slot;
use crate::faults::{fault, ordering};
use crate::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use crate::sync::{Life, line_load};

/// Bytes of a word of tags.
const TAGS: usize = size_of::<usize>();
/// Entries of a line: one byte of the word tells that entries of this line are elsewhere.
const ENTRIES: usize = TAGS - 1;
/// The byte of [`Line::tags`] that counts those.
const PASSED: usize = ENTRIES;
/// As many as can be counted; then it stays.
const MANY: usize = 0xff;

/// A cache line of the index, where pointers have eight bytes.
///
/// A tag is made of seven bits of a key's hash, and never 0. An entry whose tag is 0 is empty,
/// whatever its pointer says. A key is in the line that its hash names, or, if that was full, in the
/// next one that was not; each line counts the keys that passed it by, so that a look-up knows when
/// to stop. Nothing is ever moved within an index.
#[repr(align(64))]
pub(crate) struct Line<K, V> {
    tags: AtomicUsize,
    slots: [AtomicPtr<Slot<K, V>>; ENTRIES],
    life: Life,
}

impl<K, V> Default for Line<K, V> {
    fn default() -> Self {
        Self {
            tags: AtomicUsize::new(0),
            slots: Default::default(),
            life: Life::default(),
        }
    }
}

/// Lines, a power of two of them: a pointer to the first, with the exponent in the bits that are 0 in
/// a pointer to a line.
pub(crate) struct Lines<K, V>(*mut Line<K, V>);

impl<K, V> Clone for Lines<K, V> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K, V> Copy for Lines<K, V> {}

impl<K, V> Lines<K, V> {
    const EXPONENT: usize = align_of::<Line<K, V>>() - 1;

    fn new(exponent: usize) -> Self {
        let lines: Box<[Line<K, V>]> = (0..1 << exponent).map(|_| Line::default()).collect();
        let first = Box::into_raw(lines).cast::<Line<K, V>>();
        Self(first.map_addr(|address| address | exponent))
    }

    #[inline]
    fn exponent(self) -> usize {
        self.0.addr() & Self::EXPONENT
    }

    #[inline]
    fn mask(self) -> usize {
        (1 << self.exponent()) - 1
    }

    fn as_slice(self) -> *mut [Line<K, V>] {
        let first = self.0.map_addr(|address| address & !Self::EXPONENT);
        ptr::slice_from_raw_parts_mut(first, self.mask() + 1)
    }

    /// # Safety
    ///
    /// The lines must not have been freed.
    #[inline]
    unsafe fn line<'a>(self, at: usize) -> &'a Line<K, V> {
        debug_assert!(at <= self.mask());
        let first = self.0.map_addr(|address| address & !Self::EXPONENT);
        // SAFETY: there are as many as the exponent says, and they are there, by the caller.
        unsafe { &*first.add(at) }
    }

    /// The life of all lines.
    ///
    /// # Safety
    ///
    /// The lines must not have been freed.
    pub(crate) unsafe fn life<'a>(self) -> &'a Life
    where
        K: 'a,
        V: 'a,
    {
        // SAFETY: by the caller.
        unsafe { &self.line(0).life }
    }

    /// Frees the lines, but not the slots.
    ///
    /// # Safety
    ///
    /// Nobody may use them any more, and they must not have been freed.
    pub(crate) unsafe fn free(self) {
        // SAFETY: they came out of a box in `new`, by the caller only once.
        drop(unsafe { Box::from_raw(self.as_slice()) });
    }
}

/// Bytes of `word` that are 0, as the highest bit of each.
#[inline]
const fn zero_bytes(word: usize) -> usize {
    const LOW: usize = usize::from_ne_bytes([0x7f; TAGS]);
    !(((word & LOW) + LOW) | word | LOW)
}

/// The word in which every entry has this tag.
#[inline]
const fn repeated(tag: u8) -> usize {
    usize::from_ne_bytes([tag; TAGS])
}

/// The highest bits of the entries' bytes.
const OF_ENTRIES: usize = repeated(0x80) >> 8;

#[inline]
fn tag(hash: u64) -> u8 {
    (hash >> 57) as u8 | 0x80
}

/// The entry of a line where a key is looked for first, and put if nobody else is there.
#[inline]
const fn favourite(hash: u64) -> usize {
    ((hash >> 49 & 0xff) as usize * ENTRIES) >> 8
}

/// Reads and writes one byte of a word.
const fn byte(word: usize, at: usize) -> usize {
    word >> (8 * at) & 0xff
}

const fn with_byte(word: usize, at: usize, value: usize) -> usize {
    word & !(0xff << (8 * at)) | value << (8 * at)
}

impl<K, V> Line<K, V> {
    /// The entries whose byte is this tag, one bit each.
    #[inline]
    fn matches(tags: usize, tag: u8) -> usize {
        zero_bytes(tags ^ repeated(tag)) & OF_ENTRIES
    }

    /// Tags, for whoever changes them alone.
    fn tags(&self) -> usize {
        // Relaxed: nobody else changes them.
        self.tags.load(Ordering::Relaxed)
    }

    fn set_tags(&self, tags: usize) {
        // Release: partner of the Acquire in `Index::find`.
        self.tags.store(tags, ordering!(Release));
    }
}

/// The slots of a shard, by key. It does not own them.
pub(crate) struct Index<K, V> {
    lines: AtomicPtr<Line<K, V>>,
}

impl<K, V> Default for Index<K, V> {
    fn default() -> Self {
        Self {
            lines: AtomicPtr::new(Lines::new(0).0),
        }
    }
}

impl<K, V> Drop for Index<K, V> {
    fn drop(&mut self) {
        // SAFETY: nobody else has the index, and lines that were replaced are no longer in it.
        unsafe { self.lines().free() };
    }
}

// SAFETY: it is shared as a map from keys to slots would be; who may follow its pointers is the
// matter of each method.
unsafe impl<K: Send + Sync, V: Send + Sync> Send for Index<K, V> {}
// SAFETY: as above.
unsafe impl<K: Send + Sync, V: Send + Sync> Sync for Index<K, V> {}

/// Looking.
impl<K, V> Index<K, V> {
    #[inline]
    fn lines(&self) -> Lines<K, V> {
        // Acquire: partner of the Release in `replace`.
        Lines(self.lines.load(ordering!(Acquire)))
    }

    /// The slot of a key, for as long as the thread is pinned. One that is no longer there when this
    /// returns may still be found; its slot is empty then.
    #[inline]
    pub(crate) fn find<'a>(&self, hash: u64, key: &K, _pin: &'a Pin) -> Option<&'a Slot<K, V>>
    where
        K: Eq,
    {
        let lines = self.lines();
        let favourite = favourite(hash);
        let mut at = hash as usize & lines.mask();
        for _ in 0..=lines.mask() {
            // SAFETY: lines are retired when they have been replaced, and not freed while the thread
            // is pinned.
            let line = unsafe { lines.line(at) };
            line.life.used();
            // Acquire: partner of the Release in `set_tags`.
            let tags = line.tags.load(ordering!(Acquire));
            let is_of = |entry: usize| {
                // Acquire: partner of the Release in `insert`. It may be newer than its tag.
                let order = ordering!(Acquire);
                let slot = line.slots[entry].load(order);
                // SAFETY: an entry with a tag has a slot, which is retired when it has been taken
                // out, and not freed while the thread is pinned.
                let slot = unsafe { &*slot };
                slot.life.used();
                (slot.hash == hash && slot.key == *key).then_some(slot)
            };
            // Where the pointer is does not depend on the tags then, but only whether it is used: the
            // processor need not wait for them.
            if byte(tags, favourite) == usize::from(tag(hash))
                && let Some(slot) = is_of(favourite)
            {
                return Some(slot);
            }
            let mut matches = Line::<K, V>::matches(tags, tag(hash));
            while matches != 0 {
                let entry = matches.trailing_zeros() as usize / 8;
                if let Some(slot) = is_of(entry) {
                    return Some(slot);
                }
                matches &= matches - 1;
            }
            if byte(tags, PASSED) == 0 {
                return None;
            }
            at = (at + 1) & lines.mask();
        }
        None
    }

    /// Every slot, for as long as the thread is pinned, and about how many there are at most.
    pub(crate) fn iter<'a>(
        &self,
        _pin: &'a Pin,
    ) -> (usize, impl Iterator<Item = &'a Slot<K, V>> + 'a)
    where
        K: 'a,
        V: 'a,
    {
        let lines = self.lines();
        let at_most = (lines.mask() + 1) * line_load(ENTRIES);
        let slots = (0..=lines.mask()).flat_map(move |at| {
            // SAFETY: as in `find`.
            let line = unsafe { lines.line(at) };
            line.life.used();
            // Acquire: as in `find`.
            let tags = line.tags.load(ordering!(Acquire));
            let entries = (0..ENTRIES).filter(move |entry| byte(tags, *entry) != 0);
            entries.map(move |entry| {
                // Acquire: as in `find`.
                let slot = line.slots[entry].load(ordering!(Acquire));
                // SAFETY: as in `find`.
                let slot = unsafe { &*slot };
                slot.life.used();
                slot
            })
        });
        (at_most, slots)
    }
}

/// Whoever has the index alone.
impl<K, V> Index<K, V> {
    /// Every slot.
    pub(crate) fn slots(&self) -> impl Iterator<Item = NonNull<Slot<K, V>>> {
        let lines = self.lines();
        (0..=lines.mask()).flat_map(move |at| {
            // SAFETY: nobody else replaces them.
            let line = unsafe { lines.line(at) };
            let tags = line.tags();
            let entries = (0..ENTRIES).filter(move |entry| byte(tags, *entry) != 0);
            // Relaxed: nobody else changes it.
            entries.filter_map(|entry| NonNull::new(line.slots[entry].load(Ordering::Relaxed)))
        })
    }
}

/// Changing, by whoever has the lock of the shard.
impl<K, V> Index<K, V> {
    /// Adds a slot, whose key must not be there. Room for it must have been
    /// [made](Self::make_room).
    pub(crate) fn insert(&self, slot: NonNull<Slot<K, V>>) {
        // SAFETY: it is to be added, so it is there.
        let hash = unsafe { slot.as_ref() }.hash;
        let lines = self.lines();
        let mut at = hash as usize & lines.mask();
        loop {
            // SAFETY: who has the lock of the shard alone replaces them.
            let line = unsafe { lines.line(at) };
            let tags = line.tags();
            let empty = zero_bytes(tags) & OF_ENTRIES;
            if empty != 0 {
                let entry = match favourite(hash) {
                    favourite if byte(empty, favourite) != 0 => favourite,
                    _ => empty.trailing_zeros() as usize / 8,
                };
                // Release: partner of the Acquire in `find`, for who still has the tag of another slot.
                // No model fails without it: explorers take the light fence that the caller has passed
                // for a full one.
                let order = ordering!(Release);
                line.slots[entry].store(slot.as_ptr(), order);
                line.set_tags(with_byte(tags, entry, usize::from(tag(hash))));
                return;
            }
            let passed = (byte(tags, PASSED) + 1).min(MANY);
            line.set_tags(with_byte(tags, PASSED, passed));
            at = (at + 1) & lines.mask();
        }
    }

    /// Takes a slot out, which must be there. It is the caller's then, to be retired.
    pub(crate) fn remove(&self, slot: NonNull<Slot<K, V>>) {
        // SAFETY: it is there.
        let hash = unsafe { slot.as_ref() }.hash;
        let lines = self.lines();
        let home = hash as usize & lines.mask();
        let mut at = home;
        loop {
            // SAFETY: as in `insert`.
            let line = unsafe { lines.line(at) };
            let tags = line.tags();
            let found = (0..ENTRIES).find(|entry| {
                // Relaxed: nobody else changes it.
                byte(tags, *entry) != 0
                    && line.slots[*entry].load(Ordering::Relaxed) == slot.as_ptr()
            });
            if let Some(entry) = found {
                line.set_tags(with_byte(tags, entry, 0));
                break;
            }
            at = (at + 1) & lines.mask();
        }
        while at != home {
            at = at.wrapping_sub(1) & lines.mask();
            // SAFETY: as in `insert`.
            let line = unsafe { lines.line(at) };
            let tags = line.tags();
            if byte(tags, PASSED) < MANY {
                line.set_tags(with_byte(tags, PASSED, byte(tags, PASSED) - 1));
            }
        }
    }

    /// Sees to it that there is room for so many slots, of which so many are there, and that not most
    /// of it is unused. What is returned is to be retired.
    #[must_use]
    pub(crate) fn make_room(&self, there: usize, wanted: usize) -> Option<Lines<K, V>> {
        let lines = self.lines();
        let fitting = |slots: usize| slots.div_ceil(line_load(ENTRIES)).next_power_of_two();
        let have = lines.mask() + 1;
        let grows = fitting(wanted.max(there)) > have;
        // By a factor of eight, lest a store at the edge goes back and forth.
        let shrinks = wanted <= there && have >= 8 * fitting(2 * wanted);
        if !grows && !shrinks {
            return None;
        }
        let fitting = fitting(if grows { wanted } else { 2 * wanted });
        let new = Self {
            lines: AtomicPtr::new(Lines::new(fitting.trailing_zeros() as usize).0),
        };
        for at in 0..have {
            // SAFETY: as in `insert`.
            let line = unsafe { lines.line(at) };
            let tags = line.tags();
            for entry in (0..ENTRIES).filter(|entry| byte(tags, *entry) != 0) {
                // Relaxed: nobody else changes it.
                let slot = line.slots[entry].load(Ordering::Relaxed);
                if let Some(slot) = NonNull::new(slot) {
                    new.insert(slot);
                }
            }
        }
        if fault!("index-shrinks-to-nothing") {
            // Readers miss what the index held.
            self.replace(Self::default());
            return Some(lines);
        }
        self.replace(new);
        Some(lines)
    }

    fn replace(&self, new: Self) {
        // Release: partner of the Acquire in `lines`.
        let order = ordering!(Release);
        self.lines.store(new.lines().0, order);
        std::mem::forget(new);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_zero_bytes_are_found() {
        for at in 0..TAGS {
            for value in 0..=0xff {
                for rest in [0x80_u8, 0x81, 0xff, 0x01, 0x7f] {
                    let word = with_byte(repeated(rest), at, value);
                    assert_eq!(byte(word, at), value);
                    let expected = if value == 0 { 0x80 << (8 * at) } else { 0 };
                    assert_eq!(zero_bytes(word), expected, "{word:x}");
                }
            }
        }
        assert_eq!(zero_bytes(0), repeated(0x80));
        assert_eq!(OF_ENTRIES.count_ones() as usize, ENTRIES);
    }
}
