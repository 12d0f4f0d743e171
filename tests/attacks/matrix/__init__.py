"""Every service that takes an id, who may use it, and what is asked of it: one module for each noun."""
