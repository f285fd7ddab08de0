"""From a request to a plan: who is captured, in which order, by what, at what price, and what speaks against it."""
