//! The limit of open files, which 1000 connections need raised on many machines.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the soft limit of open files to the hard one.
///
/// A refusal is no error here: whoever then runs out of descriptors says so better.
pub(crate) fn raise_open_files() {
    let now = getrlimit(Resource::Nofile);
    if now.current != now.maximum {
        let _refused = setrlimit(Resource::Nofile, Rlimit { current: now.maximum, maximum: now.maximum });
    }
}
