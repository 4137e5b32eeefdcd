"""`python -m vae`: see vae.commands.parser."""

import signal

if __name__ == "__main__":
    # Until there is anything to tidy up, Ctrl-C ends it without a traceback.
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    from vae.commands.parser import main

    signal.signal(signal.SIGINT, before)
    raise SystemExit(main())
