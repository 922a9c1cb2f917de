#!/usr/bin/env bash
# Makes sure that LaTeX and the packages of the report are there. Exit status 0: they are. 1: they are not and could not
# be installed; the line that installs them was printed.
set -euo pipefail

packages=(latexmk texlive-latex-recommended texlive-latex-extra texlive-fonts-recommended texlive-pictures lmodern
  poppler-utils)

missing=()
if command -v dpkg-query >/dev/null; then
  for package in "${packages[@]}"; do
    status="$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)"
    [ "$status" = "install ok installed" ] || missing+=("$package")
  done
elif ! { command -v latexmk && kpsewhich lmodern.sty && kpsewhich booktabs.sty && kpsewhich tikz.sty; } >/dev/null; then
  missing=("${packages[@]}")
fi
# A TeX Live of one's own counts as well.
if [ "${#missing[@]}" -gt 0 ] && command -v latexmk >/dev/null && command -v kpsewhich >/dev/null; then
  complete=yes
  for file in lmodern.sty booktabs.sty tikz.sty natbib.sty algorithm.sty; do
    kpsewhich "$file" >/dev/null || complete=no
  done
  [ "$complete" = no ] || missing=()
fi
[ "${#missing[@]}" -gt 0 ] || exit 0

if [ "$(id -u)" = 0 ]; then
  root=()
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
  root=(sudo -n)
else
  root=(none)
fi
line="apt-get update && apt-get install --yes --no-install-recommends ${missing[*]}"
if command -v apt-get >/dev/null && [ "${root[*]-}" != none ]; then
  printf 'tex: installing %s\n' "${missing[*]}" >&2
  if "${root[@]}" apt-get update -qq >&2 &&
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends "${missing[@]}" >&2
  then
    exit 0
  fi
  printf 'tex: apt-get could not install them.\n' >&2
fi
printf 'tex: LaTeX packages are missing. Install them as root, on Debian or Ubuntu with:\n\n    %s\n\n' "$line" >&2
exit 1
