"""FHIRPath of imported forms, in a process of its own."""
