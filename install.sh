#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the Provision Engine: packages it needs, build, programs, default configuration.
#
#   ./install.sh [install] [symlink]   links into this checkout: a new build is what the next start runs (default)
#   ./install.sh [install] copy        copies; the checkout may go afterwards
#   ./install.sh update                builds, and installs again as it was installed before
#   ./install.sh build                 only builds, into bin/
#   ./install.sh clean                 removes the programs; configuration, logs and packages stay
#   ./install.sh [clean] purge         removes everything, also packages that were installed for it and nobody else needs
#     --keep-packages                  … but no packages
#
# DESTDIR        a folder to install below, as packagers do
# PREFIX         where bin/ is (default: /usr/local)
# NEPHELE_BUILT  a folder with built programs: installs no packages and builds nothing
# Writes to /opt, /etc, PREFIX/bin and, when it purges, /var/log; as root, or through sudo where it must.
set -euo pipefail
umask 022
cd "$(dirname "$(readlink -f "$0")")"
. scripts/lib/steps.sh
. scripts/lib/build.sh
. scripts/lib/packages.sh
. scripts/lib/engine_files.sh

usage() { sed -n '3,18s/^# \{0,1\}//p' install.sh; }

# ---- what was typed --------------------------------------------------------------------------------------------------
action='' how='' with_deps=1 keep_packages=0
for word in "$@"; do
  case $word in
    install | update | build | clean)
      [[ -z $action ]] || { usage >&2; exit 2; }
      action=$word
      ;;
    symlink | copy | purge)
      [[ -z $how ]] || { usage >&2; exit 2; }
      how=$word
      ;;
    --keep-packages) keep_packages=1 ;;
    --no-deps) with_deps=0 ;;
    -h | --help)
      usage
      exit 0
      ;;
    *)
      warn "unknown word \"$word\""
      usage >&2
      exit 2
      ;;
  esac
done
if [[ $how == purge ]]; then action=${action:-clean}; else action=${action:-install}; fi
case $action/$how in
  install/ | install/symlink | install/copy | update/ | build/ | clean/ | clean/purge) ;;
  *)
    warn "\"$action $how\" makes no sense"
    usage >&2
    exit 2
    ;;
esac

destination=${DESTDIR:+$(realpath -m -- "$DESTDIR")}
destination=${destination%/}
prefix=${PREFIX:-$(record_value prefix)}
prefix=${prefix:-/usr/local}
[[ $prefix == /* ]] || die "PREFIX must be an absolute path, not \"$prefix\""
prefix=$(realpath -ms -- "$prefix")
mode=$how
if [[ $action == update ]]; then mode=$(record_value mode); fi
mode=${mode:-symlink}
programs=$PWD/bin
if [[ -n ${NEPHELE_BUILT:-} ]]; then programs=$(realpath -- "$NEPHELE_BUILT"); fi

# ---- steps -----------------------------------------------------------------------------------------------------------

# Packages, and a note of those that were not there before.
get_packages() {
  local added=''
  ((with_deps)) || return 0
  step "packages"
  added=$(mktemp)
  scripts/deps --record "$added" build engine
  if [[ $action != build && -z $destination ]]; then remember_packages "$added"; fi
  rm -f -- "$added"
}

build_programs() {
  # Through sudo the files of the build still belong to the one whose checkout this is.
  if ((EUID == 0)) && [[ ${SUDO_UID:-0} != 0 && $(stat -c %u .) == "$SUDO_UID" ]]; then
    sudo -u "#$SUDO_UID" -H ./install.sh build --no-deps
    return
  fi
  lock_build
  step "build"
  configure release -DNEPHELE_TESTS="$(tests_setting release)"
  build release provision-engine-server provision-engine-cli
  install_programs release
  exec 9>&-
}

get_programs() {
  local program folder
  if [[ -z ${NEPHELE_BUILT:-} ]]; then
    for folder in . build build/release bin; do
      [[ ! -e $folder || -w $folder ]] ||
        die "no permission to write to $(realpath "$folder"), where the build goes (nothing was changed)"
    done
    get_packages
    build_programs
  fi
  for program in provision-engine-server provision-engine-cli; do
    [[ -x $programs/$program ]] || die "$programs/$program is missing; the build makes it"
  done
}

# Only of this machine: what lies below DESTDIR runs nowhere.
server_runs() {
  [[ -z $destination && -x $prefix/bin/provision-engine-server ]] &&
    timeout 20 "$prefix/bin/provision-engine-server" status >/dev/null 2>&1 </dev/null
}

do_install() {
  get_rights "$opt" "$opt/bin" "$opt/src/client" "$opt/tests/templates" "$opt/share/etc" "$opt/packaging" \
    "$etc" "$etc/schemas" "$logs" "$prefix/bin"
  get_programs
  bring_data_back
  put_everything
  put_configuration
  say "provision engine installed at $(on_disk "$opt")"
  say "run engine with $(on_disk "$prefix")/bin/provision-engine-server start/stop"
  if server_runs; then say "a server runs and goes on as it is; provision-engine-server restart starts the new one"; fi
}

purge_packages() {
  local log
  local -a gone staying
  [[ -z $destination && $keep_packages == 0 ]] || return 0
  mapfile -t gone < <(removable_packages "${remembered[@]}")
  mapfile -t staying < <(comm -23 <(installed_of "${remembered[@]}") <(printf '%s\n' "${gone[@]}" | sort -u))
  ((${#staying[@]} == 0)) || say "others need these packages, they stay: ${staying[*]}"
  ((${#gone[@]})) || return 0
  step "removing ${#gone[@]} packages that were installed for this: ${gone[*]}"
  log=$(mktemp)
  remove_packages "$log" "${gone[@]}" || die "they could not be removed; the reason stands above"
  rm -f -- "$log"
}

do_clean() {
  local -a remembered ours more
  if [[ $how == purge ]]; then
    ours=("${opt%/*}" "${etc%/*}" "${logs%/*}" "$prefix/bin" "$opt" "$etc" "$logs")
    get_rights "${ours[@]}" # also to engine.conf, which names more
    mapfile -t more < <(configured_data && configured_logs)
    get_rights "${ours[@]}" "${more[@]}"
  else
    get_rights "${opt%/*}" "$prefix/bin" "$opt" "$etc"
  fi
  if server_runs; then die "a server runs; provision-engine-server stop ends it (nothing was changed)"; fi
  if [[ $how == purge ]]; then
    mapfile -t remembered < <(remembered_packages)
    remove_programs
    remove_the_rest
    purge_packages
    say "provision engine, its configuration and its logs are removed"
  else
    refuse_to_lose_data
    keep_data
    remove_programs
    say "provision engine removed; $(on_disk "$etc") and $(on_disk "$logs") stay"
  fi
}

case $action in
  install | update) do_install ;;
  build) get_programs ;;
  clean) do_clean ;;
esac
