"""CEL for business rules: how values are presented, what a rule may say about which payload, and the compiled guard."""
