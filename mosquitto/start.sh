#!/bin/sh
# Starts Mosquitto: makes its password once, renders its configuration into a tmpfs, becomes the broker.
#
#   /mosquitto/data/bridge     user name and password, one line each; in the volume that the bridge reads
#   /run/mosquitto             tmpfs: configuration, hashed password, the credentials of mosquitto_sub
#
# Settings are the THINGSBOARD__... of .env. A value that cannot be used ends this script with one line that says
# which, why and what to do, and code 2; Docker starts it again, so a corrected .env and `docker compose up -d` do.
# The token is never printed and never an argument of a program.
set -eu
umask 077

here=$(dirname "$0")
run=/run/mosquitto
credentials=/mosquitto/data/bridge
provisioned=/bridge-data/thingsboard.token

# fail NAME MESSAGE: say what is wrong with the setting NAME, and stop.
fail() {
    echo "mosquitto | $1 $2" >&2
    exit 2
}

# secret NAME: the value of NAME, from the environment or from a Docker secret of that name, upper or lower case.
secret() {
    eval "value=\${$1:-}"
    for file in "/run/secrets/$1" "/run/secrets/$(echo "$1" | tr '[:upper:]' '[:lower:]')"; do
        if [ -z "$value" ] && [ -r "$file" ]; then
            value=$(cat "$file")
        fi
    done
    printf '%s' "$value"
}

# Two lines, neither empty. Anything else (a power cut while it was written) is made again: the bridge reads the file
# at every connection.
make_credentials() {
    if [ "$(grep -c . "$credentials" 2>/dev/null)" = 2 ]; then
        return
    fi
    password=$(od -An -v -tx1 -N24 /dev/urandom | tr -d ' \n')
    printf 'bridge\n%s\n' "$password" >"$credentials.new" || fail "volume credentials:" \
        "cannot be written by user $(id -u); give it to user 1883, or remove it (docker compose down, docker volume rm)"
    chmod 0640 "$credentials.new"
    mv "$credentials.new" "$credentials"
    echo "mosquitto | made a new password for the bridge"
}

# The user name and password where the broker and mosquitto_sub want them.
spread_credentials() {
    { read -r user && read -r password; } <"$credentials"
    printf '%s:%s\n' "$user" "$password" >"$run/passwords"
    mosquitto_passwd -U "$run/passwords"
    printf -- '-u %s\n-P %s\n' "$user" "$password" >"$run/mosquitto_sub"
    cp "$run/mosquitto_sub" "$run/mosquitto_pub"
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
        fail THINGSBOARD__TOKEN "is missing: the access token of the gateway device in ThingsBoard (or a Docker secret of this name)"
    fi
    # Anything but printable ASCII would end the line in the configuration, or not be the token.
    if [ -n "$(printf '%s' "$token" | LC_ALL=C tr -d '!-~')" ] || [ "$(printf '%s' "$token" | wc -l)" -ne 0 ]; then
        fail THINGSBOARD__TOKEN "holds a space, a line break or a character beyond ASCII; copy it again from the device's credentials"
    fi
}

# Wait for the token that the bridge gets by provisioning and keeps on its data volume; samples wait on disk meanwhile.
provisioned_token() {
    if [ ! -s "$provisioned" ]; then
        echo "mosquitto | waiting for the bridge to get a token from ThingsBoard by provisioning" >&2
    fi
    while [ ! -s "$provisioned" ]; do sleep 1; done
    cat "$provisioned"
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

# Remote calls and their answers, changes of shared attributes: of the gateway API, or of a meter's own session.
mode_topics() {
    if [ "$mode" = device ]; then
        echo "topic v1/devices/me/rpc/request/+ in 1 upstream/"
        echo "topic v1/devices/me/rpc/response/+ out 1"
        echo "topic v1/devices/me/attributes in 1 upstream/"
    else
        echo "topic v1/gateway/rpc in 1 upstream/"
        echo "topic v1/gateway/rpc out 1"
        echo "topic v1/gateway/attributes in 1 upstream/"
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
restart_timeout 1 30 10
# ThingsBoard closes on a larger one, for ever; here it is dropped, counted and noticed.
bridge_max_packet_size 65536
bridge_outgoing_retain false

topic v1/gateway/telemetry out 1
topic v1/gateway/connect out 1
topic v1/gateway/disconnect out 1
topic v1/gateway/attributes out 1
topic v1/devices/me/telemetry out 1
topic v1/devices/me/attributes out 1
# The fence: a question and its answer. What comes from ThingsBoard is put under upstream/: with one name both ways the
# bridge would take its own answers to remote calls for ThingsBoard's.
topic v1/devices/me/rpc/request/+ out 1
topic v1/devices/me/rpc/response/+ in 1 upstream/
$(mode_topics)
EOF
}

host=${THINGSBOARD__HOST:-}
mode=$(echo "${THINGSBOARD__MODE:-gateway}" | tr '[:upper:]' '[:lower:]')
ca_file=${THINGSBOARD__CA_FILE:-}
cert_file=${THINGSBOARD__CERT_FILE:-}
key_file=${THINGSBOARD__KEY_FILE:-}
case $(echo "${THINGSBOARD__TLS:-false}" | tr '[:upper:]' '[:lower:]') in
    true | 1 | yes | on | y | t) tls=true port=${THINGSBOARD__PORT:-8883} ;;
    false | 0 | no | off | n | f) tls=false port=${THINGSBOARD__PORT:-1883} ;;
    *) fail THINGSBOARD__TLS "must be true or false" ;;
esac

mkdir -p "$run/conf.d"
make_credentials
spread_credentials
cp "$here/mosquitto.conf" "$here/acl" "$run/"

if [ -z "$host" ]; then
    echo "mosquitto | no THINGSBOARD__HOST: samples stay on this broker"
else
    token=$(secret THINGSBOARD__TOKEN)
    if [ -z "$token" ] && [ -n "$(secret THINGSBOARD__PROVISION_KEY)" ]; then
        token=$(provisioned_token)
    fi
    check_host
    check_port
    check_token
    check_certificates
    render_upstream >"$run/conf.d/upstream.conf"
    echo "mosquitto | upstream: $host:$port, TLS $tls"
fi

exec mosquitto -c "$run/mosquitto.conf"
