"""A warehouse that exchanges CSV files over SFTP."""
