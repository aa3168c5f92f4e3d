"""The commands of `nadi rules`, a module each: importing one declares it on ``infra.cli.rules.rules``."""
