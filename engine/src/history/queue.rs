//! A queue that never changes: adding to it makes another one that shares what was there.

use std::sync::Arc;

/// A first-in, first-out queue whose clones share their elements.
///
/// Two linked lists: what is added goes before the first of `newer`, what is taken comes from
/// `older`, which is `newer` turned around once it has run out. So both cost O(1), amortised over
/// a line of versions of which each is made of the one before.
pub(super) struct Queue<T> {
    /// The newest first.
    newer: List<T>,
    /// The oldest first; all of them older than those of `newer`.
    older: List<T>,
}

impl<T> Queue<T> {
    pub(super) const fn new() -> Self {
        Self {
            newer: List::new(),
            older: List::new(),
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.newer.len + self.older.len
    }

    /// Adds an element behind all others.
    pub(super) fn push(&mut self, element: T) {
        self.newer.push(Arc::new(element));
    }

    /// Takes the oldest element out.
    pub(super) fn pop(&mut self) {
        if self.older.head.is_none() {
            for element in self.newer.iter() {
                self.older.push(Arc::clone(element));
            }
            self.newer = List::new();
        }
        self.older.pop();
    }

    /// All elements, from the oldest to the newest.
    pub(super) fn oldest_first(&self) -> Vec<&T> {
        let mut elements: Vec<&T> = Vec::with_capacity(self.len());
        elements.extend(self.newer.iter().map(|element| &**element));
        elements.reverse();
        elements.splice(..0, self.older.iter().map(|element| &**element));
        elements
    }
}

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Self {
        Self {
            newer: self.newer.clone(),
            older: self.older.clone(),
        }
    }
}

struct List<T> {
    head: Option<Arc<Node<T>>>,
    len: usize,
}

struct Node<T> {
    element: Arc<T>,
    next: Option<Arc<Node<T>>>,
}

impl<T> List<T> {
    const fn new() -> Self {
        Self { head: None, len: 0 }
    }

    fn push(&mut self, element: Arc<T>) {
        let next = self.head.take();
        self.head = Some(Arc::new(Node { element, next }));
        self.len += 1;
    }

    fn pop(&mut self) {
        if let Some(head) = &self.head {
            let next = head.next.clone();
            let len = self.len - 1;
            // The former list is dropped here, and with it the first node if no other list has it.
            *self = Self { head: next, len };
        }
    }

    fn iter(&self) -> impl Iterator<Item = &Arc<T>> {
        let mut next = self.head.as_deref();
        std::iter::from_fn(move || {
            let node = next?;
            next = node.next.as_deref();
            Some(&node.element)
        })
    }
}

impl<T> Clone for List<T> {
    fn clone(&self) -> Self {
        Self {
            head: self.head.clone(),
            len: self.len,
        }
    }
}

/// One node after the other: if each dropped the next, a long list would overflow the stack.
///
/// `into_inner` gives the node to exactly one of those who drop the last handles of it at the same
/// time. With `try_unwrap` all of them may come away empty-handed, and then the last of the handles
/// drops everything behind the node the recursive way.
impl<T> Drop for List<T> {
    fn drop(&mut self) {
        let mut head = self.head.take();
        while let Some(mut node) = head.and_then(Arc::into_inner) {
            head = node.next.take();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::atomic::Ordering::SeqCst;
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    #[test]
    fn it_does_what_a_deque_does_and_clones_stay_what_they_were() {
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        let mut queue = Queue::new();
        let mut model = VecDeque::new();
        let mut kept = Vec::new();
        for n in 0..3_000 {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            if random >> 61 < 3 {
                queue.pop();
                model.pop_front();
            } else {
                queue.push(n);
                model.push_back(n);
            }
            assert_eq!(queue.len(), model.len());
            if n % 100 == 0 {
                kept.push((queue.clone(), model.clone()));
            }
        }
        kept.push((queue, model));
        for (queue, model) in kept {
            assert!(queue.oldest_first().into_iter().eq(&model));
        }
    }

    /// Both threads let go of the first node within nanoseconds of each other, again and again.
    #[test]
    #[expect(clippy::disallowed_types, reason = "no store is tested, but a race")]
    fn two_that_drop_a_long_queue_at_once_do_not_overflow_the_stack() {
        const ROUNDS: usize = 400;
        const LEN: usize = 1_500;
        let arrived = std::sync::atomic::AtomicUsize::new(0);
        let drop_all = |queues: mpsc::Receiver<Queue<usize>>| {
            for (round, queue) in queues.iter().enumerate() {
                arrived.fetch_add(1, SeqCst);
                while arrived.load(SeqCst) < 2 * (round + 1) {
                    std::hint::spin_loop();
                }
                drop(queue);
            }
        };
        thread::scope(|threads| {
            let senders = [(); 2].map(|()| {
                let (sender, queues) = mpsc::sync_channel(1);
                let thread = thread::Builder::new().stack_size(64 * 1024);
                let drop_all = || drop_all(queues);
                thread.spawn_scoped(threads, drop_all).expect("a thread");
                sender
            });
            for _ in 0..ROUNDS {
                let mut queue = Queue::new();
                (0..LEN).for_each(|n| queue.push(n));
                for sender in &senders {
                    sender.send(queue.clone()).expect("a receiver");
                }
            }
        });
    }
}
