// Keeps a table of batches: asks Gemini how the job of each event is, and writes event and job in one statement, so
// that neither is there without the other.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

import { GoogleGenAI } from '@google/genai'
import { Pool } from 'pg'

const gemini = new GoogleGenAI({}) // takes GEMINI_API_KEY from the environment
const pool = new Pool({ connectionString: process.env['DATABASE_URL'], connectionTimeoutMillis: 3_000 })
pool.on('error', (error) => console.error('connection lost:', error.message))

const upsert = `
  WITH taken AS (INSERT INTO gemini_events (source, id) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id)
  INSERT INTO gemini_jobs (name, state, result) SELECT $3, $4, $5::jsonb FROM taken
  ON CONFLICT (name) DO UPDATE
    SET state = excluded.state, result = excluded.result, changes = gemini_jobs.changes + 1`

async function take({ method, headers }: IncomingMessage): Promise<number> {
  const { 'ce-source': source, 'ce-id': id, 'ce-type': type, 'ce-subject': subject } = headers
  if (method !== 'POST' || !source || !id || !type) return 400
  if (!String(type).startsWith('com.google.gemini.batch.') || !subject) return 204 // not ours
  const name = decodeURIComponent(String(subject))
  const { state, dest } = await gemini.batches.get({ name })
  await pool.query(upsert, [source, id, name, state, dest ?? null])
  return 204
}

const server = createServer((request, response) => {
  request.resume()
  take(request).then(
    (status) => response.writeHead(status).end(),
    (error: Error) => {
      console.error('later:', error.message)
      response.writeHead(503).end() // it is tried again, for a day
    },
  )
})
await pool.query(readFileSync(new URL('schema.sql', import.meta.url), 'utf8'))
await once(server.listen(Number(process.env['PORT'] ?? 8080)), 'listening')
console.log(`taking events on port ${(server.address() as AddressInfo).port}`)
