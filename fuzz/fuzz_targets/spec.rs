//! Throws bytes at the spec reader.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| inputs::spec::feed(data));
