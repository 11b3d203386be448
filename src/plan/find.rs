//! Finding a known resource again.

use machine::receipt::ResourceState;

use crate::providers::{Provider, ReadError, RemoteObject};

/// The resource of `receipt` as it is now; `None` when it is proved to be gone.
///
/// A record that was dropped and recreated has another id and the ownership tag it had.
///
/// # Errors
/// [`ReadError`].
pub(crate) async fn find(
    provider: &dyn Provider,
    receipt: &ResourceState,
) -> Result<Option<RemoteObject>, ReadError> {
    if let Some(object) = provider.get(&receipt.id).await? {
        return Ok(Some(object));
    }
    let marked = match &receipt.tag {
        Some(tag) => provider.find_by_tag(tag).await?,
        None => Vec::new(),
    };
    if marked.is_empty() {
        // Absence counts only beside a control read.
        provider.check_access().await?;
    }
    Ok(marked.into_iter().next())
}

/// Whether `object` is the resource of `known`.
pub(crate) fn is_it(known: &ResourceState, object: &RemoteObject) -> bool {
    known.id == object.id || (known.tag.is_some() && known.tag == object.tag)
}
