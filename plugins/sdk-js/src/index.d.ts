/**
 * Write database alterations for the runner in JavaScript and TypeScript.
 *
 * An alteration is a module that exports `up` and `down`. It sees a database and a log, and nothing else:
 * no files, no network. The host owns the transaction: return, and everything is committed together;
 * throw, and nothing is.
 *
 * @example
 * import { sql, type Database } from "alteration-sdk";
 *
 * export function up(db: Database) {
 *   db.execute(sql`ALTER TABLE customers ADD COLUMN domain TEXT`);
 *   for (const { id, email } of db.cursor<{ id: number; email: string }>(sql`SELECT id, email FROM customers`)) {
 *     db.execute(sql`UPDATE customers SET domain = ${email.split("@")[1] ?? null} WHERE id = ${id}`);
 *   }
 * }
 *
 * export function down(db: Database) {
 *   db.execute(sql`ALTER TABLE customers DROP COLUMN domain`);
 * }
 */

// Hooks. A module exports those it has; `Alteration` is there to check it against (`satisfies`).

/** What a hook may return: a value, or a promise of one. */
type Awaitable<T> = T | PromiseLike<T>;

/**
 * Applies or takes back the alteration named by its id; `down` as `up`, each in one transaction with the
 * runner's record where the database's schema changes are transactional.
 */
export type Hook = (db: Database, alteration: string) => Awaitable<void>;

/**
 * Moves data in small steps, each in a short transaction of its own. Called after `up` until it returns
 * `finished`; `state` is what the step before returned, null at the first.
 */
export type Step<State = unknown> = (
  db: Database,
  alteration: string,
  state: State | null,
) => Awaitable<More<State> | Finished>;

/** What a step returns when there is more to do. */
export interface More<State = unknown> {
  /** Handed to the next step, after a crash too: whatever JSON can hold. */
  state: State;
  /** Rows done so far, or whatever the step counts, for the operator's progress bar. */
  done?: number;
  /** How many there are in all; null where that is not known. */
  total?: number | null;
}

/** What a step returns when nothing is left to do; there is one of it, `finished`. */
export interface Finished {
  /** Tells it from `More`. */
  readonly finished: true;
}

/** What `step` returns when nothing is left to do. */
export const finished: Finished;

/** The exports of an alteration's module. */
export interface Alteration {
  /** Applies the alteration. Needed. */
  up: Hook;
  /** Needed, unless the manifest declares the alteration `irreversible`. */
  down?: Hook;
  /**
   * Runs before `up`, outside of any transaction, for statements that refuse to run in one (CREATE INDEX
   * CONCURRENTLY). Journaled: the same input must always make the same calls.
   */
  beforeUp?: Hook;
  /** The same before `down`. */
  beforeDown?: Hook;
  /** Moves data in small steps after `up`, each in a short transaction of its own, until it returns `finished`. */
  // A module's own state is its own affair.
  step?: Step<any>;
}

// Values.

/** What a parameter can be. A Date is an instant; an integer beyond 2^53 has to be a bigint. */
export type Parameter =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | ArrayBuffer
  | Date
  | Value;

/**
 * What a column's value is: integers beyond 2^53 are bigint; everything else that a number cannot hold
 * travels as text: decimals, dates, times, uuids, json, and types that have no case here.
 */
export type Result = null | boolean | number | bigint | string | Uint8Array;

/** A row: a property for each column. */
export type Row = Record<string, Result>;

/** The rows of a query, and what the database says of their columns. */
export type Rows<T extends object = Row> = T[] & { readonly columns: readonly Column[] };

/** A value with its type, for what a JavaScript value alone does not say. */
export class Value {
  private constructor();
  /** The type's name in the interface: `decimal`, `json`, `timestamptz`, … */
  readonly tag: string;
  /** The value's text. */
  toString(): string;
}

/**
 * An exact decimal, from its digits. Throws a `DatabaseError` of kind `conversion` for anything else: an exponent, NaN.
 *
 * @example
 * db.execute(sql`UPDATE products SET price = ${decimal("12.50")} WHERE id = ${1}`);
 */
export function decimal(digits: string | bigint): Value;
/**
 * A floating-point number, also where it is whole: a plain whole number is sent as an integer.
 *
 * @example
 * db.execute(sql`INSERT INTO weights (kilograms) VALUES (${float(2)})`);
 */
export function float(number: number): Value;
/**
 * JSON, from what JSON can hold. Throws a `DatabaseError` of kind `conversion` for the rest.
 *
 * @example
 * db.execute(sql`INSERT INTO options (name, value) VALUES (${"colours"}, ${json(["red", "blue"])})`);
 */
export function json(value: unknown): Value;
/** A UUID, as the database reads one: `9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d`. */
export function uuid(text: string): Value;
/** A date: `2024-02-29`, or the database's own text for what ISO 8601 cannot say (`infinity`). */
export function date(text: string): Value;
/** A time of the day: `23:59:59.5`, or the database's own text. */
export function time(text: string): Value;
/** A date with a time and without a zone: `2024-02-29T23:59:59`, or the database's own text. */
export function timestamp(text: string): Value;
/** An instant: a Date, or text with an offset, `2024-02-29T23:59:59Z`. A Date has milliseconds, text what the database has. */
export function timestamptz(moment: string | Date): Value;
/**
 * A type without a case of its own, by its name and as the database's text.
 *
 * @example
 * db.execute(sql`INSERT INTO visits (address) VALUES (${other("inet", "::1")})`);
 */
export function other(typeName: string, text: string): Value;

// SQL.

/** A piece of SQL with its values, made by `sql`. */
export class Sql {
  private constructor();
  // Without it every object would be one to the compiler.
  private readonly parts: unknown;
}

/**
 * SQL with values that are bound, never put into the text, whatever they hold. Pieces nest.
 *
 * @example
 * const recent = since ? sql`AND placed_at >= ${since}` : sql``;
 * db.query(sql`SELECT id FROM orders WHERE customer_id = ${id} ${recent}`);
 */
export const sql: {
  (strings: TemplateStringsArray, ...values: readonly (Parameter | Sql)[]): Sql;
  /** A name, quoted as the database wants it: `sql.identifier("audit", "entries")` is `audit.entries`. */
  identifier(...names: [string, ...string[]]): Sql;
  /** Values or pieces with a separator between them, at least one: `WHERE id IN (${sql.join(ids)})`. */
  join(items: Iterable<Parameter | Sql>, separator?: string | Sql): Sql;
  /** Text as it is. Whatever is in it runs: never for what comes from a database. */
  raw(text: string): Sql;
};

// The database.

/** Which SQL a database speaks, as manifests call it. */
export type Dialect = "sqlite" | "postgresql" | "mysql" | "mariadb";

/** What a statement did. */
export interface Outcome {
  /** How many rows were inserted, changed or deleted; 0 for a statement that changes none. */
  rowsAffected: number;
  /** The key that the database gave to the row inserted last, where it has such keys. */
  lastInsertId: number | null;
}

/** A column of a result. */
export interface Column {
  /** What the result calls it. */
  name: string;
  /** The database's own; empty for an expression without one. */
  typeName: string;
}

/**
 * The one connection of a hook. Every call answers at once and throws a `DatabaseError`; `await` before it
 * changes nothing.
 *
 * SQL is `` sql`…` ``, or text with an array of parameters, which reaches the database as it was written.
 */
export interface Database {
  /** Which SQL to speak. */
  readonly dialect: Dialect;
  /**
   * Runs exactly one statement; rows that it returns are dropped. Throws a `DatabaseError`: `syntax` for none or several
   * statements, `conversion` where the number of parameters is wrong or a value does not fit.
   */
  execute(statement: Sql): Outcome;
  execute(statement: string, params?: readonly Parameter[]): Outcome;
  /** Runs any number of statements, without parameters. The first that fails ends it. */
  script(statements: Sql | string): void;
  /**
   * All rows of a query, for results known to be small; beyond the run's bound it throws `limit`. `cursor` reads any
   * number. Two columns of one name are `conversion`: name one with AS.
   *
   * @example
   * for (const { id, email } of db.query(sql`SELECT id, email FROM customers WHERE city = ${"Köln"}`)) { … }
   */
  query<T extends object = Row>(query: Sql): Rows<T>;
  query<T extends object = Row>(query: string, params?: readonly Parameter[]): Rows<T>;
  /** The one row that a query has. None or several are a `DatabaseError` of kind `conversion`. */
  one<T extends object = Row>(query: Sql): T;
  one<T extends object = Row>(query: string, params?: readonly Parameter[]): T;
  /** The one row that a query has, or null. Several are a `DatabaseError` of kind `conversion`. */
  maybeOne<T extends object = Row>(query: Sql): T | null;
  maybeOne<T extends object = Row>(query: string, params?: readonly Parameter[]): T | null;
  /** A query whose rows are fetched in batches. It shows what was there when it was opened. */
  cursor<T extends object = Row>(query: Sql): Cursor<T>;
  cursor<T extends object = Row>(query: string, params?: readonly Parameter[]): Cursor<T>;
  /**
   * The fastest way to write many rows into a table, which is a name or `schema.name`; both it and the columns are quoted.
   * An unknown table or column throws here.
   *
   * @example
   * const writer = db.bulkWriter("countries", ["code", "name"]);
   * writer.write(["DE", "Germany"]);
   * writer.write({ name: "France", code: "FR" });
   * writer.finish();
   */
  bulkWriter(table: string, columns: readonly string[]): BulkWriter;
  /** How this database writes the parameter with `number`, from 1 on; `` sql`…` `` does it by itself. */
  placeholder(number: number): string;
  /** `name` as this database quotes it. */
  quoteIdentifier(name: string): string;
}

/**
 * An open query, to be read once: by rows, or several times faster by columns. Open until its hook ends.
 *
 * @example
 * for (const batch of db.cursor(sql`SELECT id, email FROM customers`).batches()) {
 *   const ids = batch.column<number>("id");
 *   const emails = batch.column<string | null>("email");
 * }
 */
export interface Cursor<T extends object = Row> extends Iterable<T> {
  /** The columns of the result. */
  readonly columns: readonly Column[];
  /** The rows by column, at most `rowsMax` at a time: 5000 if not given, from 1 on. */
  batches(rowsMax?: number): Iterable<Batch>;
}

/** Some rows of a cursor, by column. */
export interface Batch {
  /** How many rows it has. */
  readonly length: number;
  /** The values of a column, by its name or its position from 0. One that is not there is `conversion`. */
  column<V = Result>(which: string | number): V[];
}

/**
 * Writes rows into one table. One that is not finished fails the hook; after that nothing can be written. What the
 * database says of a row may come with a later one, because rows are sent in batches.
 */
export interface BulkWriter {
  /** Writes one row: its values in the order of the writer's columns, or a property for each. */
  write(row: readonly Parameter[] | Readonly<Record<string, Parameter>>): void;
  /** Writes rows by column, every column as long as the others; several times faster. */
  writeColumns(columns: readonly (readonly Parameter[])[]): void;
  /** Writes what is left; returns how many rows were written in all. */
  finish(): number;
}

// Errors.

/**
 * What sort of error it is, the same on every database: a constraint was violated; another transaction was in the way; not
 * for guests; a bound of the run; not understood, or not one statement; a value does not fit; the connection is gone; else.
 */
export type ErrorKind =
  | "constraint"
  | "serialization"
  | "denied"
  | "limit"
  | "syntax"
  | "conversion"
  | "disconnected"
  | "other";

/**
 * Why a call failed. After a statement has failed, no hook succeeds, on any database: catch it to say more,
 * and throw again.
 *
 * @example
 * try {
 *   db.execute(sql`ALTER TABLE customers ADD CONSTRAINT email_once UNIQUE (email)`);
 * } catch (error) {
 *   throw new Error("two customers have the same address; merge them first", { cause: error });
 * }
 */
export class DatabaseError extends Error {
  constructor(error: {
    kind?: ErrorKind;
    message: string;
    sqlstate?: string | null;
    constraint?: string | null;
    retryable?: boolean;
  });
  /** What sort of error it is, the same on every database. */
  readonly kind: ErrorKind;
  /** The database's five-character code, where it has one. */
  readonly sqlstate: string | null;
  /** The constraint that was violated, where the database names it. */
  readonly constraint: string | null;
  /** Whether the whole alteration may succeed when it is run again. */
  readonly retryable: boolean;
}

// What the operator sees.

/** Logs its values as one line; objects as JSON. */
type Log = (...values: readonly unknown[]) => void;

/** The operator's log. `console` writes to it too. What was logged stays when the hook fails. */
export const log: {
  /** Shown with `--verbose` alone. */
  debug: Log;
  /** What is good to know. */
  info: Log;
  /** What the operator should look at. */
  warn: Log;
  /** What went wrong. */
  error: Log;
};

/**
 * How far the hook is: `done` of `total` rows, or whatever it counts. Cheap, but not free: once a batch, not once a row.
 *
 * @example
 * progress(5_000, 20_000);
 */
export function progress(done: number, total?: number | null): void;

// What the operator says.

/**
 * The settings that the operator gave to this plugin. There is no `process.env`. Not for secrets: values are kept in the
 * database until an alteration of several parts has ended.
 *
 * @example
 * const region = settings.get("REGION") ?? "eu";
 */
export const settings: {
  /**
   * The value of a setting, at most 64 KiB; null where none was given. Ends the hook for a name that the manifest does not
   * declare as one of the alteration's `settings`.
   */
  get(name: string): string | null;
};
