"""What was promoted to this hub and by whom, and whether it runs; read only."""
