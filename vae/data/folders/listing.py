"""Every file below a folder, those behind links too, each of them once."""

from __future__ import annotations

import os
import stat
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from vae.data.collection import LeftOut, Listing

SYSTEM_NAMES = ("__macosx", "thumbs.db", "desktop.ini")


def is_system(path: str) -> bool:
    """Whether a path below a source is hidden, or what a system leaves behind."""
    parts = path.lower().split("/")
    return any(part.startswith(".") or part in SYSTEM_NAMES for part in parts)


def listed(path: Path, name: str) -> tuple[str, int, int]:
    state = path.stat()
    return name, state.st_size, state.st_mtime_ns


@dataclass(frozen=True)
class FolderListing:
    """What lies below a folder."""

    files: Listing
    left_out: list[LeftOut]  # what leads to no further file
    warnings: list[str]


def list_folder(root: Path) -> FolderListing:
    """Every file below `root`, sorted; a file that several paths lead to has its own, or the first.

    Links are followed, out of the folder too; one that leads to what is there already, in a ring
    or nowhere is left out with the reason.
    """
    walk = _Walk(os.path.realpath(root))
    walk.enter(walk.root, "")
    outside = walk.follow_links()
    warnings = []
    if outside:
        count = f"{len(outside)} links lead" if len(outside) > 1 else "1 link leads"
        warnings.append(
            f"{count} out of the folder (such as {outside[0]}): what lies there is used too."
        )
    return FolderListing(sorted(walk.files), walk.left_out, warnings)


@dataclass
class _Walk:
    root: str  # without links in it
    files: Listing = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    links: deque[tuple[str, str]] = field(default_factory=deque)  # (name below the root, path)
    seen: dict[str, str] | None = None  # real path of each file -> its name, once links count

    def enter(self, folder: str, below: str) -> None:
        """Take every plain file in `folder` and the folders below it; links are left for later."""
        waiting = [(folder, below)]
        while waiting:
            folder, below = waiting.pop()
            try:
                with os.scandir(folder) as opened:
                    entries = sorted(opened, key=lambda entry: entry.name)
            except OSError as error:
                why = f"the folder cannot be opened: {error.strerror or 'unknown reason'}"
                self.left_out.append(LeftOut("unreadable", below or ".", why))
                continue
            for entry in entries:
                name = f"{below}/{entry.name}" if below else entry.name
                if entry.is_symlink():
                    self.links.append((name, entry.path))
                elif entry.is_dir(follow_symlinks=False):
                    waiting.append((entry.path, name))
                else:
                    self.take(name, entry.path)

    def take(self, name: str, path: str) -> None:
        """Take the file at the real `path`, unless it was taken before."""
        if self.seen is not None:
            first = self.seen.setdefault(path, name)
            if first != name:
                self.left_out.append(LeftOut("linked", name, f"the same file as {first}"))
                return
        state = os.stat(path)
        if not stat.S_ISREG(state.st_mode):
            self.left_out.append(LeftOut("other", name, "neither a file nor a folder"))
            return
        self.files.append((name, state.st_size, state.st_mtime_ns))

    def follow_links(self) -> list[str]:
        """Follow each link once. Returns the names of those that lead out of the root."""
        if not self.links:
            return []
        self.seen = {
            os.path.join(self.root, name): name for name, _, _ in self.files if not is_system(name)
        }
        self.links = deque(sorted(self.links))
        outside = []
        folders: dict[str, str] = {}  # real path of each folder that was followed -> its name
        while self.links:
            name, path = self.links.popleft()
            if is_system(name):
                self.left_out.append(LeftOut("system", name))
                continue
            try:
                target = os.path.realpath(path, strict=True)
            except OSError:
                why = "a link that leads nowhere, or to itself"
                self.left_out.append(LeftOut("linked", name, why))
                continue
            is_outside = not _holds(self.root, target)
            if os.path.isdir(target):
                why = self._why_known(target, os.path.realpath(os.path.dirname(path)), folders)
                if not why:
                    why = f"a link to {target}, which was followed"
                    folders[target] = name
                    self.enter(target, name)
                else:
                    is_outside = False
                self.left_out.append(LeftOut("linked", name, why))
            else:
                is_outside = is_outside and target not in self.seen
                self.take(name, target)
            if is_outside:
                outside.append(name)
        return outside

    def _why_known(self, target: str, folder: str, folders: dict[str, str]) -> str:
        """Why nothing new lies in the folder `target` that a link in `folder` leads to, or ""."""
        if _holds(target, folder) or _holds(target, self.root):
            return "a link that leads back to a folder around it"
        if _holds(self.root, target):
            below = os.path.relpath(target, self.root).replace(os.sep, "/")
            if not is_system(below):
                return f"a link to {below}, which is used under that name"
        around = next((name for known, name in folders.items() if _holds(known, target)), "")
        return f"a link to what {around} leads to already" if around else ""


def _holds(folder: str, path: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
