"""An answer without a dump: what a tree of processes does, as a text and a document that hold no secret."""
