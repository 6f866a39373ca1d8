import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ROOT_CONTEXT } from '@opentelemetry/api'
import { ExportResultCode, type ExportResult } from '@opentelemetry/core'
import { TracerProvider, type ReadableSpan, type SpanProcessor } from '@opentelemetry/sdk-trace'

import { silentLogger, type Logger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { BoundedExport, maxHeldSpans } from '../../../src/tracing/bounded-export.ts'

const taken: ExportResult = { code: ExportResultCode.SUCCESS }
const failed = (error: Error): ExportResult => ({ code: ExportResultCode.FAILED, error })

function aBoundedExport() {
  const lines: unknown[] = []
  const noting: Logger['info'] = (details, event) => void lines.push({ event, ...details })
  const metrics = createMetrics()
  let answer: ExportResult = taken
  let waiting: (() => void)[] | undefined
  const inner = {
    export: (_spans: ReadableSpan[], done: (result: ExportResult) => void) => {
      if (waiting === undefined) done(answer)
      else waiting.push(() => done(answer))
    },
    shutdown: () => Promise.resolve(),
  }
  const bounded = new BoundedExport(inner, { metrics, logger: { ...silentLogger, info: noting, warn: noting } })
  const held: ReadableSpan[] = []
  const holding: SpanProcessor = {
    onStart: () => {},
    onEnd: (span) => void held.push(span),
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  }
  const tracer = new TracerProvider({ spanProcessors: [bounded.guard(holding)] }).getTracer('test')
  const end = (count: number) => {
    for (let at = 0; at < count; at += 1) tracer.startSpan('x', {}, ROOT_CONTEXT).end()
  }
  const send = (count: number) => bounded.export(held.splice(0, count), () => {})
  const dropped = async () => {
    const { text } = await metrics.expose()
    return [...text.matchAll(/^gwh_trace_spans_dropped_total\{reason="(\w+)"\} (\d+)$/gm)].map(([, reason, count]) => [
      reason,
      Number(count),
    ])
  }
  /** From now on; the function that it returns gives all answers. */
  const holdAnswers = () => {
    const held: (() => void)[] = (waiting = [])
    return () => held.forEach((give) => give())
  }
  return { lines, end, send, dropped, held, holdAnswers, answerWith: (next: ExportResult) => (answer = next) }
}

test('what waits is bounded; what is more is dropped and counted, and there is room again once some is sent', async () => {
  const { end, send, dropped, held, lines } = aBoundedExport()
  end(maxHeldSpans + 5)
  assert.equal(held.length, maxHeldSpans)
  assert.deepEqual(await dropped(), [['QueueFull', 5], ['NotTaken', 0]]) // prettier-ignore
  send(512)
  end(600)
  assert.equal(held.length, maxHeldSpans)
  assert.deepEqual(await dropped(), [['QueueFull', 5 + 600 - 512], ['NotTaken', 0]]) // prettier-ignore
  assert.deepEqual(lines, [])
})

test('what is on its way to a collector that does not end its answer is among what is held', () => {
  const { end, send, held, holdAnswers } = aBoundedExport()
  const release = holdAnswers()
  for (let batch = 0; batch < 10; batch += 1) {
    end(512)
    send(512)
  }
  assert.equal(held.length, 0)
  end(1)
  assert.equal(held.length, 0, 'there is no room while nothing is answered')
  release()
  end(1)
  assert.equal(held.length, 1)
})

test('one line when sending begins to fail, one when it works again, however often it fails between', async () => {
  const { end, send, dropped, lines, answerWith } = aBoundedExport()
  answerWith(failed(Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:4318'), { code: 'ECONNREFUSED' })))
  for (let round = 0; round < 3; round += 1) {
    end(10)
    send(10)
  }
  answerWith(taken)
  end(4)
  send(2)
  send(2)
  assert.deepEqual(lines, [
    { event: 'traces.not_taken', cause: 'ECONNREFUSED', spans: 10 },
    { event: 'traces.taken_again', spans: 30 },
  ])
  assert.deepEqual(await dropped(), [['QueueFull', 0], ['NotTaken', 30]]) // prettier-ignore
})

test('the line says a code or a status, and nothing that a collector or a header says', () => {
  const causes = [
    failed(Object.assign(new Error('Unauthorized'), { code: 401, data: 'Bearer abc is not known' })),
    failed(Object.assign(new Error('x'), { code: 'Bearer abc' })),
    failed(new Error('Authorization: Bearer abc')),
  ].map((result) => {
    const { end, send, lines, answerWith } = aBoundedExport()
    answerWith(result)
    end(1)
    send(1)
    return (lines[0] as { cause: string }).cause
  })
  assert.deepEqual(causes, ['status 401', 'noAnswer', 'noAnswer'])
})
