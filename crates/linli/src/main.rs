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
    small_pages();
    end_quietly_without_reader();
    linli::Cli::parse().run()
}

/// The allocator asks for huge pages (2 MB each); with many small things on several threads most of each stays empty,
/// and a server that holds 33 MB would keep 90.
fn small_pages() {
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
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
