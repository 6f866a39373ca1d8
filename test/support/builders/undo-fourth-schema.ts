import type { DatabaseSync } from 'node:sqlite'

/**
 * Makes of an inbox file of today one of the third schema: ids are found in their events. Those of
 * events that have ended are lost.
 */
export function undoFourthSchema(database: DatabaseSync): void {
  database.exec(`
    DROP TABLE kept;
    DROP INDEX events_kept;
    ALTER TABLE events DROP COLUMN kept;
    ALTER TABLE dead_letters DROP COLUMN first_due_ms;
    ALTER TABLE dead_letters DROP COLUMN last_cause;
    DROP INDEX deliveries_due;
    ALTER TABLE deliveries DROP COLUMN first_claim;
    CREATE INDEX deliveries_due ON deliveries (lane, due_at_ms);
    ALTER TABLE events DROP COLUMN forget_at_s;
    DROP TABLE ids;
    ALTER TABLE owners DROP COLUMN charged_bytes;
    ALTER TABLE owners DROP COLUMN remembered_ids;
    ALTER TABLE events DROP COLUMN charged_bytes;
    UPDATE events SET object = (SELECT namespace || '/' || name FROM owners WHERE id = events.owner);
    CREATE UNIQUE INDEX IF NOT EXISTS events_by_id ON events (object, event_id);
    CREATE INDEX IF NOT EXISTS events_to_forget ON events (forget_at_ms) WHERE forget_at_ms IS NOT NULL;
    PRAGMA user_version = 3`)
}
