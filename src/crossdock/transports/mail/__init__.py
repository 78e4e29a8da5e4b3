"""Documents as attachments of mails: sent by SMTP, fetched by IMAP."""
