"""An SFTP drop-box inside the hub: partners put files into it and fetch theirs; each file is acknowledged once it is stored."""
