//! Throws bytes at the packer of folders.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| inputs::bundle::feed(data));
