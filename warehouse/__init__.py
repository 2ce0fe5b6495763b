"""The warehouse: reads what was handed over, keeps every line typed and classified, and checks it."""
