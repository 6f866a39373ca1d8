-- What has been taken, so that an event that comes again changes nothing.
CREATE TABLE IF NOT EXISTS gemini_events (
  source text NOT NULL,
  id text NOT NULL,
  taken_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (source, id)
);

-- One row for each job, as the Gemini API shows it.
CREATE TABLE IF NOT EXISTS gemini_jobs (
  name text PRIMARY KEY,
  state text NOT NULL,
  result jsonb,
  changes integer NOT NULL DEFAULT 1
);
