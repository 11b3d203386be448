//! Throws bytes at the readers of Coolify's replies.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| inputs::coolify::feed(data));
