"""Which roles a word on the command line or in a form means."""

from __future__ import annotations

from octotui.octopus.vocabulary import LABELS, Role

KNOWN = tuple(slug.value for slug in Role if slug is not Role.NONE)
"""The slugs of all roles that can be asked for."""

SERVICES = frozenset({Role.TENTACLE.value, Role.SERVER.value})
"""The services that keep a host deployable: to stop one is felt by everybody."""

PROGRAMS = frozenset(
    {
        Role.TENTACLE.value, Role.TENTACLE_CLI.value, Role.CALAMARI.value, Role.CALAMARI_LEGACY.value,
        Role.SERVER.value, Role.SERVER_CLI.value, Role.OTHER_OCTOPUS.value,
    }
)  # fmt: skip
"""Roles whose processes are programs of Octopus itself, and so have a .NET runtime sooner or later."""


def roles_named(word: str) -> frozenset[str]:
    """The slugs that `word` means: a slug, its beginning up to a dash (`calamari`), or a badge; empty: none."""
    wanted = word.strip().lower()
    if not wanted:
        return frozenset()
    found = {
        slug.value
        for slug in Role
        if slug.value == wanted or slug.value.startswith(f"{wanted}-") or LABELS.get(slug, "").lower() == wanted
    }
    return frozenset(found - {Role.NONE.value})


def label_of(word: str) -> str:
    """The badge of the role that `word` means, else the word itself."""
    found = roles_named(word)
    labels = {LABELS[Role(slug)] for slug in found}
    return labels.pop() if len(labels) == 1 else word
