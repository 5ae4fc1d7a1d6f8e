// The host's imports as QuickJS sees them; the only file that names them.
//
// Nothing is checked here, and QuickJS traps on an argument of a wrong type: whoever calls checks first.

import database from "runner:alteration/database@0.1.0";
import entropy from "runner:alteration/entropy@0.1.0";
import log from "runner:alteration/log@0.1.0";
import settings from "runner:alteration/settings@0.1.0";

export { database, entropy, log, settings };
