"""The licence of each layout's photos, as model cards and data cards say it."""

from __future__ import annotations

LICENCES = {
    "drawn": "drawn by this project's own code (Apache-2.0)",
    "appa_real": "APPA-REAL, Age perception challenge: research use only, not to be redistributed",
    "appa_real_release": "APPA-REAL: research use only, not to be redistributed",
    "utkface": "UTKFace: non-commercial research use only; the copyright stays with the photos' owners",
    "fairface": "FairFace: CC BY 4.0",
    "adience": "Adience: research use only; photos under Creative Commons licences of their owners",
    "celeba": "CelebA: non-commercial research use only",
    "table": "the user's own photos: see their source",
}
# Of those that have one: the name on Hugging Face, and the licence's address.
OPEN = {
    "drawn": ("apache-2.0", "https://www.apache.org/licenses/LICENSE-2.0"),
    "fairface": ("cc-by-4.0", "https://creativecommons.org/licenses/by/4.0/"),
}
