"""What runs inside Superset's own processes and in the containers of the server edition."""
