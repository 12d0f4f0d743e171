"""The templates, by what they are about; messaging/registry.py puts them together."""
