"""Makes Superset say what ``superset/`` says, over its HTTP API."""

from bootstrap.assets.files import load_specs
from bootstrap.assets.plan import Step
from bootstrap.assets.publishing import Published, Site, publish

__all__ = ["Published", "Site", "Step", "load_specs", "publish"]
