"""Pure decisions: outcomes, ownership, sequencing, retry budgets, expectations, the process protocol. No I/O, no clock, no randomness."""
