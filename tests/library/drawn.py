"""What a picture consists of."""

from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle


def boxes(ax):
    return [patch for patch in ax.patches if isinstance(patch, Rectangle)]


def edge(patch):
    """Return the colour of a patch's edge."""
    return to_hex(patch.get_edgecolor())
