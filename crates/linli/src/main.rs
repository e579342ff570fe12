//! The `linli` command: one binary for serving, operating and computing.

use std::process::ExitCode;

use clap::Parser;

/// A request allocates some hundred small things on several threads: with the system's allocator they were a seventh of
/// its time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What a shell reports of a command whose reader went away (128 + SIGPIPE).
const READER_GONE: i32 = 141;

fn main() -> ExitCode {
    #[cfg(unix)]
    frugal();
    end_quietly_without_reader();
    linli::Cli::parse().run()
}

/// What the allocators are told: ours, and the system's, which the database engine uses. With many small things on several
/// threads most of a huge page (2 MB) stays empty; what is freed is kept for a second; and each of the engine's threads
/// keeps an arena of its own. A server with the whole demo district held 240 MB instead of 166 after a look at its
/// pages, and answered no sooner.
#[cfg(unix)]
const ALLOCATOR_SETTINGS: [(&str, &str); 3] =
    [("MIMALLOC_ALLOW_THP", "0"), ("MIMALLOC_PURGE_DELAY", "0"), ("MALLOC_ARENA_MAX", "1")];

/// They read their settings before `main`, so the command begins once more with them. Whoever has set one keeps it.
#[cfg(unix)]
fn frugal() {
    use std::{env, os::unix::process::CommandExt as _, process::Command};
    let missing = ALLOCATOR_SETTINGS.iter().filter(|(name, _)| env::var_os(name).is_none());
    let missing: Vec<_> = missing.copied().collect();
    let (Ok(program), false) = (env::current_exe(), missing.is_empty()) else { return };
    // Comes back only where it could not; it runs as it is then.
    let _ = Command::new(program).args(env::args_os().skip(1)).envs(missing).exec();
}

/// `linli … | head` is no fault: what `println!` says when nobody reads any more ends the command without a word. The signal
/// itself stays ignored, or a client that hangs up would end a server.
fn end_quietly_without_reader() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if panic.payload_as_str().is_some_and(|what| what.starts_with("failed printing to stdout")) {
            std::process::exit(READER_GONE);
        }
        usual(panic);
    }));
}
