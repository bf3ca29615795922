"""Finding out what answers at an address: each module one question, from the TCP port to the lines to paste.

what is tried        ports.py, candidates.py     scope.py, targets.py, order.py, given.py: what the user says
what listens         knock.py over line.py       answers.py: the questions; heard.py: what was no answer
whom it lets in      entering.py                 clients.py, acse.py: without a secret; attempts.py: with one
what it says         facts.py                    meeting.py: an association, released; registers.py: one register
what to make of it   matching.py, lines.py       flag_ids.py, profile_out.py, choice.py, trial.py
what is shown        report.py, then summary.py  outcome.py: what is handed on; port.py: all of it for one port
"""
