#!/usr/bin/env bash
# Creates .venv from requirements.lock and installs the project into it. Does nothing when that was done already: a
# stamp in .venv holds the digest of what was installed and the folder it was installed in.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

stamp=.venv/tfnas-installed
wanted="$(cat requirements.lock requirements-nodeps.lock pyproject.toml tools/setup.sh | sha256sum | cut -d' ' -f1) $PWD"
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && .venv/bin/python -c '' 2>/dev/null; then
  exit 0
fi

suits() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
  for name in ${PYTHON:-python3 python3.13 python3.12 python3.11 python}; do
    if suits "$name"; then command -v "$name" && return; fi
  done
  return 1
}

# A virtual environment knows its own path: in a folder that was moved or copied it is made anew.
if [ -f .venv/bin/activate ] && ! grep -qF "$PWD/.venv" .venv/bin/activate; then
  rm -rf .venv
fi
if ! { [ -x .venv/bin/python ] && suits .venv/bin/python && .venv/bin/python -m pip --version >/dev/null 2>&1; }; then
  python="$(find_python)" || fail "no Python 3.11 or newer was found: install one (Debian, Ubuntu: apt-get install python3 python3-venv), or name it: make PYTHON=/path/to/python3.12."
  say "creating .venv with $("$python" --version)"
  rm -rf .venv
  make_venv() { "$python" -m venv --clear .venv >/dev/null 2>&1; }
  if ! make_venv && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "installing python3-venv, which Debian's Python comes without"
    { apt-get update -qq && apt-get install -qq --yes python3-venv && make_venv; } >&2 || true
  fi
  .venv/bin/python -m pip --version >/dev/null 2>&1 || {
    rm -rf .venv
    fail "Python's venv module is incomplete: install it (Debian, Ubuntu: apt-get install python3-venv) and try again."
  }
fi
rm -f "$stamp"

say "installing the packages of requirements.lock into .venv"
python=.venv/bin/python
if "$python" -m pip install --quiet uv && "$python" -m uv --version >/dev/null 2>&1 &&
  "$python" -m uv pip install --quiet --python "$python" -r requirements.lock; then
  install() { "$python" -m uv pip install --quiet --python "$python" "$@"; }
else
  say "uv could not install them; going on with pip, which takes longer"
  "$python" -m pip install --quiet -r requirements.lock ||
    fail "pip could not install requirements.lock: is the package index reachable?"
  install() { "$python" -m pip install --quiet "$@"; }
fi
install --no-deps -r requirements-nodeps.lock
install --no-deps --no-build-isolation --editable .

printf '%s\n' "$wanted" >"$stamp"
say "done; use it in a shell with: source .venv/bin/activate"
