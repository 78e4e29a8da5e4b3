"""How much more the hub and each system takes until the next peak, as a page, a paper and over the API; read only."""
