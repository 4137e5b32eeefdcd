"""`python -m vae`: see vae.command."""

from vae.command import main

if __name__ == "__main__":
    raise SystemExit(main())
