//! Throws bytes at the reader of compose texts.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| inputs::compose::feed(data));
