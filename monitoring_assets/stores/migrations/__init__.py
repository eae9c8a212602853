"""The versions of the schema `monitoring`, run by `stores.schema.upgrade`."""
