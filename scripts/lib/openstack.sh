# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Debian's OpenStack for the tests that run against it: sourced, after steps.sh, from the root of the checkout.
#
# Its packages would start a dozen services and make users, so none is installed: they are fetched and unpacked below
# build/openstack, together with what they need and this machine lacks. That needs no root, and removing it is rm -r.

# What is unpacked with all that it needs, and what is wanted for its files only.
openstack_packages=(python3-keystone python3-glance python3-placement python3-neutron python3-nova python3-waitress
  rabbitmq-server)
openstack_files=(glance-common glance-api neutron-common nova-common nova-api nova-conductor nova-scheduler nova-compute)
openstack_folder=$PWD/build/openstack

openstack_is_there() {
  [[ -f $openstack_folder/packages &&
    $(head -n 1 "$openstack_folder/packages") == "${openstack_packages[*]} ${openstack_files[*]}" ]]
}

# The names of all that is to be unpacked. As if nothing were installed: an Erlang of the system's own knows no other
# place, so it comes too; of the rest what is installed is taken as it is.
openstack_closure() {
  local all
  all=$(LC_ALL=C apt-get -s -o Dir::State::status=/dev/null -o Dir::Cache::pkgcache= install --no-install-recommends "${openstack_packages[@]}" \
    </dev/null 2>/dev/null | awk '$1 == "Inst" { print $2 }') && [[ -n $all ]] || return 1
  {
    printf '%s\n' "${openstack_files[@]}" "${openstack_packages[@]}"
    grep '^erlang-' <<<"$all"
    comm -23 <(sort -u <<<"$all") <(LC_ALL=C dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' | sed -n 's/^ii  *//p' | sort -u)
  } | sort -u
}

fetch_openstack() {
  local names package new=$openstack_folder/root.new
  names=$(openstack_closure) || return 1
  rm -rf "$openstack_folder/download" "$new"
  mkdir -p "$openstack_folder/download" "$new"
  # shellcheck disable=SC2086  # one word a name
  (cd "$openstack_folder/download" && apt-get -q -o APT::Sandbox::User="$(id -un)" -o Acquire::Retries=3 download $names) || return 1
  for package in "$openstack_folder"/download/*.deb; do dpkg-deb -x "$package" "$new" || return 1; done
  rm -rf "$openstack_folder/root"
  mv "$new" "$openstack_folder/root"
  {
    echo "${openstack_packages[*]} ${openstack_files[*]}"
    for package in "$openstack_folder"/download/*.deb; do basename "$package" .deb; done
  } >"$openstack_folder/packages"
  rm -rf "$openstack_folder/download"
}
