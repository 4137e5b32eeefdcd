"""The colours of the faces: hair, eyes, skin, clothes."""

from __future__ import annotations

from vae.faces.brushes import palette, tone

HAIR = palette(
    "d2474b", "a8513f", "7b4a3c", "4c3b42", "4a4f78", "5c83cc", "79c3dc", "7fcbb0",
    "d3dfe2", "b89ce0", "f3a3b5", "f2a765", "f0d68a",
)  # fmt: skip
EYES = palette("d8484f", "d99a35", "6fae4e", "2fa597", "3f86d9", "7a62d6", "d85fa6")
SKIN = palette("ffeadd", "fcdcc4", "eec09a", "c98d66", "9a6548")
OUTFIT = palette("42527f", "7a3f55", "3f6f73", "d98a94", "f1ead9", "6d6a94")
WHITE, INK = tone(255, 255, 255), tone(62, 40, 52)
