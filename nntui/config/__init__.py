"""The TOML file: reading, validating, writing."""
