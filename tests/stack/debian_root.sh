#!/bin/bash
# Makes the Debian root file systems that the tests draw on, once, and prints nothing but progress on stderr:
#
#   trixie   Python 3.13, and with it the Compose plugin's package
#   forky    mosquitto 2.1, its clients, prometheus, promtool, alertmanager, amtool, busybox
#
# usage: debian_root.sh trixie|forky FOLDER      needs root and debootstrap; about a minute each, then nothing
#
# The mirror is the one in this machine's own apt sources; where it has no Debian source, debootstrap's default.
set -euo pipefail

suite=$1
folder=$2
[ -e "$folder.complete" ] && exit 0

case $suite in
    trixie) packages=python3,python3-pip,python3-venv,ca-certificates ;;
    forky) packages=mosquitto,mosquitto-clients,prometheus,prometheus-alertmanager,busybox,ca-certificates ;;
    *) echo "debian_root.sh: trixie or forky, not '$suite'" >&2; exit 2 ;;
esac

# shellcheck disable=SC2016 # $(...) is apt's own placeholder
mirror=$(apt-get indextargets --format '$(ORIGIN) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
    awk '$1 == "Debian" && $2 ~ /\/debian\/?$/ && !found { found = $2 } END { print found }') || mirror=

echo "  a $suite root file system (about a minute) ..." >&2
rm -rf --one-file-system "$folder"
mkdir -p "$folder"
# An older debootstrap does not know forky by name; every recent suite is made by the same script as sid.
if ! debootstrap --variant=minbase --include="$packages" \
    "$suite" "$folder" "$mirror" /usr/share/debootstrap/scripts/sid >"$folder.log" 2>&1; then
    echo "debian_root.sh: debootstrap $suite failed; the end of $folder.log says:" >&2
    tail -n 5 "$folder.log" >&2
    exit 1
fi
touch "$folder.complete"
