"""Files over SFTP: the client that sends and collects them exactly once, for partners and for whoever else exchanges files."""
