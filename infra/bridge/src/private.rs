//! Files that nobody but their owner may read: titles and comments are in them.
//!
//! A symbolic link is not followed: whoever may write into the folder could have the bridge write where they may not.

use std::{
    fs::{File, Metadata, OpenOptions, Permissions},
    io::ErrorKind,
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

use anyhow::{Context, Result, ensure};

/// Reading and writing, for the owner alone.
const OWNER_ONLY: u32 = 0o600;
const FOR_OTHERS: u32 = 0o077;

/// Makes a file that is not there yet. `None`: there is something of this name, which is left as it is.
pub(crate) fn create(path: &Path) -> Result<Option<File>> {
    let made = OpenOptions::new().read(true).write(true).create_new(true).mode(OWNER_ONLY).open(path);
    match made {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(None),
        Err(error) => Err(error).with_context(|| format!("{} cannot be written", path.display())),
    }
}

/// Opens a file for reading and writing, and closes it to others. `None`: there is none of this name.
pub(crate) fn open(path: &Path) -> Result<Option<File>> {
    let name = path.display();
    let Some(found) = look(path)? else { return Ok(None) };
    let opened = OpenOptions::new().read(true).write(true).open(path);
    let file = opened.with_context(|| format!("{name} cannot be opened for writing"))?;
    let opened = file.metadata().with_context(|| format!("{name} cannot be looked at"))?;
    ensure!(is_same(&found, &opened), "{name} was replaced by another file while it was opened");
    if opened.mode() & FOR_OTHERS != 0 {
        file.set_permissions(Permissions::from_mode(OWNER_ONLY)).with_context(|| {
            format!("{name} can be read by others, and that cannot be changed: give it to the user that runs the bridge, \
                     and run `chmod 600 {name}`")
        })?;
        tracing::warn!(file = %name, "others could read it: it is closed to them now");
    }
    Ok(Some(file))
}

/// Closes a file to others, if there is one of this name. One that is closed is not opened: a process that closes a file of
/// SQLite's loses the locks that it holds on it.
pub(crate) fn protect(path: &Path) -> Result<()> {
    match look(path)? {
        Some(found) if found.mode() & FOR_OTHERS != 0 => open(path).map(drop),
        _ => Ok(()),
    }
}

/// Opens a file as [`open`] does, or makes it.
pub(crate) fn open_or_create(path: &Path) -> Result<File> {
    // Between the two somebody else may make it, or take it away: once more then, not for ever.
    for _ in 0..2 {
        if let Some(file) = open(path)? {
            return Ok(file);
        }
        if let Some(file) = create(path)? {
            return Ok(file);
        }
    }
    anyhow::bail!("{} comes and goes", path.display())
}

/// Whether a file that is open is the one of this name still.
pub(crate) fn is_at(file: &File, path: &Path) -> bool {
    let (opened, found) = (file.metadata().ok(), look(path).ok().flatten());
    opened.zip(found).is_some_and(|(opened, found)| is_same(&opened, &found))
}

/// A file of this name; anything else that has it is refused.
pub(crate) fn look(path: &Path) -> Result<Option<Metadata>> {
    let name = path.display();
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => {
            anyhow::bail!("{name} is a symbolic link, which is not followed: name the file itself")
        }
        Ok(found) if !found.is_file() => anyhow::bail!("{name} is no file: give another name"),
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("{name} cannot be looked at")),
    }
}

fn is_same(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A folder that goes away with the test.
    struct Folder(std::path::PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("bridge-private-{name}-{}", std::process::id()));
            let _ = std::fs::remove_dir_all(&path);
            std::fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn file(&self, name: &str, mode: u32) -> std::path::PathBuf {
            let path = self.0.join(name);
            std::fs::write(&path, "content").unwrap();
            std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            path
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn a_file_that_others_can_read_is_closed_to_them() {
        let folder = Folder::new("closed");
        for (name, before) in [("a", 0o644), ("b", 0o666), ("c", 0o600), ("d", 0o660)] {
            let path = folder.file(name, before);
            protect(&path).unwrap();
            assert_eq!((mode(&path), std::fs::read(&path).unwrap()), (0o600, b"content".to_vec()), "{name}");
        }
        let new = folder.0.join("new");
        open_or_create(&new).unwrap();
        assert_eq!(mode(&new), 0o600);
    }

    #[test]
    fn a_link_or_a_folder_is_refused_and_left_as_it_is() {
        let folder = Folder::new("link");
        let (target, link) = (folder.file("target", 0o644), folder.0.join("link"));
        symlink(&target, &link).unwrap();
        for refused in [open_or_create(&link).map(drop), protect(&link), open_or_create(&folder.0).map(drop)]
        {
            let said = refused.unwrap_err().to_string();
            assert!(said.contains("is a symbolic link") || said.contains("is no file"), "{said}");
        }
        assert_eq!(mode(&target), 0o644, "nothing was done to what it leads to");
        symlink(folder.0.join("nowhere"), folder.0.join("dangling")).unwrap();
        assert!(open_or_create(&folder.0.join("dangling")).is_err());
        assert!(!folder.0.join("nowhere").exists());
        assert!(create(&link).unwrap().is_none(), "a new file takes nobody's place");
    }
}
