//! The pages of `specs/` that name what holds us to something: it exists.
//!
//! On these pages a link leads to something that is there. One whose text is in code letters names
//! what is defined in the file (or in a file of the folder) it leads to: a test, a module, a
//! scenario, a planted fault, a key of a manifest. A section of `specs/patterns/async-locks.md` says
//! what holds us to it in a paragraph that starts with `Held by:`. Pages that are about the tests of
//! one folder name them in brackets, in code letters.

#![allow(clippy::unwrap_used, reason = "test code")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The pages, those that exist.
fn pages() -> Vec<PathBuf> {
    let specs = root().join("specs");
    let patterns = fs::read_dir(specs.join("patterns")).unwrap();
    let patterns = patterns.map(|file| file.unwrap().path());
    let mut pages: Vec<_> = patterns
        .filter(|path| path.extension().is_some_and(|it| it == "md"))
        .chain(["plugins.md", "architecture.md", "contract.md"].map(|page| specs.join(page)))
        .collect();
    pages.sort();
    assert!(pages.len() >= 5, "{pages:?}");
    pages
}

/// A page without the programs and diagrams in it.
fn prose(page: &Path) -> String {
    let text = fs::read_to_string(page).unwrap();
    let mut in_code = false;
    let lines = text.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        in_code ^= fence;
        !in_code && !fence
    });
    lines.flat_map(|line| [line, "\n"]).collect()
}

struct Link<'a> {
    text: &'a str,
    target: &'a str,
}

/// The links of a text, in order.
fn links(text: &str) -> Vec<Link<'_>> {
    let ends = text.match_indices("](");
    let links = ends.map(|(end, _)| {
        let start = text[..end].rfind('[').unwrap() + 1;
        let target = text[end + 2..].split(')').next().unwrap();
        Link {
            text: &text[start..end],
            target,
        }
    });
    links.collect()
}

impl Link<'_> {
    /// Why there is nothing where the link leads; `None` if there is, or it leads elsewhere.
    fn fault(&self, page: &Path) -> Option<String> {
        if self.target.contains("://") {
            return None;
        }
        let (file, anchor) = self.target.split_once('#').unwrap_or((self.target, ""));
        let path = match file {
            "" => page.to_owned(),
            file => page.parent()?.join(file),
        };
        if !path.exists() {
            return Some(format!("there is no {file}"));
        }
        if !anchor.is_empty() && !anchors(&path).contains(&anchor.to_owned()) {
            return Some(format!("no heading of {} is #{anchor}", path.display()));
        }
        let name = self.text.strip_prefix('`')?.strip_suffix('`')?;
        let names = name.split("`, `").flat_map(|part| part.split(", "));
        for name in names {
            if !is_file_name(name, &path) && !defines(&path, name) {
                return Some(format!("{} does not define {name}", path.display()));
            }
        }
        None
    }
}

/// Whether the text of a link is only the end of its path.
fn is_file_name(name: &str, path: &Path) -> bool {
    name.contains(['/', '.']) && path.canonicalize().unwrap().ends_with(name)
}

/// The anchors of the headings of a page, as GitHub makes them.
fn anchors(page: &Path) -> Vec<String> {
    let prose = prose(page);
    let headings = prose.lines().filter_map(|line| {
        let heading = line.trim_start_matches('#');
        (heading.len() < line.len()).then(|| heading.trim().to_lowercase())
    });
    let anchor = |heading: String| {
        let kept = |letter: &char| letter.is_alphanumeric() || " -_".contains(*letter);
        heading
            .chars()
            .filter(kept)
            .collect::<String>()
            .replace(' ', "-")
    };
    headings.map(anchor).collect()
}

/// Whether a file, or one in the folder, defines this: as an item of Rust, a test in the list of a
/// macro, a name of a scenario or fault, or a key of a manifest.
fn defines(path: &Path, name: &str) -> bool {
    if path.is_dir() {
        let mut files = fs::read_dir(path).unwrap();
        return files.any(|file| defines(&file.unwrap().path(), name));
    }
    let Ok(source) = fs::read_to_string(path) else {
        return false;
    };
    let mut code = source.lines().map(str::trim_start);
    code.any(|line| {
        let is_code = !line.starts_with("//") && (!line.starts_with('#') || line.starts_with("#["));
        is_code
            && line
                .match_indices(name)
                .any(|(at, _)| defined_at(line, at, name.len()))
    })
}

fn defined_at(line: &str, start: usize, length: usize) -> bool {
    const ITEMS: [&str; 7] = [
        "fn ", "mod ", "struct ", "enum ", "trait ", "const ", "type ",
    ];
    let (before, after) = (&line[..start], &line[start + length..]);
    if after.starts_with(|it: char| it.is_alphanumeric() || "_-".contains(it)) {
        return false;
    }
    let quoted = before.ends_with('"') && after.starts_with('"');
    let listed = before.is_empty() && [" =>", " = ", ":"].iter().any(|it| after.starts_with(it));
    quoted || listed || ITEMS.iter().any(|item| before.ends_with(item))
}

#[test]
fn what_the_pages_link_to_exists() {
    let mut faults = Vec::new();
    let mut named = 0;
    for page in pages() {
        let text = prose(&page);
        for link in links(&text) {
            named += usize::from(link.text.starts_with('`'));
            let fault = link.fault(&page);
            faults.extend(fault.map(|fault| format!("{}: {fault}", page.display())));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(named >= 50, "only {named} names were looked for");
}

/// Mermaid takes a semicolon for the end of a statement, and draws a bomb.
#[test]
fn diagrams_have_no_semicolons() {
    let mut diagrams = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for diagram in text.split("```mermaid\n").skip(1) {
            let diagram = diagram.split("```").next().unwrap();
            assert!(!diagram.contains(';'), "{}: {diagram}", page.display());
            diagrams += 1;
        }
    }
    assert!(diagrams >= 3, "{diagrams}");
}

/// The architecture has a line for each file of the engine, and for no other.
#[test]
fn every_file_of_the_engine_is_in_its_listing() {
    let page = fs::read_to_string(root().join("specs/architecture.md")).unwrap();
    let section = page.split("\n## Inside `engine`\n").nth(1).unwrap();
    let listing = section.split("```").nth(1).unwrap();
    let mut folder = "";
    let mut listed = BTreeSet::new();
    for line in listing.lines() {
        let mut words = line.split_whitespace();
        if !line.starts_with(' ') {
            let first = words.clone().next().unwrap_or_default();
            folder = if first.ends_with('/') { first } else { "" };
        }
        let files = words
            .by_ref()
            .take_while(|word| word.ends_with(".rs") || *word == folder);
        let files = files.filter(|word| word.ends_with(".rs"));
        listed.extend(files.map(|file| format!("{folder}{file}")));
    }
    let mut found = BTreeSet::new();
    let source = root().join("engine/src");
    sources(&source, &mut found);
    let found: BTreeSet<_> = found
        .iter()
        .map(|file| {
            file.strip_prefix(&source)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    let missing: Vec<_> = found.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&found).collect();
    assert!(
        missing.is_empty() && gone.is_empty(),
        "not listed: {missing:?}; gone: {gone:?}"
    );
}

fn sources(folder: &Path, found: &mut BTreeSet<PathBuf>) {
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            found.insert(path);
        }
    }
}

/// The names in brackets of a text: ``[`this`, `that`]``, but not the text of a link.
fn bracketed(text: &str) -> Vec<&str> {
    let brackets = text.split("[`").skip(1).filter_map(|rest| {
        let (inside, after) = rest.split_once(']')?;
        (!after.starts_with('(')).then_some(inside)
    });
    let names = brackets.flat_map(|inside| inside.split(','));
    names.map(|name| name.trim().trim_matches('`')).collect()
}

#[test]
fn tests_named_in_brackets_exist() {
    let pages = [
        ("contract.md", "strategies/tests/conformance", 40),
        ("plugins.md", "engine/tests/plugins", 20),
    ];
    for (page, folder, at_least) in pages {
        let text = prose(&root().join("specs").join(page));
        let names = bracketed(&text);
        let missing: Vec<_> = names
            .iter()
            .filter(|name| !defines(&root().join(folder), name))
            .collect();
        assert!(missing.is_empty(), "{page}: {folder} has no {missing:?}");
        assert!(names.len() >= at_least, "{page}: only {}", names.len());
    }
}

/// A practice that nothing holds us to is only a wish.
#[test]
fn every_practice_says_what_holds_us_to_it() {
    let page = root().join("specs/patterns/async-locks.md");
    let text = prose(&page);
    let practices: Vec<_> = text.split("\n## ").skip(1).collect();
    assert_eq!(practices.len(), 11);
    for practice in practices {
        let title = practice.lines().next().unwrap();
        let held = practice.split("\nHeld by:").nth(1);
        let held = links(held.unwrap_or_else(|| panic!("`{title}` is held by nothing")));
        let named = held.iter().filter(|link| link.text.starts_with('`'));
        assert!(
            named.count() >= 1,
            "`{title}` is held by nothing that has a name"
        );
    }
}

#[test]
fn a_name_that_is_not_defined_is_found() {
    let page = root().join("specs/patterns/page.md");
    let fault = |text, target| Link { text, target }.fault(&page);
    let here = "../../engine/tests/specs.rs";
    assert_eq!(fault("`a_name_that_is_not_defined_is_found`", here), None);
    assert_eq!(fault("`engine/tests/specs.rs`", here), None);
    assert_eq!(fault("any text", here), None);
    assert_eq!(fault("`unwrap_used`", "../../Cargo.toml"), None);
    assert_eq!(
        fault("`no_update_is_lost`", "../../engine/tests/contexts"),
        None
    );
    assert!(fault("`a_name_that_is_not`", here).is_some());
    assert!(fault("any text", "../../engine/tests/spec.rs").is_some());
    assert!(fault("any text", "../contract.md#no-such-heading").is_some());
    assert_eq!(
        fault("any text", "../contract.md#what-each-method-waits-for"),
        None
    );
}
