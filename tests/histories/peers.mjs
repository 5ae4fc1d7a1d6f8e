// Runs migrations with the tools of npm that come as a library, or that want a file of settings:
// node peers.mjs TOOL up|down FOLDER URL STEPS, where PEERS is the folder with their node_modules.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

const [tool, direction, folder, url, steps] = process.argv.slice(2);
const require = createRequire(join(process.env.PEERS, 'package.json'));
const { hostname, port, username, password, pathname } = new URL(url);
const place = { host: hostname, port: Number(port), user: username, password, database: pathname.slice(1) };
const program = (file, args, env = {}) =>
  execFileSync(process.execPath, [join(process.env.PEERS, 'node_modules', file), ...args], {
    cwd: dirname(folder), env: { ...process.env, DATABASE_URL: url, ...env }, stdio: 'inherit',
  });

const tools = {
  'node-pg-migrate': () =>
    program('node-pg-migrate/bin/node-pg-migrate.js', [direction, ...(direction === 'down' ? [steps] : []), '-m', folder]),

  // Writes the scripts that load SQL, as `db-migrate create --sql-file` does.
  'db-migrate': () => {
    const { sqlFileLoaderTemplate } = require('db-migrate/lib/migration').prototype;
    for (const name of readdirSync(join(folder, 'sqls')).filter((name) => name.endsWith('-up.sql'))) {
      const script = name.replace('-up.sql', '.js');
      writeFileSync(join(folder, script), sqlFileLoaderTemplate.call({ name: script }));
    }
    const config = join(dirname(folder), 'database.json');
    writeFileSync(config, JSON.stringify({ dev: { driver: 'pg', ...place } }));
    const count = direction === 'down' ? ['-c', steps] : [];
    program('db-migrate/bin/db-migrate', [direction, ...count, '--config', config, '-m', folder, '-e', 'dev']);
  },

  postgrator: () => {
    const count = readdirSync(folder).filter((name) => name.includes('.do.')).length;
    const to = direction === 'up' ? 'max' : String(count - Number(steps));
    program('postgrator-cli/index.js', [
      '--to', to, '--driver', 'pg', '--host', place.host, '--port', String(place.port), '--database', place.database,
      '--username', place.user, '--password', place.password, '--migration-pattern', `${folder}/*`, '--no-config',
    ]);
  },

  'postgres-migrations': () => require('postgres-migrations').migrate(place, folder),

  // Commits each file as the tool does, with the hash of the one before it.
  'graphile-migrate': async () => {
    const { calculateHash } = require('graphile-migrate/dist/hash');
    const { serializeMigration } = require('graphile-migrate/dist/migration');
    const committed = join(folder, 'committed');
    let previous = null;
    for (const name of readdirSync(committed).sort()) {
      const file = join(committed, name);
      const text = readFileSync(file, 'utf8');
      if (text.startsWith('--! Previous')) continue;
      const body = `${text.trim()}\n`;
      const hash = calculateHash(body, previous);
      writeFileSync(file, serializeMigration(body, { Previous: previous ?? '-', Hash: hash, Message: basename(name, '.sql') }));
      previous = hash;
    }
    if (direction === 'up') {
      await require('graphile-migrate').migrate({
        connectionString: url, migrationsFolder: folder, databaseOwner: place.user,
      });
    }
  },

  umzug: async () => {
    const { Client } = require('pg');
    const { Umzug } = require('umzug');
    const client = new Client(place);
    await client.connect();
    await client.query('CREATE TABLE IF NOT EXISTS "SequelizeMeta" (name varchar(255) PRIMARY KEY)');
    const sql = (path) => client.query(readFileSync(path, 'utf8'));
    const umzug = new Umzug({
      migrations: {
        glob: join(folder, '*.sql'),
        resolve: ({ name, path }) => ({
          name, path, up: () => sql(path), down: () => sql(join(dirname(path), 'down', basename(path))),
        }),
      },
      storage: {
        executed: async () => (await client.query('SELECT name FROM "SequelizeMeta" ORDER BY name')).rows.map((row) => row.name),
        logMigration: ({ name }) => client.query('INSERT INTO "SequelizeMeta" VALUES ($1)', [name]),
        unlogMigration: ({ name }) => client.query('DELETE FROM "SequelizeMeta" WHERE name = $1', [name]),
      },
      logger: undefined,
    });
    await (direction === 'up' ? umzug.up() : umzug.down({ step: Number(steps) }));
    await client.end();
  },
};

await tools[tool]();
