"""From a request to a verified dump: planning, backends, jobs, verification, the store."""
