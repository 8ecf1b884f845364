"""Set-ups, sound and with one planted fault each, by which findings and checks are judged: see docs/findings.md."""
