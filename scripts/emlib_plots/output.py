"""Files that appear whole or not at all, and are replaced only with --force."""
import os
import tempfile

from .problem import Problem


def check_free(paths, force):
    """Refuses, before any work is done, outputs that could not be written."""
    if len({os.path.abspath(path) for path in paths}) < len(paths):
        raise Problem("the same output is named twice")
    for path in paths:
        folder = os.path.dirname(path) or "."
        if not os.path.isdir(folder):
            raise Problem(f"{path}: there is no folder {folder}")
        if os.path.isdir(path):
            raise Problem(f"{path} is a folder; name a file")
        if os.path.lexists(path) and not force:
            raise Problem(f"{path} exists already; --force replaces it")


def write_all(contents, force):
    """Writes {path: bytes}. All of them are on the disk before the first one gets its name."""
    waiting = []
    try:
        for path, content in contents.items():
            handle, temporary = tempfile.mkstemp(prefix="." + os.path.basename(path)[:100] + ".", dir=os.path.dirname(path) or ".")
            waiting.append((temporary, path))
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o666 & ~_mask())
        for temporary, path in waiting:
            if force:
                os.replace(temporary, path)
            else:
                _take_free_name(temporary, path)
    except OSError as error:
        raise Problem(f"{path} cannot be written: {error.strerror}", 1) from error
    finally:
        for temporary, _ in waiting:
            if os.path.lexists(temporary):
                os.unlink(temporary)


def _take_free_name(temporary, path):
    """A link does not replace what appeared meanwhile; some file systems have no links."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise Problem(f"{path} exists already; --force replaces it") from None
    except OSError:
        os.replace(temporary, path)


def _mask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
