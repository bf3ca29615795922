#!/bin/sh
# Starts Mosquitto, twice: the relay, and the broker for neighbours. Makes their passwords once, renders their configuration
# into a tmpfs, starts them.
#
#   /mosquitto/data/bridge     user name and password, one line each; in the volume that the bridge reads
#   /mosquitto/data/NAME       the same of home-assistant and of each reader, for this container alone
#   /run/mosquitto             tmpfs: configuration, hashed password, the credentials of mosquitto_sub
#
# Settings are the THINGSBOARD__... of .env, HOME_ASSISTANT__PREFIX and BROKER_... A value that cannot be used ends this script with one line that says which, why and what to do, and code 2; Docker starts it again, so a corrected .env
# and `docker compose up -d` do.
# The token is never printed and never an argument of a program.
set -eu
umask 077

here=$(dirname "$0")
run=/run/mosquitto
credentials=${BROKER__CREDENTIALS_FILE:-/mosquitto/data/bridge}
data=/mosquitto/data
provisioned=/bridge-data/thingsboard.token

# fail NAME MESSAGE: say what is wrong with the setting NAME, and stop.
fail() {
    echo "mosquitto | $1 $2" >&2
    exit 2
}

# secret NAME: the value of NAME, from the environment or from a file of that name, upper or lower case.
secret() {
    eval "value=\${$1:-}"
    lower=$(echo "$1" | tr '[:upper:]' '[:lower:]')
    for file in "/run/secrets/$1" "/run/secrets/$lower" "/secrets/$1" "/secrets/$lower"; do
        if [ -z "$value" ] && [ -r "$file" ]; then
            value=$(cat "$file")
        fi
    done
    printf '%s' "$value"
}

# sound_credentials USER FILE: two lines, as this script writes them.
sound_credentials() {
    [ -r "$2" ] && [ "$(wc -l <"$2")" -eq 2 ] && [ "$(sed -n 1p "$2")" = "$1" ] &&
        sed -n 2p "$2" | LC_ALL=C grep -Eqx '[0-9a-f]{48}'
}

# make_credentials USER FILE MODE: see to it that they are there, and read them; false when they cannot be written. Anything
# but sound ones (a power cut while they were written, garbage) is made again: the bridge reads its file at every connection.
make_credentials() {
    if ! sound_credentials "$1" "$2"; then
        { printf '%s\n%s\n' "$1" "$(new_password)" >"$2.new"; } 2>/dev/null && chmod "$3" "$2.new" && mv "$2.new" "$2" || return 1
        echo "mosquitto | made a new password for $1"
    fi
    { read -r user && read -r password; } <"$2"
}

new_password() {
    od -An -v -tx1 -N24 /dev/urandom | tr -d ' \n'
}

# The user names and passwords where the relay and mosquitto_sub want them.
spread_credentials() {
    make_credentials bridge "$credentials" 0640 || fail "volume credentials:" \
        "cannot be written by user $(id -u); give it to user 1883, or remove it (docker compose down, docker volume rm)"
    printf -- '-u %s\n-P %s\n' "$user" "$password" >"$run/mosquitto_sub"
    cp "$run/mosquitto_sub" "$run/mosquitto_pub"
    link_password=$(new_password)
    printf '%s:%s\n' "$user" "$password" neighbours "$link_password" >"$run/passwords"
    mosquitto_passwd -U "$run/passwords"
}

# with_prefix FILE: an ACL with Home Assistant's prefix.
with_prefix() {
    sed "s|^\(topic [a-z]* \)homeassistant/|\1$prefix/|" "$here/$1"
}

# What the broker for neighbours needs: its configuration, its link to the relay, a password for each, what each may do.
# Readers read, and no more. One that cannot have a password stops nobody.
render_neighbours() {
    mkdir -p "$run/neighbours/conf.d"
    cp "$here/neighbours.conf" "$run/neighbours/"
    with_prefix neighbours.acl >"$run/neighbours/acl"
    : >"$run/neighbours/passwords"
    for name in home-assistant $readers; do
        if make_credentials "$name" "$data/$name" 0600; then
            printf '%s:%s\n' "$user" "$password" >>"$run/neighbours/passwords"
        else
            echo "mosquitto | $name cannot connect: $data/$name cannot be written by user $(id -u)" >&2
        fi
    done
    for name in $readers; do
        printf '\nuser %s\ntopic read meters/+\ntopic read availability/#\n' "$name" >>"$run/neighbours/acl"
    done
    mosquitto_passwd -U "$run/neighbours/passwords"
    cat >"$run/neighbours/conf.d/link.conf" <<EOF
connection relay
address 127.0.0.1:1883
remote_clientid dlms-neighbours
local_clientid dlms-neighbours-relay
remote_username neighbours
remote_password $link_password
cleansession true
notifications false
restart_timeout 1
bridge_outgoing_retain false
topic meters/+ in 0
topic availability/# in 0
topic $prefix/device/+/config in 0
topic $prefix/status out 0
EOF
}

# encrypt_neighbours: TLS at the neighbours' port, where there is a certificate for it; false when it is wanted and cannot be
# had. Then nobody is let in there, for their passwords would pass in clear; the relay goes on.
encrypt_neighbours() {
    if [ -z "$broker_cert_file$broker_key_file" ]; then
        return
    fi
    for name in BROKER_CERT_FILE BROKER_KEY_FILE; do
        eval "file=\${$name:-}"
        if [ -z "$file" ] || [ ! -r "$file" ]; then
            echo "mosquitto | $name names ${file:-no file}, which this container (user $(id -u)) cannot read: no neighbour is let" \
                "in; put certificate and key in ./config, write /config/..., then docker compose up -d" >&2
            return 1
        fi
    done
    # Behind its listener's line: in a file of its own it would make a listener on 1883.
    printf 'certfile %s\nkeyfile %s\n' "$broker_cert_file" "$broker_key_file" >"$run/neighbours/encryption"
    sed "/^listener /r $run/neighbours/encryption" "$here/neighbours.conf" >"$run/neighbours/neighbours.conf"
    echo "mosquitto | neighbours speak TLS"
}

# Whatever becomes of it, the relay goes on; it is started again.
serve_neighbours() {
    trap 'kill "$served"; exit' TERM
    while true; do
        mosquitto -c "$run/neighbours/neighbours.conf" &
        served=$!
        wait "$served" || true
        echo "mosquitto | the broker for neighbours ended; starting it again"
        sleep 1
    done
}

# As the bridge checks it (HomeAssistantSettings): it becomes a part of lines in the ACL.
check_prefix() {
    printf '%s' "$prefix" | LC_ALL=C grep -Eqx '[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*' && [ "$(printf '%s' "$prefix" | wc -l)" -eq 0 ] ||
        fail HOME_ASSISTANT__PREFIX "must be letters, digits, _ and -, with / between levels and none at the ends"
    case $prefix/ in
        v1/* | upstream/* | meters/* | availability/* | relay/*)
            fail HOME_ASSISTANT__PREFIX "must not be '$prefix': other topics of this broker begin so" ;;
    esac
}

# They become users, and files beside the bridge's.
check_readers() {
    for name in $readers; do
        case $name in
            bridge | neighbours | home-assistant) fail BROKER_READERS "must not hold $name: that user is there already" ;;
            *[!a-z0-9-]* | -* | *- | ?????????????????????????????????*)
                fail BROKER_READERS "holds '$name'; a name has small letters, digits and -, 32 at most" ;;
        esac
    done
}

check_host() {
    case $host in
        *://* | */*) fail THINGSBOARD__HOST "must be a name or an address alone, such as tb.example.com, without mqtt:// or a path" ;;
        *:*:*) ;; # IPv6
        *:*) fail THINGSBOARD__HOST "must not hold the port; set THINGSBOARD__PORT" ;;
        *[!A-Za-z0-9._-]*) fail THINGSBOARD__HOST "holds a character that no host name has; write a name or an address" ;;
    esac
    case $host in
        *[!A-Za-z0-9.:_-]*) fail THINGSBOARD__HOST "holds a character that no address has; write a name or an address" ;;
    esac
}

check_port() {
    case $port in
        *[!0-9]* | ??????*) fail THINGSBOARD__PORT "must be a number from 1 to 65535, not '$port'" ;;
    esac
    if [ "$port" -lt 1 ] || [ "$port" -gt 65535 ]; then
        fail THINGSBOARD__PORT "must be a number from 1 to 65535, not '$port'"
    fi
}

# check_file NAME VALUE: a file named by a setting can be read here.
check_file() {
    if [ -n "$2" ] && [ ! -r "$2" ]; then
        fail "$1" "names $2, which this container (user $(id -u)) cannot read; put it in ./config and write /config/..."
    fi
}

check_certificates() {
    check_file THINGSBOARD__CA_FILE "$ca_file"
    check_file THINGSBOARD__CERT_FILE "$cert_file"
    check_file THINGSBOARD__KEY_FILE "$key_file"
    if [ -n "$cert_file" ] && [ -z "$key_file" ]; then
        fail THINGSBOARD__KEY_FILE "is missing: THINGSBOARD__CERT_FILE needs the key that belongs to it"
    fi
    if [ -n "$key_file" ] && [ -z "$cert_file" ]; then
        fail THINGSBOARD__CERT_FILE "is missing: THINGSBOARD__KEY_FILE needs the certificate that belongs to it"
    fi
    if [ -n "$cert_file" ] && [ "$tls" = false ]; then
        fail THINGSBOARD__CERT_FILE "is for TLS, which is off; set THINGSBOARD__TLS=true or remove it"
    fi
}

check_token() {
    if [ -z "$token" ] && [ -n "$cert_file" ]; then
        return # the certificate says who this is
    fi
    if [ -z "$token" ]; then
        fail THINGSBOARD__TOKEN "is missing: the access token of the gateway device in ThingsBoard, in the file ./secrets/THINGSBOARD__TOKEN"
    fi
    # Anything but printable ASCII would end the line in the configuration, or not be the token.
    if [ -n "$(printf '%s' "$token" | LC_ALL=C tr -d '!-~')" ] || [ "$(printf '%s' "$token" | wc -l)" -ne 0 ]; then
        fail THINGSBOARD__TOKEN "holds a space, a line break or a character beyond ASCII; copy it again from the device's credentials"
    fi
}

# The token that the bridge got (provisioning, bridge thingsboard apply) and keeps on its data volume; nothing while there is none, or what is
# there can be none. Provisioning asks for another then.
provisioned_token() {
    if [ -r "$provisioned" ] && [ "$(wc -l <"$provisioned")" -eq 1 ]; then
        LC_ALL=C grep -Ex '[!-~]+' "$provisioned" || true
    fi
}

# Whether that is the token to use, where no other is given: as the bridge decides it (uses_kept_token in its settings).
uses_kept_token() {
    [ -n "$(secret THINGSBOARD__PROVISION_KEY)" ] ||
        { [ -n "$(secret THINGSBOARD__API_URL)" ] && [ -z "$cert_file" ] && [ "$mode" = gateway ]; }
}

# end_on_another_token USED: end the broker when there is a token other than the one it uses; Docker starts it again.
# This shell passes the signal on, see below.
end_on_another_token() {
    while sleep 2 && kill -0 $$ 2>/dev/null; do
        now=$(provisioned_token)
        if [ -n "$now" ] && [ "$now" != "$1" ]; then
            echo "mosquitto | there is a new token: starting again with it"
            kill -TERM $$
            return
        fi
    done
}

# The token, where there is one; with X.509 credentials there need not be.
user_name() {
    if [ -n "$token" ]; then
        echo "remote_username $token"
    fi
}

# The lines that make the upstream connection TLS; nothing without it.
tls_options() {
    if [ "$tls" = false ]; then
        return
    fi
    if [ -z "$ca_file" ]; then
        echo "bridge_tls_use_os_certs true"
    else
        echo "bridge_cafile $ca_file"
    fi
    if [ -n "$cert_file" ]; then
        echo "bridge_certfile $cert_file"
        echo "bridge_keyfile $key_file"
    fi
}

# Changes of shared attributes and remote calls: of a meter's own session, or of the devices behind the gateway. Calls of
# the session's own device, which is the gateway's as well, are in render_upstream.
mode_topics() {
    if [ "$mode" = device ]; then
        echo "topic v1/devices/me/attributes in 1 upstream/"
    else
        echo "topic v1/gateway/rpc in 1 upstream/"
        echo "topic v1/gateway/rpc out 1"
        echo "topic v1/gateway/attributes in 1 upstream/"
        echo "topic v1/gateway/attributes/request out 1"
        echo "topic v1/gateway/attributes/response in 1 upstream/"
    fi
}

# The section that makes Mosquitto a bridge.
render_upstream() {
    cat <<EOF
connection upstream
address $host:$port
$(user_name)
$(tls_options)

# Fixed: the defaults hold the host name, which is another one after every docker compose up.
remote_clientid dlms-bridge
local_clientid dlms-bridge-upstream

# try_private would speak protocol level 0x84, which ThingsBoard refuses. With version 5 the state topic stays 1 when
# the server disconnects.
bridge_protocol_version mqttv311
try_private false
# The default takes back the subscription to every topic that also goes out.
bridge_attempt_unsubscribe false

# With a clean session 2.1 stops sending after a break with a message in flight, while the state says that it is up.
cleansession false
local_cleansession false

# The bridge hears of the upstream on \$SYS/broker/connection/dlms-bridge/state; ThingsBoard is told nothing.
notifications true
notifications_local_only true

keepalive_interval 30
# Seconds: first wait, longest wait, and how long a connection must hold before the first wait is used again.
restart_timeout 1 5 10
# A reload (see renew_on_request) makes this connection anew at once.
bridge_reload_type immediate
# ThingsBoard closes on a larger one, for ever; here it is dropped, counted and noticed.
bridge_max_packet_size 65536
bridge_outgoing_retain false

topic v1/gateway/telemetry out 1
topic v1/gateway/connect out 1
topic v1/gateway/disconnect out 1
topic v1/gateway/attributes out 1
topic v1/devices/me/telemetry out 1
topic v1/devices/me/attributes out 1
# Questions and their answers: the mark, the limits, whether ThingsBoard has a device; calls of the session's own device.
# What comes from ThingsBoard is put under upstream/: with one name both ways the bridge would take its own answers to
# remote calls for ThingsBoard's.
topic v1/devices/me/rpc/request/+ out 1
topic v1/devices/me/rpc/response/+ in 1 upstream/
topic v1/devices/me/rpc/request/+ in 1 upstream/
topic v1/devices/me/rpc/response/+ out 1
topic v1/devices/me/attributes/request/+ out 1
topic v1/devices/me/attributes/response/+ in 1 upstream/
$(mode_topics)
EOF
}

# When the bridge asks for it, on the local broker: reload, which drops the connection to ThingsBoard with all that lies
# in it and makes it anew. This shell passes the signal on, see below.
renew_on_request() {
    while sleep 1 && kill -0 $$; do
        mosquitto_sub -q 1 -t relay/renew 2>/dev/null | while read -r why; do
            echo "mosquitto | connecting to ThingsBoard anew: $why"
            kill -HUP $$
        done
    done
}

prefix=${HOME_ASSISTANT__PREFIX:-homeassistant}
readers=$(printf '%s' "${BROKER_READERS:-node-red,telegraf}" | tr -s ',[:space:]' '\n' | sort -u)
host=${THINGSBOARD__HOST:-}
via=$(echo "${THINGSBOARD__VIA:-mosquitto}" | tr '[:upper:]' '[:lower:]')
mode=$(echo "${THINGSBOARD__MODE:-gateway}" | tr '[:upper:]' '[:lower:]')
ca_file=${THINGSBOARD__CA_FILE:-}
cert_file=${THINGSBOARD__CERT_FILE:-}
key_file=${THINGSBOARD__KEY_FILE:-}
broker_cert_file=${BROKER_CERT_FILE:-}
broker_key_file=${BROKER_KEY_FILE:-}
case $(echo "${THINGSBOARD__TLS:-false}" | tr '[:upper:]' '[:lower:]') in
    true | 1 | yes | on | y | t) tls=true port=${THINGSBOARD__PORT:-8883} ;;
    false | 0 | no | off | n | f) tls=false port=${THINGSBOARD__PORT:-1883} ;;
    *) fail THINGSBOARD__TLS "must be true or false" ;;
esac

case $via in
    mosquitto | direct) ;;
    *) fail THINGSBOARD__VIA "must be mosquitto or direct" ;;
esac

check_prefix
check_readers
mkdir -p "$run/conf.d"
spread_credentials
cp "$here/mosquitto.conf" "$run/"
with_prefix acl >"$run/acl"
render_neighbours

if [ -z "$host" ]; then
    echo "mosquitto | no THINGSBOARD__HOST: samples stay on this broker"
elif [ "$via" = direct ]; then
    # ThingsBoard keeps one session a token: with a second one from here the two would throw each other out.
    echo "mosquitto | THINGSBOARD__VIA=direct: the bridge itself speaks to ThingsBoard; live copies come here"
else
    token=$(secret THINGSBOARD__TOKEN)
    kept=false
    if [ -z "$token" ] && uses_kept_token; then
        kept=true
        token=$(provisioned_token)
        end_on_another_token "$token" &
    fi
    check_host
    check_port
    check_certificates
    if [ "$kept" = true ] && [ -z "$token" ]; then
        echo "mosquitto | no upstream yet: waiting for the token that provisioning or bridge thingsboard apply gets from ThingsBoard"
    else
        check_token
        render_upstream >"$run/conf.d/upstream.conf"
        echo "mosquitto | upstream: $host:$port, TLS $tls"
        renew_on_request &
    fi
fi

# Docker stops the whole stack at once, and the bridge says by way of this broker that its meters are off: so it goes last.
linger() {
    trap - TERM INT
    echo "mosquitto | stopping in 3 s: the bridge goes first"
    sleep 3 &
    wait $!
    asked=true
    kill -TERM "$broker"
}

mosquitto -c "$run/mosquitto.conf" &
broker=$!
neighbours=
if encrypt_neighbours; then
    serve_neighbours &
    neighbours=$!
fi
trap linger TERM INT
trap 'kill -HUP "$broker"' HUP
code=0
asked=false
# A signal ends the wait, too, and the broker may be gone before there is another: then its code is not had.
while kill -0 "$broker" 2>/dev/null; do
    code=0
    wait "$broker" || code=$?
done
[ -z "$neighbours" ] || kill "$neighbours"
[ "$asked" = false ] || code=0
exit "$code"
