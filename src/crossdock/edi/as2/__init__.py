"""AS2 (RFC 4130): business documents over HTTP, signed, encrypted, compressed and receipted. Knows keys and bytes, no hub and no network."""
