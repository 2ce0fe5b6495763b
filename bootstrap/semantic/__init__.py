"""The semantic layer: reads the twins in ``views/``, builds the relations, documents them."""
