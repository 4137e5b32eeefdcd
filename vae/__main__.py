"""`python -m vae`: see vae.commands.parser."""

from vae.commands.parser import main

if __name__ == "__main__":
    raise SystemExit(main())
