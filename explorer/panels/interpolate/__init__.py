"""The panel Interpolate: paths between images."""
