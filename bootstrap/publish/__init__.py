"""Makes Superset say what ``superset/`` says, over its HTTP API."""

from bootstrap.publish.files import load_specs
from bootstrap.publish.plan import Step
from bootstrap.publish.publishing import Published, Site, publish

__all__ = ["Published", "Site", "Step", "load_specs", "publish"]
