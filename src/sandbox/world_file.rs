//! A world on disk: one JSON file, one lock file beside it.
//!
//! Each step is lock, read if another process wrote, change, write beside, rename, unlock. Nothing is synced:
//! a simulated Coolify and Cloudflare may be lost with the power.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::SandboxError;
use super::world::World;

/// Where a world is kept.
pub(crate) struct WorldFile {
    dir: PathBuf,
    /// What the file looked like when it was last read or written here.
    seen: Mutex<Option<Stamp>>,
}

/// Tells one version of the file from another: every write makes a new file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    length: u64,
    changed: (i64, i64),
}

impl WorldFile {
    /// The shelf in `dir`, made for the owner alone if it is not there.
    pub(crate) fn at(dir: &Path) -> Result<Self, SandboxError> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
        made.and_then(|()| fs::set_permissions(dir, Permissions::from_mode(0o700))).map_err(unusable(dir))?;
        Ok(Self { dir: dir.to_owned(), seen: Mutex::new(None) })
    }

    /// The world that is there, or the one made by `make` if none is.
    pub(crate) fn first(&self, make: impl FnOnce() -> World) -> Result<World, SandboxError> {
        let _lock = self.lock()?;
        if let Some(world) = self.read()? {
            return Ok(world);
        }
        let world = make();
        self.write(&world)?;
        Ok(world)
    }

    /// Puts `world` in the place of whatever is there.
    pub(crate) fn replace(&self, world: &World) -> Result<(), SandboxError> {
        let _lock = self.lock()?;
        self.write(world)
    }

    /// Brings `world` up to date.
    pub(crate) fn refresh(&self, world: &mut World) -> Result<(), SandboxError> {
        let _lock = self.lock()?;
        self.refresh_locked(world)
    }

    /// Brings `world` up to date, changes it and keeps it, as one step.
    pub(crate) fn change<T>(
        &self,
        world: &mut World,
        change: impl FnOnce(&mut World) -> T,
    ) -> Result<T, SandboxError> {
        let _lock = self.lock()?;
        self.refresh_locked(world)?;
        let result = change(world);
        if let Err(error) = self.write(world) {
            // What was not kept has not happened: the next step reads the file again.
            self.see(None);
            return Err(error);
        }
        Ok(result)
    }

    fn refresh_locked(&self, world: &mut World) -> Result<(), SandboxError> {
        let stamp = fs::metadata(self.file()).ok().map(|it| Stamp::of(&it));
        let seen = *self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if (stamp.is_none() || stamp != seen)
            && let Some(read) = self.read()?
        {
            *world = read;
        }
        Ok(())
    }

    fn read(&self) -> Result<Option<World>, SandboxError> {
        let path = self.file();
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(unusable(&path))?,
        };
        let world = serde_json::from_slice(&bytes);
        let world = world.map_err(|source| SandboxError::Damaged { path: path.clone(), source })?;
        self.see(fs::metadata(&path).ok().as_ref());
        Ok(Some(world))
    }

    fn write(&self, world: &World) -> Result<(), SandboxError> {
        let path = self.file();
        let beside = self.dir.join("world.json.new");
        let text = serde_json::to_vec(world).map_err(|error| unusable(&path)(error.into()))?;
        let write = || -> io::Result<Metadata> {
            let _ = fs::remove_file(&beside);
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
            file.write_all(&text)?;
            fs::rename(&beside, &path)?;
            file.metadata()
        };
        self.see(Some(&write().map_err(unusable(&path))?));
        Ok(())
    }

    fn see(&self, file: Option<&Metadata>) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = file.map(Stamp::of);
    }

    /// Held until it is dropped; the kernel frees it when a process dies.
    fn lock(&self) -> Result<File, SandboxError> {
        let path = self.dir.join("world.lock");
        let open = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        let lock = open.map_err(unusable(&path))?;
        lock.lock().map_err(unusable(&path))?;
        Ok(lock)
    }

    fn file(&self) -> PathBuf {
        self.dir.join("world.json")
    }
}

impl Stamp {
    fn of(file: &Metadata) -> Self {
        Self { inode: file.ino(), length: file.len(), changed: (file.mtime(), file.mtime_nsec()) }
    }
}

fn unusable(path: &Path) -> impl FnOnce(io::Error) -> SandboxError {
    let path = path.to_owned();
    move |source| SandboxError::Unusable { path, source }
}
