"""Who owns what, who may do what, and what was refused because of it; read only."""
