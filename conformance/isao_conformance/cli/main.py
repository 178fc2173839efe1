"""The `isao` command. Subcommands come from the entry-point group `isao.commands`, each in a file of its own.

The packages stay apart that way: the harness never imports the exchange. Nothing heavy is imported
here, so that `isao --help` answers in about 0.2 s.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

import click


class _Commands(click.Group):
    """Loads a subcommand only when it is named or listed."""

    def _found(self) -> dict[str, EntryPoint]:
        return {entry.name: entry for entry in entry_points(group="isao.commands")}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self._found())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = self._found().get(cmd_name)
        if entry is None:
            return None
        try:
            command: click.Command = entry.load()
        except ImportError as fault:
            name = fault.name or "a package"
            raise click.ClickException(f"`isao {cmd_name}` needs {name}: install isao[server]") from None
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="isao")
def main() -> None:
    """Show whether an ISAO does what the guidelines say, and let anyone check the verdict.

    \b
    isao certify https://host/taxii2/    certify a server (see also --target)
    isao demo --write-target FILE        run a known-good exchange to try things on
    isao explain ID                      what a requirement means and how it is tested
    """


if __name__ == "__main__":
    main()
