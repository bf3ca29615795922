"""Finding out what answers at an address: each module one question, from the TCP port to the lines to paste.

what the user says   targets, probe_options, given_secrets
what is tried        usual_ports, likely_addresses, search_scope
what listens         port_identification over raw_connection; port_questions: what is asked; no_answer: what else comes
whom it lets in      client_search: one after another; client_requests: without a secret; client_verdict: what that says
what it says         meter_facts
what to make of it   profile_match, register_choice, proposal, env_lines, line_trial, flag_ids
what is shown        probe_report while it works, then probe_summary
all of it            port_probe for one port, probe for one host, scan for a network; probe_result: what is handed on
"""
