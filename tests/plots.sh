#!/usr/bin/env bash
# scripts/emlib-plot and scripts/emlib-report, see plots.py. Skipped where h5py, pandas, matplotlib or jinja2 are missing.
# usage: plots.sh EMLIB FOLDER_OF_SCRIPTS
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
for python in /usr/bin/python3 python3; do # the packages of Debian belong to its own Python
    if "$python" -c 'import h5py, jinja2, matplotlib, pandas' 2>/dev/null; then
        exec "$python" -B "$here/plots.py" "$@"
    fi
done
echo "skipped: no python3 with h5py, jinja2, matplotlib and pandas (Debian: python3-h5py python3-jinja2 python3-matplotlib python3-pandas)"
exit 77
