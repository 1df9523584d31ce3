#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The user guide's HTTP client, under the guide's name: the built program of this checkout.
here=$(dirname -- "$(readlink -f -- "$0")")
program=$here/../../bin/provision-engine-cli
if [ ! -x "$program" ]; then
  echo "${0##*/}: provision-engine-cli is not built yet; ./install.sh at the top of the repository builds it" >&2
  exit 1
fi
exec "$program" "$@"
