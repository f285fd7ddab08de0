"""`python -m octotui` is the `octotui` command."""

from octotui.cli import main

if __name__ == "__main__":
    main()
