"""Makes Superset say what ``superset/`` says, over its HTTP API."""

from bootstrap.assets.files import load_specs
from bootstrap.assets.published import Published
from bootstrap.assets.publishing import Site, publish

__all__ = ["Published", "Site", "load_specs", "publish"]
