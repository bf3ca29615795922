#!/bin/sh
# Starts Grafana without a default password. Decides who may see what, then hands over to the image's own start.
#
#   GRAFANA_ADMIN_PASSWORD unset   no user exists at all; whoever reaches the port sees the dashboards, and can
#                                  change nothing
#   GRAFANA_ADMIN_PASSWORD set     the user admin has it, and to see anything one signs in
#
# The password is taken when the user admin is made, at the first start that finds one set. To change it later:
# docker compose exec grafana grafana cli admin reset-admin-password --password-from-stdin
set -eu

for secret in GRAFANA_ADMIN_PASSWORD grafana_admin_password; do
    if [ -z "${GRAFANA_ADMIN_PASSWORD:-}" ] && [ -r "/run/secrets/$secret" ]; then
        GRAFANA_ADMIN_PASSWORD=$(cat "/run/secrets/$secret")
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
