"""The ways documents travel to and from a partner: AS2, SFTP, mail, HTTPS. Knows bytes and partners, no document's meaning."""
