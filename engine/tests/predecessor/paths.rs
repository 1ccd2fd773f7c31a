//! Ids are text. Whatever they look like, no file is read, written or deleted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use contexture::{Contexts, StrategyKind};

use crate::{Kept, ensure, holding, id, over_everything, together};

/// Ids that are paths: upwards, from the root, of a file that is there, and not normal.
fn paths(foreign: &Path) -> Vec<String> {
    let foreign = foreign.to_str().unwrap();
    let own = [
        "x",
        "../x",
        "../../x",
        "./x",
        "a/../x",
        "a//x",
        "a/x",
        "a/./x",
        "/x",
        "/etc/passwd",
        "..",
        ".",
        "/",
        "~/x",
        "x.json",
        "../x.json",
        "C:\\x",
        "..\\x",
        "%2e%2e/x",
        "con",
        "x\u{2028}",
    ];
    own.into_iter()
        .chain([foreign])
        .map(str::to_owned)
        .collect()
}

/// All are contexts of their own, made, read, changed and deleted side by side.
async fn all_are_contexts<S: StrategyKind>(foreign: &Path) -> Kept {
    let contexts = Contexts::<S>::new();
    let ids = paths(foreign);
    let made = together(ids.len(), |number| {
        let (contexts, id) = (contexts.clone(), id(&ids[number]));
        async move {
            contexts
                .create(id.clone(), holding("of", number))
                .await
                .unwrap();
            contexts
                .update(&id, |context| context.with("n", &number).unwrap())
                .await
                .unwrap();
        }
    });
    made.await;
    ensure!(contexts.len().await == ids.len(), "some are the same");
    for (number, text) in ids.iter().enumerate() {
        let context = contexts.delete(&id(text), None).await.unwrap();
        let expected = holding("of", number).with("n", &number).unwrap();
        ensure!(*context.document() == expected, "{text} holds {context:?}");
        let left = contexts.len().await;
        ensure!(left == ids.len() - number - 1, "{text} took others with it");
    }
    Ok(())
}

/// All files below a folder, with what they hold.
fn files(folder: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
            found.insert(path, None);
        } else {
            let held = fs::read(&path).unwrap();
            found.insert(path, Some(held));
        }
    }
    found
}

/// In a process of its own, since a process has one working directory for all its threads.
#[test]
fn ids_like_paths_touch_no_file() {
    const FOREIGN: &str = "CONTEXTURE_TEST_FOREIGN_FILE";
    if let Some(foreign) = env::var_os(FOREIGN) {
        // Few times: whether a file is touched is no matter of luck.
        over_everything!(3, |S| async {
            let foreign = env::var_os(FOREIGN).unwrap();
            all_are_contexts::<S>(Path::new(&foreign)).await
        });
        assert!(Path::new(&foreign).is_file());
        return;
    }
    let folder = env::temp_dir().join(format!("contexture-paths-{}", std::process::id()));
    let inner = folder.join("outer/inner");
    fs::create_dir_all(&inner).unwrap();
    let foreign = folder.join("outer/x");
    for name in ["x", "x.json"] {
        for folder in [&folder, &folder.join("outer")] {
            fs::write(folder.join(name), "foreign").unwrap();
        }
    }
    let before = files(&folder);

    let mut child = Command::new(env::current_exe().unwrap());
    child.args(["--exact", "paths::ids_like_paths_touch_no_file"]);
    let output = child.env(FOREIGN, &foreign).current_dir(&inner).output();
    let output = output.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{said}");

    assert_eq!(files(&folder), before);
    fs::remove_dir_all(&folder).unwrap();
}

/// So nothing blocks on a disk, and nothing is half written: what is kept goes through the
/// `Write` and `Read` of the program's choice.
#[test]
fn the_engine_uses_no_files() {
    const NEVER: [&str; 8] = [
        "std::fs",
        "fs::",
        "File::",
        "OpenOptions",
        "std::path",
        "PathBuf",
        "std::net",
        "std::process",
    ];
    let mut lines = 0;
    for source in ["src", "../strategies/src"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(source);
        for (path, held) in files(&folder) {
            let Some(held) = held else { continue };
            let text = String::from_utf8(held).unwrap();
            for (number, line) in text.lines().enumerate() {
                // Examples show how a program writes a file.
                let code = line.split("//").next().unwrap();
                let found = NEVER.iter().find(|never| code.contains(**never));
                assert_eq!(found, None, "{}:{}", path.display(), number + 1);
                lines += 1;
            }
        }
    }
    assert!(lines > 5_000, "only {lines} lines were found");
}
