//! The one integration-test binary.

mod promise;
mod tidy;
