#!/bin/sh
# Starts Grafana without a default password. Decides who may see what, then hands over to the image's own start.
#
#   no password    no user exists at all; whoever reaches the port sees the dashboards, and can change nothing
#   a password     the user admin has it, and to see anything one signs in
#
# It lies in the file GRAFANA_ADMIN_PASSWORD of ./secrets/grafana or of Docker's secrets; or it comes from .env, and then
# docker inspect shows it.
# The password is taken when the user admin is made, at the first start that finds one set. To change it later:
# docker compose exec grafana grafana cli admin reset-admin-password --password-from-stdin
set -eu

# unreadable PATH: stop, for without the password everybody could look.
unreadable() {
    echo "grafana | $1 cannot be read by user $(id -u); chmod -R a+rX, or chgrp -R 1883 and chmod -R g+rX, on the host" >&2
    exit 2
}

if [ -n "${GRAFANA_ADMIN_PASSWORD:-}" ]; then
    echo "grafana | GRAFANA_ADMIN_PASSWORD stands in .env, and docker inspect shows it; a file of ./secrets/grafana hides it" >&2
fi
for folder in /run/secrets /secrets; do
    [ ! -d "$folder" ] || [ -x "$folder" ] || unreadable "$folder"
done
for file in /run/secrets/GRAFANA_ADMIN_PASSWORD /run/secrets/grafana_admin_password \
    /secrets/GRAFANA_ADMIN_PASSWORD /secrets/grafana_admin_password; do
    if [ -z "${GRAFANA_ADMIN_PASSWORD:-}" ] && [ -e "$file" ]; then
        [ -r "$file" ] || unreadable "$file"
        GRAFANA_ADMIN_PASSWORD=$(cat "$file")
    fi
done

if [ -n "${GRAFANA_ADMIN_PASSWORD:-}" ]; then
    export GF_SECURITY_ADMIN_USER=admin
    export GF_SECURITY_ADMIN_PASSWORD="$GRAFANA_ADMIN_PASSWORD"
    export GF_AUTH_ANONYMOUS_ENABLED=false
else
    export GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION=true
    export GF_AUTH_ANONYMOUS_ENABLED=true
    export GF_AUTH_ANONYMOUS_ORG_ROLE=Viewer
    export GF_AUTH_DISABLE_LOGIN_FORM=true
fi
unset GRAFANA_ADMIN_PASSWORD

exec /run.sh "$@"
