#!/bin/bash
# Sees to it that the base images of the stack are here, under the very names that docker-compose.yml and
# bridge/Dockerfile pin. An image that is here stays; one that can be pulled is pulled; for the others a stand-in is
# made from Debian's own packages, with the paths, users and entry points of the real one.
#
# usage: base_images.sh CACHE      needs Docker; for stand-ins also root and debootstrap
#
# Grafana is in no Debian: it is pulled or it is not there. Debian's Prometheus is 3.5, whatever the pinned one is. Only the stand-ins are special: the compose file and the
# Dockerfile that run on them are the ones that users get. A stand-in carries the label dlms-bridge.stand-in; before the
# stack is used in earnest on such a machine, remove them: docker image ls --filter label=dlms-bridge.stand-in
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
cache=$1
pull_timeout_s=${DLMS_TEST_PULL_TIMEOUT:-120}
registry=unknown
# A stand-in made by another version of these scripts is made again.
version=$(cat "$here/base_images.sh" "$here/debian_root.sh" | sha256sum | cut -c1-12)
leave_out=()

say() { echo "  $*" >&2; }

# pinned PREFIX FILE: the image whose name starts with PREFIX, as FILE pins it.
pinned() {
    grep -oE "(FROM|image:) +$1[^ ]*" "$top/$2" | awk 'NR == 1 { print $2 }'
}

# here_or_pulled IMAGE: true when nothing has to be made. One pull that fails stands for all: where there is no
# registry, each further one would only cost its timeout.
here_or_pulled() {
    local label
    if label=$(docker image inspect --format '{{index .Config.Labels "dlms-bridge.stand-in"}}' "$1" 2>/dev/null); then
        case $label in
            "" | "<no value>" | "$version") return 0 ;;
        esac
        return 1
    fi
    [ "$registry" != none ] || return 1
    say "pulling $1 ..."
    if ! timeout "$pull_timeout_s" docker pull --quiet "$1" >/dev/null 2>&1; then
        registry=none
        return 1
    fi
}

root() {
    "$here/debian_root.sh" "$1" "$cache/roots/$1"
}

# stand_in IMAGE ROOT CHANGE...: import what lies in ROOT as IMAGE, without what apt and the manuals need.
stand_in() {
    local image=$1 folder=$2 change=()
    shift 2
    for line in "LABEL dlms-bridge.stand-in=$version" "$@"; do change+=(--change "$line"); done
    say "a stand-in for $image ..."
    tar --directory "$folder" --create --exclude=./var/cache/apt --exclude=./var/lib/apt/lists \
        --exclude=./usr/share/doc --exclude=./usr/share/man --exclude=./usr/share/locale \
        --exclude=./tmp/* --exclude=./proc/* --exclude=./sys/* "${leave_out[@]}" . | docker import "${change[@]}" - "$image" >/dev/null
}

# The host's certificates: where a proxy of the site signs, the build in the container has to believe it too.
take_certificates() {
    if [ -r /etc/ssl/certs/ca-certificates.crt ]; then
        cp -L /etc/ssl/certs/ca-certificates.crt "$1/etc/ssl/certs/ca-certificates.crt"
    fi
}

python_stand_in() {
    local folder=$cache/roots/trixie
    root trixie
    take_certificates "$folder"
    ln -sf /usr/bin/python3.13 "$folder/usr/local/bin/python3.13"
    ln -sf /usr/bin/python3.13 "$folder/usr/local/bin/python3"
    ln -sf /usr/bin/python3.13 "$folder/usr/local/bin/python"
    ln -sf /usr/bin/pip3 "$folder/usr/local/bin/pip"
    rm -f "$folder/usr/lib/python3.13/EXTERNALLY-MANAGED"
    stand_in "$1" "$folder" "CMD [\"python3\"]" "ENV LANG=C.UTF-8" \
        "ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt" "ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt"
}

# The real one is Alpine: the shell and the tools that start.sh uses are busybox's there, and so they are here.
mosquitto_stand_in() {
    local folder=$cache/roots/forky
    root forky
    chroot "$folder" sh -ec '
        getent group 1883 >/dev/null || groupmod -g 1883 mosquitto
        getent passwd 1883 >/dev/null || usermod -u 1883 -g 1883 -d /var/empty mosquitto
        rm -rf /run/mosquitto # the real one has none, and a tmpfs takes over the mode of what it is laid on
        mkdir -p /mosquitto/config /mosquitto/data /mosquitto/log /opt/busybox
        chown -R 1883:1883 /mosquitto
        /usr/bin/busybox --install -s /opt/busybox
        ln -sf busybox /usr/bin/sh'
    leave_out=(--exclude=./usr/bin/prom*)
    stand_in "$1" "$folder" "ENV PATH=/opt/busybox:/usr/sbin:/usr/bin" "VOLUME /mosquitto/data" "VOLUME /mosquitto/log" \
        "EXPOSE 1883" "CMD [\"/usr/sbin/mosquitto\"]"
}

prometheus_stand_in() {
    local folder=$cache/roots/forky
    root forky
    install -d -o 65534 -g 65534 "$folder/prometheus"
    leave_out=(--exclude=./usr/sbin/mosquitto --exclude=./usr/lib/*/mosquitto*)
    stand_in "$1" "$folder" "ENV PATH=/bin" "USER 65534" "VOLUME /prometheus" "WORKDIR /prometheus" "EXPOSE 9090" \
        "ENTRYPOINT [\"/bin/prometheus\"]"
}

image=$(pinned python: bridge/Dockerfile)
here_or_pulled "$image" || python_stand_in "$image"
image=$(pinned eclipse-mosquitto: docker-compose.yml)
here_or_pulled "$image" || mosquitto_stand_in "$image"
image=$(pinned prom/prometheus: docker-compose.yml)
here_or_pulled "$image" || prometheus_stand_in "$image"
image=$(pinned grafana/grafana: docker-compose.yml)
here_or_pulled "$image" || say "no $image: it cannot be pulled here, and Debian has none; the rest goes without"
