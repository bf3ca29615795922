#!/bin/sh
# Writes the Alertmanager's configuration from .env and ./secrets/alertmanager, then starts it with the arguments given.
#
#   ALERTS_WEBHOOK_URL     called with each group of alerts, as JSON; for chats and call centres
#   ALERTS_MAIL_TO         who gets mail, commas between; with ALERTS_MAIL_FROM and ALERTS_MAIL_SERVER (host:port), and
#                          ALERTS_MAIL_USER where the server wants one; TLS by STARTTLS, or at once on port 465
#   ALERTS_HEARTBEAT_URL   called every minute, as long as alerts are judged and sent: for something that misses it
#
# What is secret may lie in a file of ./secrets/alertmanager instead, named like the variable: the addresses of webhooks,
# and ALERTS_MAIL_PASSWORD, which has no other place.
set -eu

config=${ALERTS_CONFIG:-/tmp/alertmanager.yml}
secrets=${ALERTS_SECRETS:-/secrets}
program=${ALERTS_PROGRAM:-/bin/alertmanager}

fail() {
    echo "alertmanager | $1" >&2
    exit 2
}

# quoted TEXT: as one YAML string.
quoted() {
    printf "'%s'" "$(printf %s "$1" | sed "s/'/''/g")"
}

# given NAME: whether it is in a file, or in the environment.
given() {
    [ -e "$secrets/$1" ] || eval "[ -n \"\${$1:-}\" ]"
}

# readable NAME: stop where its file cannot be read.
readable() {
    [ ! -e "$secrets/$1" ] || [ -r "$secrets/$1" ] ||
        fail "$secrets/$1 cannot be read by user $(id -u); chgrp -R 1883 and chmod -R g+rX, on the host"
}

# hook NAME: the lines of a webhook whose address NAME says.
hook() {
    readable "$1"
    if [ -e "$secrets/$1" ]; then
        echo "      - url_file: $(quoted "$secrets/$1")"
    else
        eval "address=\$$1"
        case $address in
            http://*|https://*) ;;
            *) fail "$1 is no address: it begins with neither http:// nor https://" ;;
        esac
        echo "      - url: $(quoted "$address")"
    fi
}

mail() {
    [ -n "${ALERTS_MAIL_FROM:-}" ] || fail "ALERTS_MAIL_FROM is not set: the sender's address"
    [ -n "${ALERTS_MAIL_SERVER:-}" ] || fail "ALERTS_MAIL_SERVER is not set: host:port, such as mail.example.org:587"
    case $ALERTS_MAIL_SERVER in
        ?*:?*) ;;
        *) fail "ALERTS_MAIL_SERVER has no port: write host:port, such as $ALERTS_MAIL_SERVER:587" ;;
    esac
    readable ALERTS_MAIL_PASSWORD
    echo "    email_configs:"
    echo "      - to: $(quoted "$ALERTS_MAIL_TO")"
    echo "        from: $(quoted "$ALERTS_MAIL_FROM")"
    echo "        smarthost: $(quoted "$ALERTS_MAIL_SERVER")"
    echo "        send_resolved: true"
    [ -z "${ALERTS_MAIL_USER:-}" ] || echo "        auth_username: $(quoted "$ALERTS_MAIL_USER")"
    [ ! -e "$secrets/ALERTS_MAIL_PASSWORD" ] || echo "        auth_password_file: $(quoted "$secrets/ALERTS_MAIL_PASSWORD")"
}

given ALERTS_WEBHOOK_URL || [ -n "${ALERTS_MAIL_TO:-}" ] ||
    fail "nobody to tell: set ALERTS_WEBHOOK_URL or ALERTS_MAIL_TO in .env"

umask 077
{
    echo "route:"
    echo "  receiver: people"
    echo "  group_by: [alertname]"
    echo "  group_wait: 30s"
    echo "  group_interval: 5m"
    echo "  repeat_interval: 12h"
    echo "  routes:"
    echo "    - matchers: ['alertname = Watchdog']"
    echo "      receiver: heartbeat"
    echo "      group_wait: 0s"
    echo "      group_interval: 1m"
    echo "      repeat_interval: 1m"
    echo "receivers:"
    echo "  - name: people"
    if given ALERTS_WEBHOOK_URL; then
        echo "    webhook_configs:"
        hook ALERTS_WEBHOOK_URL
    fi
    if [ -n "${ALERTS_MAIL_TO:-}" ]; then mail; fi
    echo "  - name: heartbeat"
    if given ALERTS_HEARTBEAT_URL; then
        echo "    webhook_configs:"
        hook ALERTS_HEARTBEAT_URL
    fi
} >"$config"

exec "$program" "--config.file=$config" "$@"
