"""What ThingsBoard needs to show meters and raise alarms, made by one command: profile, rules, gateway, dashboard."""
