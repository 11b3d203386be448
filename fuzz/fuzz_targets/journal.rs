//! Throws bytes at the reader of journals.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| inputs::journal::feed(data));
