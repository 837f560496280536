#!/usr/bin/env bash
# scripts/emlib.py against h5py, `emlib export` and second computations, see python.py. Skipped where h5py or pandas are missing.
# usage: python.sh EMLIB FOLDER_OF_SCRIPTS
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
for python in /usr/bin/python3 python3; do # the packages of Debian belong to its own Python
    if "$python" -c 'import h5py, pandas' 2>/dev/null; then
        exec "$python" -B -W error::FutureWarning "$here/python.py" "$@"
    fi
done
echo "skipped: no python3 with h5py and pandas (Debian: python3-h5py python3-pandas)"
exit 77
