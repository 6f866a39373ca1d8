import type { DatabaseSync } from 'node:sqlite'

import { parseEnvelope } from '../../gemini/parse-event.ts'

/** "GWHI": distinguishes our files from other SQLite files. */
const applicationId = 0x47574849

/**
 * Each step takes the schema from its position to the next and is never edited once released. Bodies stay out of every
 * index. What has ended leaves: a delivery's row on success, an event's with its last delivery, that of an id when it
 * may be forgotten.
 */
const migrations: readonly string[] = [
  `
  CREATE TABLE owners (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uid TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
    events INTEGER NOT NULL DEFAULT 0, body_bytes INTEGER NOT NULL DEFAULT 0,
    pending INTEGER NOT NULL DEFAULT 0, dead_letters INTEGER NOT NULL DEFAULT 0,
    UNIQUE (uid, namespace, name)
  );
  -- A lane is one sink of one object: the unit of fairness.
  CREATE TABLE lanes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    owner INTEGER NOT NULL, sink TEXT NOT NULL,
    UNIQUE (owner, sink)
  );
  CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    owner INTEGER NOT NULL,
    object TEXT NOT NULL,                    -- namespace/name: with event_id the dedupe key
    event_id TEXT NOT NULL,
    open INTEGER NOT NULL,                   -- deliveries and dead letters that still need the body
    forget_at_ms INTEGER,                    -- set once the body is gone
    sent_at_s REAL NOT NULL, received_at_ms INTEGER NOT NULL, mode TEXT NOT NULL,
    content_type TEXT NOT NULL, signature TEXT NOT NULL, body_bytes INTEGER NOT NULL,
    body BLOB
  );
  CREATE UNIQUE INDEX events_by_id ON events (object, event_id);
  CREATE INDEX events_to_forget ON events (forget_at_ms) WHERE forget_at_ms IS NOT NULL;
  CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    event INTEGER NOT NULL, lane INTEGER NOT NULL,
    due_at_ms INTEGER NOT NULL, first_due_ms INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    claims INTEGER NOT NULL DEFAULT 0,       -- all of them: the fence
    unrecorded INTEGER NOT NULL DEFAULT 0,   -- claims since the last record: crashes, unless one is running
    replayed INTEGER NOT NULL DEFAULT 0
  );
  CREATE INDEX deliveries_due ON deliveries (lane, due_at_ms);
  CREATE TABLE dead_letters (
    id INTEGER PRIMARY KEY,                  -- that of the delivery
    event INTEGER NOT NULL, lane INTEGER NOT NULL, owner INTEGER NOT NULL,
    reason TEXT NOT NULL, attempts INTEGER NOT NULL, ended_at_ms INTEGER NOT NULL
  );
  CREATE INDEX dead_letters_by_owner ON dead_letters (owner, id);
  CREATE INDEX dead_letters_by_end ON dead_letters (ended_at_ms);
  `,
  `
  ALTER TABLE dead_letters ADD COLUMN event_type TEXT NOT NULL DEFAULT 'unknown';
  UPDATE dead_letters SET event_type = gwh_event_type((SELECT body FROM events WHERE seq = dead_letters.event));
  `,
  `
  ALTER TABLE deliveries ADD COLUMN last_cause TEXT NOT NULL DEFAULT '';
  ALTER TABLE deliveries ADD COLUMN last_step_ms INTEGER NOT NULL DEFAULT 0;  -- 0: no step was recorded, or by a version before
  `,
  // Ids by themselves. Those that an older file has in its events follow in slices (unmoved-ids.ts), with the object in
  // each row; later rows have none.
  `
  CREATE TABLE ids (
    hash BLOB PRIMARY KEY,                   -- of namespace, name and event id: the dedupe key
    owner INTEGER NOT NULL,
    forget_at_s INTEGER NOT NULL             -- 0 while its event is kept, and no end is in sight
  ) WITHOUT ROWID;
  CREATE INDEX ids_to_forget ON ids (forget_at_s) WHERE forget_at_s > 0;
  ALTER TABLE owners ADD COLUMN charged_bytes INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE owners ADD COLUMN remembered_ids INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE events ADD COLUMN charged_bytes INTEGER NOT NULL DEFAULT 0;  -- 0: by a version before, charged for its body alone
  UPDATE owners SET charged_bytes = body_bytes;
  `,
  // What ends at its first attempt is in no index: whoever holds the claim knows its row, and its id has its time from
  // the beginning.
  `
  ALTER TABLE deliveries ADD COLUMN first_claim INTEGER NOT NULL DEFAULT 0;  -- 1: by its append, and not over yet
  DROP INDEX deliveries_due;
  CREATE INDEX deliveries_due ON deliveries (lane, due_at_ms) WHERE first_claim = 0;
  ALTER TABLE events ADD COLUMN forget_at_s INTEGER NOT NULL DEFAULT 0;      -- as its id has it
  DROP INDEX ids_to_forget;
  `,
  // Both as the delivery had them; 0 and '' of what a version before gave up.
  `
  ALTER TABLE dead_letters ADD COLUMN first_due_ms INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE dead_letters ADD COLUMN last_cause TEXT NOT NULL DEFAULT '';
  `,
  // What succeeded and is kept: nothing of it is touched where nothing is kept.
  `
  ALTER TABLE events ADD COLUMN kept INTEGER NOT NULL DEFAULT 0;             -- deliveries that succeeded and keep the body
  CREATE INDEX events_kept ON events (owner, seq) WHERE kept > 0;
  CREATE TABLE kept (
    id INTEGER PRIMARY KEY,                  -- that of the delivery
    event INTEGER NOT NULL, lane INTEGER NOT NULL, event_type TEXT NOT NULL,
    ended_at_ms INTEGER NOT NULL, keep_until_ms INTEGER NOT NULL
  );
  CREATE INDEX kept_by_event ON kept (event);
  CREATE INDEX kept_by_end ON kept (ended_at_ms);
  CREATE INDEX kept_by_time ON kept (keep_until_ms);
  `,
]

/**
 * Columns that are no new schema, because older versions go on with a file that has them: they name what they read and
 * write, so that they leave these at their defaults. Only for what may be missing.
 */
const additions = [
  { table: 'events', column: 'trace', definition: "TEXT NOT NULL DEFAULT ''" },
  // What it is recognised by in the place of its id, and for how long; '' and 0 where it is by its id.
  { table: 'events', column: 'dedupe_key', definition: "TEXT NOT NULL DEFAULT ''" },
  { table: 'events', column: 'remember_ms', definition: 'INTEGER NOT NULL DEFAULT 0' },
] as const

function addMissing(database: DatabaseSync): void {
  const known = database.prepare('SELECT count(*) AS n FROM pragma_table_info(?) WHERE name = ?')
  for (const { table, column, definition } of additions) {
    if (known.get(table, column)?.['n'] === 0) database.exec(`ALTER TABLE ${table} ADD COLUMN ${column} ${definition}`)
  }
}

/** `gwh_event_type(body)`: how the sender named the event. */
function addFunctions(database: DatabaseSync): void {
  database.function('gwh_event_type', { deterministic: true }, (body) =>
    body instanceof Uint8Array ? parseEnvelope(body).type : 'unknown',
  )
}

function readPragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name])
}

/** By which ids were found before the fourth schema. */
export const oldIdIndex = 'events_by_id'
export const dropOldIdIndexes = `DROP INDEX ${oldIdIndex}; DROP INDEX events_to_forget`

/**
 * Brings the file to today's schema, or to an older one, in one transaction, and gives the connection the functions
 * that it uses. Throws when the file is a stranger's or of a newer version.
 */
export function migrate(database: DatabaseSync, upTo = migrations.length): void {
  const owner = readPragma(database, 'application_id')
  const version = readPragma(database, 'user_version')
  const tables = Number(database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n'])
  if (owner !== applicationId && (owner !== 0 || version !== 0 || tables !== 0)) {
    throw new Error('the file is an SQLite database of another program; give the inbox a folder of its own')
  }
  if (version > migrations.length) {
    throw new Error(
      `the file has schema ${version}, this program knows up to ${migrations.length}; run the newer version that wrote it, or a later one`,
    )
  }
  addFunctions(database)
  database.exec('BEGIN IMMEDIATE')
  for (const migration of migrations.slice(version, upTo)) database.exec(migration)
  if (version === 0 && upTo === migrations.length) database.exec(dropOldIdIndexes) // nothing to move
  if (upTo === migrations.length) addMissing(database)
  database.exec(`PRAGMA application_id = ${applicationId}`)
  database.exec(`PRAGMA user_version = ${upTo}`)
  database.exec('COMMIT')
}
