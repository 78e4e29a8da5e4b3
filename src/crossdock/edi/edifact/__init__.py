"""UN/EDIFACT: envelopes, writing, guides applied, and the answers CONTRL and APERAK."""
