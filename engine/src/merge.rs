//! Merging what two sides made of one document.

use std::borrow::Cow;

use crate::document::{Document, DocumentError, Fields, escape_token, same_value};

/// What came of a [`merge`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "conflicts would go unseen"]
pub struct Merged {
    /// The changes of both sides; where they conflict, ours.
    pub document: Document,
    /// The places that both sides changed, and not in the same way, as JSON Pointers. Each leads
    /// to a value in at least one of the two sides.
    pub conflicts: Vec<String>,
}

/// Merges two documents, each of which was made from `base` (a three-way merge).
///
/// It goes field by field, and into objects. Every other value is a whole, arrays too. What one
/// side only has changed is as that side has it; what both have changed to equal values is so;
/// what they have changed to different values is a conflict, and as `ours` has it. To remove a
/// field is to change it, and to remove an object is to remove each of its fields: if the other
/// side has added one, the object stays with that one, and is a conflict itself.
///
/// Values are equal as JSON values, however they are written; numbers by what they are in decimal.
/// What is not merged keeps its text. Of two ways to write an equal value that of `ours` is
/// taken, unless it is as in `base`. An object that is merged has its keys written as a document
/// writes its own.
///
/// Fields are in the order of `theirs`, with what only `ours` has behind them. Where one side has
/// the same text as `base`, or as the other side, the order is that of the side that is taken.
///
/// # Laws
///
/// Equality is that of values here, without order.
///
/// * The same three documents always give the same result.
/// * A side that changed nothing adds nothing: `merge(base, x, base)` and `merge(base, base, x)`
///   are `x`, without conflicts.
/// * Without conflicts it does not matter which side is which.
/// * With the same base, it does not matter which of three is merged first:
///   `merge(base, merge(base, x, y), z)` is `merge(base, x, merge(base, y, z))`, conflicts or not,
///   as long as no field is an object in one of the four documents and another value in a second.
///   The reason is that each place then takes the first change among `x`, `y` and `z`, whatever
///   happens elsewhere.
///
/// The last law ends where an object meets another value: the value is kept or dropped as a whole,
/// and with it everything inside, so what is taken inside depends on what was merged before. With
/// the field `f` as `{"p":1}` in the base, `{"p":1,"q":2}` in `x`, `7` in `y` and `{"p":5}` in
/// `z`, the first order gives `{"p":5,"q":2}`; in the second `7` has won over `{"p":5}` before
/// it loses to `x`, which leaves `{"p":1,"q":2}`.
///
/// # Errors
///
/// [`DocumentError::TooLarge`] if the result would be beyond [`Document::MAX_BYTES`].
///
/// ```
/// use contexture::{Document, merge};
///
/// let base = Document::parse(r#"{"price": 1.10, "to": {"name": "ann", "zip": 1}, "paid": false}"#)?;
/// let ours = Document::parse(r#"{"price": 1.10, "to": {"name": "ann", "zip": 2}, "paid": true}"#)?;
/// let theirs = Document::parse(r#"{"price": 1.10, "to": {"name": "bob", "zip": 3}, "paid": false}"#)?;
/// let merged = merge(&base, &ours, &theirs)?;
/// assert_eq!(
///     merged.document.as_json(),
///     r#"{"price":1.10,"to":{"name":"bob","zip":2},"paid":true}"#
/// );
/// assert_eq!(merged.conflicts, ["/to/zip"]);
/// # Ok::<(), contexture::DocumentError>(())
/// ```
pub fn merge(base: &Document, ours: &Document, theirs: &Document) -> Result<Merged, DocumentError> {
    let mut merger = Merger::default();
    let sides = Sides { base, ours, theirs };
    let document = match sides.one_that_counts() {
        Some(document) => document.clone(),
        None => {
            let fields = sides.map(Fields::of_document);
            merger.fields(&fields)?.to_document()?
        }
    };
    Ok(Merged {
        document,
        conflicts: merger.conflicts,
    })
}

/// The same thing of the three documents.
#[derive(Clone, Copy)]
struct Sides<T> {
    base: T,
    ours: T,
    theirs: T,
}

impl<T> Sides<T> {
    fn map<U>(self, mut f: impl FnMut(T) -> U) -> Sides<U> {
        Sides {
            base: f(self.base),
            ours: f(self.ours),
            theirs: f(self.theirs),
        }
    }
}

impl<T: PartialEq + Copy> Sides<T> {
    /// What to take if only one side has changed it, or both in the same way.
    fn one_that_counts(self) -> Option<T> {
        if self.ours == self.base {
            return Some(self.theirs);
        }
        (self.theirs == self.base || self.theirs == self.ours).then_some(self.ours)
    }
}

/// A value as compact JSON, if it is there.
type Place<'a> = Option<&'a str>;

#[derive(Default)]
struct Merger {
    /// Where we are, as a JSON Pointer.
    pointer: String,
    conflicts: Vec<String>,
}

impl Merger {
    fn fields<'a>(&mut self, sides: &'a Sides<Fields<'_>>) -> Result<Fields<'a>, DocumentError> {
        let Sides { base, ours, theirs } = sides;
        let mut merged = Fields::default();
        let added = ours
            .parts()
            .filter(|part| theirs.get_escaped(part.key, part.tag).is_none());
        for part in theirs.parts().chain(added) {
            let outer = self.pointer.len();
            self.pointer.push('/');
            self.pointer.push_str(&escape_token(&part.unescaped_key()));
            let places =
                Sides { base, ours, theirs }.map(|fields| fields.get_escaped(part.key, part.tag));
            if let Some(value) = self.place(places)? {
                merged.set_escaped(Cow::Borrowed(part.key), part.tag, value);
            }
            self.pointer.truncate(outer);
        }
        Ok(merged)
    }

    fn place<'a>(
        &mut self,
        sides: Sides<Place<'a>>,
    ) -> Result<Option<Cow<'a, str>>, DocumentError> {
        // Texts before values: a side that only wrote a value in another way has done something,
        // which counts as long as the other has not.
        if let Some(place) = sides.one_that_counts() {
            return Ok(place.map(Cow::Borrowed));
        }
        let Sides { base, ours, theirs } = sides;
        if is_object_or_nothing(ours) && is_object_or_nothing(theirs) {
            if is_object_or_nothing(base) {
                return self.object(sides);
            }
            if ours.is_some() && theirs.is_some() {
                // Both have put an object there instead of something else.
                return self.object(Sides {
                    base: None,
                    ..sides
                });
            }
        }
        let taken = sides.map(Same).one_that_counts().unwrap_or_else(|| {
            self.conflicts.push(self.pointer.clone());
            Same(ours)
        });
        Ok(taken.0.map(Cow::Borrowed))
    }

    /// Merges what is an object wherever it is something.
    fn object<'a>(
        &mut self,
        sides: Sides<Place<'a>>,
    ) -> Result<Option<Cow<'a, str>>, DocumentError> {
        let conflicts = self.conflicts.len();
        let Sides { base, ours, theirs } =
            sides.map(|place| Fields::of_object(place.unwrap_or("{}")));
        let fields = Sides {
            base: base?,
            ours: ours?,
            theirs: theirs?,
        };
        let merged = self.fields(&fields)?;

        // Whether the object itself is there is one more thing that both can have changed.
        let taken = sides.map(Same).one_that_counts();
        if taken.is_none() && sides.ours.is_some() != sides.theirs.is_some() {
            self.conflicts.truncate(conflicts);
            self.conflicts.push(self.pointer.clone());
        }
        let there = taken.map_or(sides.ours, |taken| taken.0).is_some();
        let has_fields = merged.parts().next().is_some();
        Ok((there || has_fields).then(|| Cow::Owned(merged.to_json())))
    }
}

/// A place that is equal to one with an equal value.
#[derive(Clone, Copy)]
struct Same<'a>(Place<'a>);

impl PartialEq for Same<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self.0, other.0) {
            (Some(value), Some(other)) => same_value(value, other),
            (None, None) => true,
            _ => false,
        }
    }
}

fn is_object_or_nothing(place: Place<'_>) -> bool {
    place.is_none_or(|value| value.starts_with('{'))
}
