"""The cases of the list that have the permission `entropy`; the setting `case.entropy` says which one runs."""

from cases import entropy, run
from alteration_sdk import FINISHED, Alteration, settings


class CasesWithEntropy(Alteration, id="0.2.0-1690000001-cases-with-entropy"):
    def up(self, db):
        run(settings.get("case.entropy"), [entropy.WITH_THE_PERMISSION], db)

    def step(self, db, state):
        if settings.get("case.entropy") == "entropy_replayed":
            entropy.replayed(db)
        return FINISHED

    def down(self, db):
        pass
