"""What a user may write in a model's YAML file, how it is read, and how errors are told."""
