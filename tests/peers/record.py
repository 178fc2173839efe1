"""Writes outcomes.json: what became of each requirement on each independent server, for the guidelines site."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from isao_conformance.creations import Creations
from isao_conformance.evidence import Live, Redactor
from isao_conformance.runner import Plan, execute
from isao_conformance.target import load_target
from isao_conformance.transport import Wire
from isao_spec import load
from tests.peers import medallion, opentaxii

FILE = Path(__file__).parent / "outcomes.json"


def main() -> None:
    """Run all of them."""
    catalogue, told = load(), {}
    for peer in (medallion, opentaxii):
        with tempfile.TemporaryDirectory(prefix="peer-") as folder, peer.running(Path(folder)) as file:
            target = load_target(file)
            live = Live(Wire(target.tls), Redactor(target.actors.values()))
            plan = Plan(target, catalogue, catalogue.in_profiles(("taxii-server",)), peer.NAME, threads=1)
            run = execute(plan, live, Creations())
            told[peer.NAME] = {judged.row.id: str(judged.outcome) for judged in run.judged}
    FILE.write_text(json.dumps(told, indent=1, sort_keys=True) + "\n", "utf-8")


if __name__ == "__main__":
    main()
