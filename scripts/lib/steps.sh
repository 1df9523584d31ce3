# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Words on the screen for the scripts of this folder: sourced, never run.
# Everything works without a terminal: no cursor movement, a line now and then instead.

steps_started=$SECONDS

say() { printf '%s\n' "$*"; }
warn() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() {
  warn "$*"
  exit 1
}

# [ 3m07s] text
step() {
  local t=$((SECONDS - steps_started))
  printf '[%2dm%02ds] %s\n' $((t / 60)) $((t % 60)) "$*"
}

# quietly LOG COMMAND...: output goes to LOG and is shown only on failure; a line every 20 s tells that it goes on.
quietly() {
  local log=$1 pid code=0 n=0
  shift
  "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.2
    n=$((n + 1))
    if ((n % 100 == 0)); then step "  … $(tail -n 1 "$log" | tr -d '\r' | cut -c 1-100)"; fi
  done
  wait "$pid" || code=$?
  if ((code != 0)); then
    tail -n 60 "$log" >&2
    warn "\"$*\" ended with status $code; everything it said is in $log"
  fi
  return "$code"
}

# build_with_progress LOG COMMAND...: for ninja. Errors are shown as they come, the count at most every 10 s.
build_with_progress() {
  local log=$1 line shown=-10 code=0
  shift
  while IFS= read -r line; do
    printf '%s\n' "$line" >>"$log"
    if [[ $line =~ ^\[([0-9]+)/([0-9]+)\] ]]; then
      if ((SECONDS - shown >= 10)) || [[ ${BASH_REMATCH[1]} == "${BASH_REMATCH[2]}" ]]; then
        step "  ${BASH_REMATCH[1]} of ${BASH_REMATCH[2]}"
        shown=$SECONDS
      fi
    elif [[ -n $line && $line != "ninja: no work to do." && $line != 'ninja: Entering directory '* ]]; then
      printf '%s\n' "$line"
    fi
  done < <(
    : >"$log"
    "$@" 2>&1 </dev/null && code=0 || code=$?
    printf '\nended with %d' "$code"
  )
  # The last line has no newline, so the loop left it in $line.
  code=${line#ended with }
  return "$code"
}
