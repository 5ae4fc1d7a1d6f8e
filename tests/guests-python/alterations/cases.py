"""The Python part of the list of cases that every SDK has to pass: tests/guests/harness/sdk_list.rs.

The setting `case` says which one runs. What a case sees goes into the table `seen`, which the harness made and reads.
"""

from cases import cursors, entropy, errors, given, run, statements, values, writers
from alteration_sdk import Alteration, settings

GROUPS = (values, statements, errors, cursors, writers, given, entropy)


class Cases(Alteration, id="0.1.0-1690000000-cases"):
    def up(self, db):
        run(settings.get("case"), [group.CASES for group in GROUPS], db)

    def down(self, db):
        pass
