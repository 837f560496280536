"""Starts a script's part of this package with a Python that has what it needs."""
import importlib
import os
import sys

DEBIAN = "/usr/bin/python3"  # the packages of Debian and Ubuntu belong to this one, also where another comes first in PATH
NEEDED = "python3-h5py python3-jinja2 python3-matplotlib python3-pandas"


def start(part, program):
    """Runs main() of a module of this package and returns its exit status."""
    try:
        main = importlib.import_module("." + part, __package__).main
    except ImportError as error:
        if os.access(DEBIAN, os.X_OK) and not os.environ.get("EMLIB_PYTHON_TRIED"):
            os.environ["EMLIB_PYTHON_TRIED"] = "1"
            os.execv(DEBIAN, [DEBIAN, *sys.argv])
        print(f"{program}: {error}. On Debian and Ubuntu: apt-get install {NEEDED}; elsewhere the same from pip or conda", file=sys.stderr)
        return 1
    return main()
