# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Debian packages that were installed for us and go again when nothing else needs them. Sourced after steps.sh.
# The array as_root is the command that makes a user root; empty: he is.
declare -a as_root=("${as_root[@]}")

# Packages of $@ that are installed, one a line.
installed_of() {
  (($#)) || return 0
  LC_ALL=C dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^ii  *//p' | sort -u
}

# What apt would do if $@ were removed: the names of all that would go, and +NAME for what would come instead. Where it
# refuses, as for a package that the system cannot live without, a lone + .
apt_consequences() {
  local answer
  if answer=$(LC_ALL=C apt-get -s -o APT::Get::AutomaticRemove=false --no-install-recommends remove "$@" 2>/dev/null); then
    awk '$1 == "Remv" || $1 == "Purg" { sub(/:.*/, "", $2); print $2 } $1 == "Inst" { print "+" $2 }' <<<"$answer" | sort -u
  else
    echo +
  fi
}

# Of the packages $@ those that can go without taking another one along. apt knows alternatives and virtual packages,
# so it is asked; who needs what need not be understood here.
removable_packages() {
  local -a left kept
  local package
  mapfile -t left < <(installed_of "$@")
  while ((${#left[@]})); do
    [[ -n $(comm -23 <(apt_consequences "${left[@]}") <(printf '%s\n' "${left[@]}" | sort -u)) ]] || break
    kept=()
    for package in "${left[@]}"; do
      if [[ -z $(comm -23 <(apt_consequences "$package") <(printf '%s\n' "${left[@]}" | sort -u)) ]]; then
        kept+=("$package")
      fi
    done
    # Nothing goes by itself alone, and yet all together take something along: then all of them stay.
    if ((${#kept[@]} == ${#left[@]})); then return 0; fi
    left=("${kept[@]}")
  done
  if ((${#left[@]})); then printf '%s\n' "${left[@]}"; fi
}

# remove_packages LOG PACKAGE...: exactly these.
remove_packages() {
  local log=$1
  shift
  quietly "$log" "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=300 \
    -o APT::Get::AutomaticRemove=false --no-install-recommends remove --purge "$@"
}
