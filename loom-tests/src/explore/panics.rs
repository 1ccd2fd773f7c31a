//! Panics that scenarios expect and catch.

use std::panic::PanicHookInfo;

/// Keeps quiet about panics that scenarios expect: in strategies that await, reads from inside a
/// closure. All others are reported as before.
///
/// For the start of a test binary.
pub fn hide_expected() {
    // shuttle has a hook of its own, which it sets when it first runs: it must be there before
    // this one, or it would tell how to repeat what was expected.
    #[cfg(contexture_shuttle)]
    shuttle::check_random(|| {}, 1);

    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !is_expected(panic) {
            report(panic);
        }
    }));
}

fn is_expected(panic: &PanicHookInfo<'_>) -> bool {
    let payload = panic.payload();
    let message = payload.downcast_ref::<String>().map(String::as_str);
    let message = message.or_else(|| payload.downcast_ref::<&str>().copied());
    message.is_some_and(|message| message.contains("called from inside a closure"))
}
