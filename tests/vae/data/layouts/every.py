"""Every layout, by its theme."""

from __future__ import annotations

from tests.vae.data.layouts.arrays import ARRAYS
from tests.vae.data.layouts.containers import CONTAINERS
from tests.vae.data.layouts.downloads import DOWNLOADS
from tests.vae.data.layouts.few import FEW
from tests.vae.data.layouts.folders import FOLDERS
from tests.vae.data.layouts.image_files import IMAGE_FILES
from tests.vae.data.layouts.table_rows import ROWS
from tests.vae.data.layouts.tables import TABLES
from tests.vae.data.layouts.values import VALUES

THEMES = (FOLDERS, IMAGE_FILES, TABLES, ROWS, DOWNLOADS, ARRAYS, VALUES, CONTAINERS, FEW)
