//! Throws bytes at the reader of `.env` files.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| inputs::env::feed(data));
