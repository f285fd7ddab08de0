"""What processes mean to Octopus Deploy: roles, tasks, instances, and the secrets on their command lines."""
