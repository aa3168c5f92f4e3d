"""``python -m infra.cli``: the command line without the script."""

from infra.cli.main import main

if __name__ == "__main__":
    main()
