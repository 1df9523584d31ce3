# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Configure, build, guest image, bin/: what scripts/up, scripts/test, scripts/bench and .ci/run share.
# Sourced from the root of the checkout, after steps.sh.

# A second clone on this machine finds the objects of the first: paths count from the root of the checkout.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
if [[ -z ${CCACHE_DIR:-} && ! -w ${HOME:-/nonexistent} ]]; then export CCACHE_DIR=$PWD/build/ccache; fi

guest_image=$PWD/build/guest-image

# The tests' libraries are not needed to run; a folder that was configured with them keeps them.
tests_setting() { if grep -qs '^NEPHELE_TESTS:BOOL=ON' "build/$1/CMakeCache.txt"; then echo ON; else echo OFF; fi; }

# One build at a time in this checkout. What is started later must not inherit the lock: exec 9>&- gives it back.
lock_build() {
  mkdir -p build
  exec 9>build/.up.lock
  flock 9
}

# configure PRESET [CMAKE ARGUMENT...]
configure() {
  local preset=$1
  shift
  mkdir -p "build/$preset"
  quietly "build/$preset/configure.log" cmake --preset "$preset" "$@" ||
    die "cannot configure the build; if a package is missing, scripts/deps installs it"
}

# build PRESET [TARGET...]
build() {
  local preset=$1 targets=()
  shift
  (($# == 0)) || targets=(--target "$@")
  build_with_progress "build/$preset/build.log" cmake --build "build/$preset" -j "$(nproc)" "${targets[@]}" ||
    die "the build failed; the first error stands above and everything in build/$preset/build.log"
}

# The guest's kernel and disk, from Debian packages. guest/build does nothing when the image is up to date.
build_guest_image() {
  local log=$PWD/build/guest-image.log
  mkdir -p build
  quietly "$log" guest/build "$guest_image" && return 0
  # The usual reason: apt's lists name a version that the mirror has replaced.
  step "  once more, with fresh package lists"
  scripts/deps --refresh run || return 1
  quietly "$log" guest/build "$guest_image" || die "the guest image cannot be built; the reason stands above"
}

# install_programs PRESET: puts the programs into bin/, also while an older one of the same name runs.
install_programs() {
  local program
  mkdir -p bin
  for program in "build/$1"/bin/{nephele,nephele-faults,provision-engine-server,provision-engine-cli,snf-manage,snf-admin} \
    "build/$1"/bin/{vcycled,vcycle,check-vcycled,Vcycled,Vcycle,check-Vcycled}; do
    if [[ -L $program ]]; then
      cp -P --remove-destination "$program" bin/
    elif [[ -x $program ]] && ! cmp -s "$program" "bin/${program##*/}"; then
      cp "$program" "bin/.${program##*/}.new"
      mv -f "bin/.${program##*/}.new" "bin/${program##*/}"
    fi
  done
}
