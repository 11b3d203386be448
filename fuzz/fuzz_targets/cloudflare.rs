//! Throws bytes at the readers of Cloudflare's replies.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| inputs::cloudflare::feed(data));
