"""What the operator says, by name."""

from alteration_sdk import Alteration, Error, settings

from .expect import Expectations


def at_the_top() -> str:
    try:
        return f"given: {settings.get('REGION')}"
    except Error as error:
        return error.message


AT_THE_TOP = at_the_top()


class Settings(Alteration, id="1.2.0-1700000006.5-settings"):
    def up(self, db):
        expected = Expectations()
        expected.same("at the top", "ask for it inside a hook" in AT_THE_TOP, True)
        expected.refused("a number", ["a setting's name is text"], lambda: settings.get(1))
        expected.settle()
        region = settings.get("REGION")
        db.execute("CREATE TABLE settings (region VARCHAR(20))")
        db.execute(f"INSERT INTO settings VALUES ({db.placeholder(1)})", region)
        if region == "ask for more":
            settings.get("MORE")

    def down(self, db):
        db.execute("DROP TABLE settings")
