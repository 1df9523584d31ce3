# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What install.sh puts where, and how it takes it away. Sourced from the root of the checkout, after steps.sh.
#
# Before it is used these are set: destination (DESTDIR, absolute, empty: the machine itself), prefix, programs (the
# folder with the built ones), mode (symlink or copy). get_rights sets the array as_root.
destination=${destination-} prefix=${prefix-} programs=${programs-} mode=${mode-}
as_root=()

# Paths as the machine will see them; on_disk adds DESTDIR.
opt=/opt/provision-engine etc=/etc/provision-engine logs=/var/log/provision-engine
kept=$etc/kept # what `clean` must not lose: it removes $opt

on_disk() { printf '%s%s' "$destination" "$1"; }
as() { "${as_root[@]}" "$@"; }

# SOURCE<tab>TARGET of everything that is linked or copied.
planned_files() {
  local file
  for file in provision-engine-server provision-engine-cli; do
    printf '%s\t%s\n' "$programs/$file" "$prefix/bin/$file"
  done
  printf '%s\t%s\n' "$PWD/packaging/provision-engine" "$prefix/bin/provision-engine"
  for file in src/client/*.{rb,json} tests/templates/*.json share/etc/engine.conf share/api.yaml packaging/nginx-* \
    packaging/provision-engine*; do
    printf '%s\t%s\n' "$PWD/$file" "$opt/$file"
  done
  for file in share/schemas/*.json; do
    printf '%s\t%s\n' "$PWD/$file" "$etc/schemas/${file##*/}"
  done
}

# TARGET<tab>NAME: links that stand beside what they mean.
planned_aliases() {
  local file
  for file in http_cli.rb client.rb; do printf '%s\t%s\n' "$prefix/bin/provision-engine-cli" "$prefix/bin/$file"; done
  for file in provision-engine-server provision-engine-cli provision-engine; do
    printf '%s\t%s\n' "$prefix/bin/$file" "$opt/bin/$file"
  done
}

# ---- may we? -------------------------------------------------------------------------------------------------------

# The folder itself, or the one in which it would be made.
existing_folder() {
  local path=$1
  while [[ ! -e $path && ! -L $path ]]; do path=$(dirname -- "$path"); done
  printf '%s\n' "$path"
}

# Of the folders $@ (to be) those where nothing may be written, as they are on the disk.
not_writable() {
  local folder place
  for folder in "$@"; do
    place=$(existing_folder "$(on_disk "$folder")")
    as test -d "$place" -a -w "$place" -a -x "$place" || printf '%s\n' "$place"
  done | sort -u
}

# get_rights FOLDER...: as this user, else through sudo; or ends here, before anything has been changed.
get_rights() {
  local -a refused
  as_root=()
  mapfile -t refused < <(not_writable "$@")
  if ((${#refused[@]} && EUID != 0)) && command -v sudo >/dev/null; then
    if sudo -n true 2>/dev/null; then
      as_root=(sudo -n)
    elif [[ -t 0 ]] && sudo -v; then
      as_root=(sudo)
    fi
    mapfile -t refused < <(not_writable "$@")
  fi
  ((${#refused[@]} == 0)) ||
    die "no permission to write to ${refused[*]/%/;} run this as root or through sudo (nothing was changed)"
}

# ---- put -----------------------------------------------------------------------------------------------------------

# put SOURCE TARGET: complete or not at all, also over a program that runs: it keeps the file that it was started from.
put() {
  local target rights=0644
  target=$(on_disk "$2")
  as mkdir -p -- "$(dirname -- "$target")"
  if [[ $mode == symlink ]]; then
    as ln -sfn -- "$1" "$target.new"
  else
    if [[ -x $1 ]]; then rights=0755; fi
    as install -m "$rights" -- "$1" "$target.new"
  fi
  as mv -fT -- "$target.new" "$target"
}

# alias_to TARGET NAME: a relative link, so that it is right below DESTDIR too.
alias_to() {
  local name
  name=$(on_disk "$2")
  as mkdir -p -- "$(dirname -- "$name")"
  as ln -sfn -- "$(realpath -ms --relative-to="$(dirname -- "$2")" -- "$1")" "$name.new"
  as mv -fT -- "$name.new" "$name"
}

# http_cli.rb and client.rb are names that somebody else may have used in a folder of everybody's.
is_foreign() {
  local name
  name=$(on_disk "$1")
  [[ $1 == */bin/*.rb ]] && [[ -e $name || -L $name ]] && [[ $(readlink -- "$name") != provision-engine-cli ]]
}

# The record of what is installed: how, where, and every path.
record_value() { as sed -n "s/^$1 //p" "$(on_disk "$opt/installed")" 2>/dev/null || true; }

put_everything() {
  local source target new
  new=$(mktemp)
  printf 'mode %s\nprefix %s\ncheckout %s\n' "$mode" "$prefix" "$PWD" >"$new"
  while IFS=$'\t' read -r source target; do
    put "$source" "$target"
    printf 'file %s\n' "$target" >>"$new"
  done < <(planned_files)
  while IFS=$'\t' read -r source target; do
    if is_foreign "$target"; then
      warn "$(on_disk "$target") belongs to something else and stays as it is"
      continue
    fi
    alias_to "$source" "$target"
    printf 'file %s\n' "$target" >>"$new"
  done < <(planned_aliases)
  # What an older version brought and this one does not.
  while read -r target; do
    grep -qxF "file $target" "$new" || as rm -f -- "$(on_disk "$target")"
  done < <(record_value file)
  as install -m 0644 -- "$new" "$(on_disk "$opt/installed.new")"
  as mv -fT -- "$(on_disk "$opt/installed.new")" "$(on_disk "$opt/installed")"
  rm -f -- "$new"
}

# Who installs is who starts the server later, also where he became root by sudo for this: he may read the configuration.
installing_group() { if ((EUID == 0)); then printf '%s' "${SUDO_GID:-0}"; else id -g; fi; }

# The configuration is the administrator's: a copy, made once, with room for secrets in it (:database:). What is there
# already keeps its contents, owner and rights.
put_configuration() {
  local conf
  conf=$(on_disk "$etc/engine.conf")
  if [[ -e $conf || -L $conf ]]; then
    tell_new_keys "$conf"
  else
    as mkdir -p -- "$(dirname -- "$conf")"
    as install -m 0640 -g "$(installing_group)" -- share/etc/engine.conf "$conf.new"
    as mv -fT -- "$conf.new" "$conf"
  fi
}

keys_of() { as grep -oE '^ *(# *)?:[a-z_]+:' "$1" 2>/dev/null | tr -d ' #' | sort -u; }
tell_new_keys() {
  local -a new
  mapfile -t new < <(comm -13 <(keys_of "$1") <(keys_of share/etc/engine.conf))
  ((${#new[@]} == 0)) || say "kept $1; share/etc/engine.conf explains keys that it does not name: ${new[*]}"
}

# ---- keep, take away -----------------------------------------------------------------------------------------------

# remember_packages FILE [RECORD]: names that were installed for us, one a line, go to those that are known already.
remember_packages() {
  local record all
  as test -s "$1" || return 0
  record=$(on_disk "${2:-$opt/installed-packages}")
  all=$(mktemp)
  { as cat -- "$record" 2>/dev/null || true; as cat -- "$1"; } | sort -u >"$all"
  as mkdir -p -- "$(dirname -- "$record")"
  as install -m 0644 -- "$all" "$record"
  rm -f -- "$all"
}

remembered_packages() {
  as cat -- "$(on_disk "$opt/installed-packages")" "$(on_disk "$kept/installed-packages")" 2>/dev/null | sort -u || true
}

# Is there more than an empty folder?
holds_something() { as test -e "$1" && [[ -n $(as find "$1" -maxdepth 0 ! \( -type d -empty \) -print) ]]; }

# What engine.conf says for a key of its first level, without quotes and comment; or nothing.
configured() {
  as sed -nE "s/^:?$1: *[\"']?([^\"'#]*[^\"'# ]).*/\1/p" "$(on_disk "$etc/engine.conf")" 2>/dev/null || true
}

# The folders that engine.conf names beside the usual ones, one a line, as far as they are there: of data, of logs. The
# server takes :directory: indented below :log: or beside it.
configured_data() { other_folder "$(configured data)" "$opt/var"; }
configured_logs() { other_folder "$(configured ' *:?directory')" "$logs"; }
other_folder() {
  [[ $1 == /* ]] || return 0 # the server refuses others
  local folder
  folder=$(realpath -ms -- "$1")
  if [[ $folder != "$2" ]] && as test -d "$(on_disk "$folder")"; then printf '%s\n' "$folder"; fi
}

# Ends here, before anything has been changed, where `clean` would lose what the server must remember.
refuse_to_lose_data() {
  local data new old
  data=$(realpath -ms -- "$(configured data)" 2>/dev/null || true)
  if [[ $data == "$opt"/* && $data != "$opt/var" ]] && holds_something "$(on_disk "$data")"; then
    die "$(on_disk "$data") (:data:) lies in what would be removed; move it elsewhere, say so in engine.conf (nothing was changed)"
  fi
  new=$(on_disk "$opt/var") old=$(on_disk "$kept/var")
  if holds_something "$new" && holds_something "$old"; then
    die "$new and, of an earlier installation, $old both hold the server's data; move one of them away, most likely the" \
      "older one in $kept (nothing was changed)"
  fi
}

# What must outlive `clean` goes to the folder of the configuration, and comes back with the next installation. The two
# lists become one; of the data there is one (refuse_to_lose_data), or what is kept stays where it is.
move_each() {
  local from=$1 to=$2 name
  for name in var installed-packages; do
    holds_something "$(on_disk "$from/$name")" || continue
    as mkdir -p -- "$(on_disk "$to")"
    if [[ $name == installed-packages ]] && as test -e "$(on_disk "$to/$name")"; then
      remember_packages "$(on_disk "$from/$name")" "$to/$name"
      as rm -f -- "$(on_disk "$from/$name")"
      continue
    fi
    as rmdir -- "$(on_disk "$to/$name")" 2>/dev/null || true # an empty folder would be in the way
    if as test -e "$(on_disk "$to/$name")"; then
      warn "$(on_disk "$from/$name") stays there: $(on_disk "$to/$name") is in its place already"
    else
      as mv -T -- "$(on_disk "$from/$name")" "$(on_disk "$to/$name")"
    fi
  done
}
keep_data() {
  move_each "$opt" "$kept"
  if as test -d "$(on_disk "$kept")"; then as chmod 0700 "$(on_disk "$kept")"; fi
}
bring_data_back() {
  move_each "$kept" "$opt"
  as rmdir -- "$(on_disk "$kept")" 2>/dev/null || true
}

remove_programs() {
  local target
  {
    record_value file | grep -F "/bin/" || true
    printf '%s\n' "$prefix"/bin/{provision-engine-server,provision-engine-cli,provision-engine,http_cli.rb,client.rb}
  } | sort -u | while read -r target; do
    is_foreign "$target" || as rm -f -- "$(on_disk "$target")"
  done
  as rm -rf -- "$(on_disk "$opt")"
}

# remove_from FOLDER PATTERN: the files of ours, by a regular expression of their names; others stay, and so does the
# folder then, or where it is one of the system's.
remove_from() {
  local folder
  folder=$(on_disk "$1")
  as find -H "$folder" -maxdepth 1 ! -type d -regextype posix-extended -regex ".*/($2)" -delete
  if holds_something "$folder"; then
    say "$folder stays: there is more in it than this installation's"
  elif [[ ! $1 =~ ^/((var|usr|home)/)?[^/]*$ ]]; then
    as rmdir -- "$folder" 2>/dev/null || true # it may be a link, or its parent somebody else's
  fi
}

remove_configured() {
  local folder
  while read -r folder; do remove_from "$folder" 'engine\.db(-[a-z]+)?|secret\.key'; done < <(configured_data)
  while read -r folder; do
    remove_from "$folder" '(engine|CloudClient)\.log(\.[0-9]+){0,2}|api\.log'
  done < <(configured_logs)
}

remove_the_rest() {
  local pid_file unit
  remove_configured # before the file goes that names them
  pid_file=$(configured pid_file)
  [[ $pid_file == /* ]] || pid_file=/tmp/provision-engine-server.pid # the server refuses others
  as rm -f -- "$(on_disk "$pid_file")"
  # `systemctl link` or `enable` of our unit leaves links that lead nowhere now.
  for unit in /etc/systemd/system/provision-engine.service /etc/systemd/system/multi-user.target.wants/provision-engine.service \
    /etc/systemd/system/provision-engine.service.d/provision-engine-embedded.conf; do
    if [[ -L $(on_disk "$unit") && ! -e $(on_disk "$unit") ]]; then as rm -f -- "$(on_disk "$unit")"; fi
  done
  as rm -rf -- "$(on_disk "$etc")" "$(on_disk "$logs")"
}
