"""`octotui completion`: the completion script of a shell, ready to be sourced."""

from __future__ import annotations

import click
from click.shell_completion import ShellComplete, get_completion_class

from octotui.cli.output import line


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> int:
    """Print the completion script of SHELL.

    \b
    bash: eval "$(octotui completion bash)"   in ~/.bashrc
    zsh:  eval "$(octotui completion zsh)"    in ~/.zshrc
    fish: octotui completion fish > ~/.config/fish/completions/octotui.fish
    """
    from octotui.cli.group import octotui

    kind = get_completion_class(shell)
    assert kind is not None
    completer = kind(octotui, {}, "octotui", "_OCTOTUI_COMPLETE")
    for text in ShellComplete.source(completer).splitlines():
        line(text)
    return 0
