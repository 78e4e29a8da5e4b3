"""Credit transfers out (pain.001) and what the bank says of them (pain.002)."""
