"""AS2 sessions with one partner: sends, receives, and answers with receipts only for what is stored."""
