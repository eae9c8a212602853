"""Where numbers, decisions, messages and files are kept: Postgres, a folder, a bucket, memory."""
