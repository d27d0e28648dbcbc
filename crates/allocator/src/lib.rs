//! The memory allocator of the command `mocktrial`, which names this crate and is done.
//!
//! Suites and episodes are many small values that come and go: the system's allocator spent a quarter of a run's time on
//! them. It stands in a crate of its own because every crate's allocations go through it, so that it must be optimised,
//! while the command around it is compiled quickly.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
