import assert from 'node:assert/strict'
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { systemClock } from '../../../src/clock.ts'
import type { StepEntry } from '../../../src/contract/feed-entry.ts'
import { createDispatcher } from '../../../src/dispatcher/dispatcher.ts'
import { parseEnvelope } from '../../../src/gemini/parse-event.ts'
import { createLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { reportSinks } from '../../../src/receiver/report-sinks.ts'
import { createAddressRules } from '../../../src/sinks/address-guard.ts'
import type { LookupAll } from '../../../src/sinks/guarded-lookup.ts'
import { createHttpSink } from '../../../src/sinks/http-sink.ts'
import { aClaim, aSink } from '../../support/builders/deliveries.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'
import { anHttpsServer, server as certificate } from '../../support/doubles/https-sinks.ts'
import { judgeHere } from '../../support/doubles/judge-here.ts'
import { MemoryInbox } from '../../support/doubles/memory-inbox.ts'
import { RawServer, type Play } from '../../support/doubles/raw-server.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { recordSecret } from '../../support/measures/run-record.ts'

const secret = 'a-secret-of-the-path'
const path = `/services/${secret}?token=${secret}`

/**
 * Everything that a receiver tells of a sink whose URL is a secret, and of a dead letter destination alike, after one
 * delivery to both: its log at its most talkative, metrics, feed, what the inbox keeps, and the report.
 */
async function tellAll(
  t: TestContext,
  url: string,
  { lookup, timeoutMs = 10_000 }: { lookup?: LookupAll; timeoutMs?: number } = {},
): Promise<string> {
  recordSecret(url)
  const folder = mkdtempSync(join(tmpdir(), 'gwh-secret-url-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const log = join(folder, 'log')
  const clock = new FakeClock()
  const inbox = new MemoryInbox(clock)
  const metrics = createMetrics()
  const feed: StepEntry[] = []
  const addressRules = createAddressRules({ allowLoopback: true })
  const sinks = createHttpSink({ parseEnvelope, clock: systemClock, addressRules, ...(lookup && { lookup }) })
  t.after(() => sinks.close())
  const destination = { type: 'http', url, isSecret: true, reach: 'public' } as const
  const delivery = { ...aSink().delivery, retry: 0, timeoutMs }
  const dispatcher = createDispatcher({
    inbox,
    sinks,
    resolveSink: () => aSink({ destination, delivery, deadLetter: destination }),
    judgeFilter: judgeHere(),
    clock,
    random: () => 0.5,
    logger: createLogger({ level: 'debug', name: 'receiver', fd: openSync(log, 'a') }),
    metrics,
    maxInFlight: 8,
    onStep: (entry) => feed.push(entry),
  })
  inbox.add(aClaim())
  dispatcher.start()
  await eventually(
    'the delivery has its next step',
    async () => {
      await clock.advance({ seconds: 1 })
      return inbox.steps.length > 0
    },
    { timeoutMs: 20_000, intervalMs: 20 },
  )
  await clock.advance({ seconds: 30 })
  const states = dispatcher.sinkStates()
  const report = reportSinks({ backlog: [], states, nowMs: clock.now(), namespaceOf: () => 'ml' })
  const { text } = await metrics.expose()
  await dispatcher.drain(0)
  return [readFileSync(log, 'utf8'), text, JSON.stringify([feed, inbox.steps, states, report])].join('\n')
}

function assertSilent(told: string): void {
  assert.match(told, /"message":"delivery\.attempted"/)
  assert.match(told, /gwh_delivery_attempts_total\{sink_type="http"/)
  assert.ok(
    !told.includes(secret),
    told.split('\n').find((line) => line.includes(secret)),
  )
}

const answer = (status: string, headers = '', body = ''): Play => {
  return (socket) =>
    socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\n${headers}content-length: ${body.length}\r\n\r\n${body}`)
}
const plays: Record<string, Play> = {
  'a redirect to the URL itself': answer('302 Found', `location: https://chat.example${path}\r\n`),
  'a refusal for good, with the path in its body': answer('400 Bad Request', '', `no such path: ${path}`),
  'a refusal of the credentials, with the path in a header': answer('403 Forbidden', `x-path: ${path}\r\n`),
  'an error, with the path as its reason': answer(`500 ${path}`),
  'a wish to wait that is the path': answer('503 Unavailable', `retry-after: ${path}\r\n`),
  'no HTTP but the path': (socket) => socket.end(`${path}\r\n\r\n`),
  'headers that are none': (socket) => socket.end(`HTTP/1.1 abc\r\n${path}\r\n\r\n`),
  'nothing, and the end': (socket) => socket.destroy(),
  nothing: () => {},
}
for (const [name, play] of Object.entries(plays)) {
  test(`a sink that answers with ${name} makes nothing tell its path`, async (t) => {
    const targets: string[] = []
    const server = await RawServer.start((socket, nth, head) => {
      targets.push(head.split(' ')[1] ?? '')
      play(socket, nth, head)
    })
    t.after(() => server.close())
    const timeoutMs = name === 'nothing' ? 100 : 10_000
    assertSilent(await tellAll(t, server.url.replace(/\/$/, path), { timeoutMs }))
    assert.ok(targets.length > 0 && targets.every((target) => target === path), 'the path is what was asked for')
  })
}

test('a sink whose certificate is not trusted makes nothing tell its path', async (t) => {
  const { url } = await anHttpsServer(t, certificate(1))
  const told = await tellAll(t, url.replace(/\/$/, path))
  assertSilent(told)
  assert.match(told, /"cause":"tls"/)
})

test('a sink that is not there makes nothing tell its path', async (t) => {
  const closed = createServer()
  await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve))
  const { port } = closed.address() as AddressInfo
  await new Promise((resolve) => closed.close(resolve))
  const told = await tellAll(t, `http://127.0.0.1:${port}${path}`)
  assertSilent(told)
  assert.match(told, /"cause":"connectionRefused"/)
})

test('a name that cannot be resolved makes nothing tell the path, whatever the resolver says', async (t) => {
  const url = `https://chat.example${path}`
  const error = Object.assign(new Error(`no address of ${url}`), { code: 'ENOTFOUND', url })
  const told = await tellAll(t, url, { lookup: (_name, callback) => callback(error, []) })
  assertSilent(told)
  assert.match(told, /"cause":"nameNotResolved"/)
})

const unusable: Record<string, { url: string; cause: string }> = {
  'an address that sinks may not reach': { url: `http://169.254.169.254${path}`, cause: 'forbiddenAddress' },
  'no URL': { url: path, cause: 'badUrl' },
  'a URL with userinfo': { url: `https://u:${secret}@chat.example/`, cause: 'badUrl' },
  'a URL of another scheme': { url: `gopher://chat.example${path}`, cause: 'badUrl' },
  'a URL with a port that is none': { url: `http://chat.example:99999${path}`, cause: 'badUrl' },
}
for (const [name, { url, cause }] of Object.entries(unusable)) {
  test(`a keyring that has ${name} makes nothing tell it`, async (t) => {
    const told = await tellAll(t, url)
    assertSilent(told)
    assert.ok(told.includes(`"cause":"${cause}"`))
  })
}
