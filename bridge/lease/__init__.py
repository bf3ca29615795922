"""The lease of a shard: who may read its meters now. The argument for it is in README.md."""
