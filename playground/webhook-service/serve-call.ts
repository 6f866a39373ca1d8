import type { FastifyReply, FastifyRequest } from 'fastify'

import type { Clock } from '../clock.ts'
import type { CallLog, LoggedCall, Verb } from './call-log.ts'
import type { CallEffect, Faults } from './faults.ts'
import {
  answered,
  invalidKey,
  missingKey,
  renderProblem,
  resourceExhausted,
  type Answer,
  type ApiProblem,
} from './problem.ts'
import type { RateLimit } from './rate-limit.ts'
import { spaceFor, type WebhookStore } from './store.ts'
import type { Switches } from './switches.ts'

export interface AuthenticatedCall {
  project: string
  space: string
  lagMs: number
  /** By how many places the page that is asked for has moved on. */
  pageShift: number
  /** The next page is to be this one. */
  repeatsPage: boolean
  body: unknown
  query: Record<string, unknown>
}

interface Call {
  verb: Verb
  version: string
  webhookId?: string
  /** Needs no API key; the project is empty then. */
  open?: boolean
  operation: (call: AuthenticatedCall) => Answer
}

export interface CallServer {
  serve(request: FastifyRequest, reply: FastifyReply, call: Call): Promise<void>
}

type Effect<Type extends CallEffect['type']> = Extract<CallEffect, { type: Type }>
const effectOf = <Type extends CallEffect['type']>(effects: readonly CallEffect[], type: Type) =>
  effects.find((effect): effect is Effect<Type> => effect.type === type)

const json = 'application/json; charset=UTF-8'

/**
 * One request from its faults before the commit, over credentials and the operation, to its answer or the fault in its
 * place.
 */
export function createCallServer(deps: {
  store: WebhookStore
  faults: Faults
  log: CallLog
  rateLimit: RateLimit
  switches: () => Switches
  clock: Clock
}): CallServer {
  const { store, faults, log, rateLimit, switches, clock } = deps

  function authenticate(request: FastifyRequest): Answer<string> {
    const header = request.headers['x-goog-api-key']
    if (typeof header !== 'string' || header === '') return missingKey
    const project = store.projectOf(header)
    if (project === undefined) return invalidKey(switches().invalidKey)
    const waitSeconds = rateLimit.admit(project, switches().maxRequestsPerMinute, clock.now())
    return waitSeconds === undefined
      ? answered(project)
      : resourceExhausted('Quota exceeded for requests per minute.', waitSeconds)
  }

  function operate(request: FastifyRequest, call: Call, effects: readonly CallEffect[]): Answer {
    const project: Answer<string> = call.open === true ? answered('') : authenticate(request)
    if (!project.ok) return project
    const body = parseBody(request.body)
    if (!body.ok) return body
    const version = switches().apiVersions === 'twoStores' ? call.version : undefined
    return call.operation({
      project: project.value,
      space: spaceFor(project.value, version),
      lagMs: effectOf(effects, 'lag')?.ms ?? 0,
      pageShift: effectOf(effects, 'shiftPage')?.by ?? 0,
      repeatsPage: effectOf(effects, 'repeatPage') !== undefined,
      body: body.value,
      query: request.query as Record<string, unknown>,
    })
  }

  return {
    async serve(request, reply, call) {
      const header = request.headers['x-goog-api-key']
      const project = typeof header === 'string' ? store.projectOf(header) : undefined
      const effects = faults.strikeCall({ verb: call.verb, project })
      const entry: LoggedCall = {
        atMs: clock.now(),
        verb: call.verb,
        version: call.version,
        project,
        webhookId: call.webhookId,
        committed: false,
        status: undefined,
        faults: effects.map(({ type }) => type),
      }
      const latency = effectOf(effects, 'latency')
      if (latency !== undefined) await new Promise<void>((resolve) => void clock.after(latency.ms, resolve))
      const before = disturbance(effects, 'beforeCommit')
      const answer = before === undefined ? operate(request, call, effects) : undefined
      entry.committed = answer?.ok === true
      const fault = before ?? disturbance(effects, 'afterCommit')
      entry.status = statusOf(fault, answer)
      log.add(entry)
      if (fault !== undefined) return sendFault(request, reply, fault)
      if (answer !== undefined) sendAnswer(reply, answer, switches(), effects)
    },
  }
}

type Disturbance = Effect<'hang'> | Effect<'reset'> | Effect<'status'>

function disturbance(effects: readonly CallEffect[], when: 'beforeCommit' | 'afterCommit'): Disturbance | undefined {
  return effects.find(
    (effect): effect is Disturbance =>
      (effect.type === 'hang' || effect.type === 'reset' || effect.type === 'status') && effect.when === when,
  )
}

function statusOf(fault: Disturbance | undefined, answer: Answer | undefined): number | undefined {
  if (fault !== undefined) return fault.type === 'status' ? fault.status : undefined
  if (answer === undefined) return undefined
  return answer.ok ? 200 : answer.problem.status
}

function parseBody(raw: unknown): Answer {
  if (typeof raw !== 'string' || raw === '') return answered(undefined)
  try {
    return answered(JSON.parse(raw) as unknown)
  } catch {
    const message = 'Invalid JSON payload received.'
    return { ok: false, problem: { status: 400, rpcStatus: 'INVALID_ARGUMENT', code: 'invalid_request', message } }
  }
}

function sendAnswer(reply: FastifyReply, answer: Answer, switches: Switches, effects: readonly CallEffect[]): void {
  if (!answer.ok) return sendProblem(reply, answer.problem, switches.errorShape)
  const text = rewritten(JSON.stringify(answer.value), effects)
  switch (effectOf(effects, 'garble')?.how) {
    case undefined:
      return void reply.code(200).header('content-type', json).send(text)
    case 'html':
      return void reply.code(200).header('content-type', 'text/html').send(`<html>${text}</html>`)
    case 'noContentType':
      // Behind fastify's back, which gives everything a content type.
      reply.hijack()
      return void reply.raw.writeHead(200).end(text)
    case 'noContent':
      return void reply.code(204).send()
    case 'truncated':
      return void reply.code(200).header('content-type', json).send(text.slice(0, -1))
    case 'emptyObject':
      return void reply.code(200).header('content-type', json).send('{}')
  }
}

function rewritten(text: string, effects: readonly CallEffect[]): string {
  return effects.reduce(
    (so, effect) => (effect.type === 'rewrite' ? so.replaceAll(effect.replace, effect.by) : so),
    text,
  )
}

function sendProblem(reply: FastifyReply, problem: ApiProblem, shape: Switches['errorShape']): void {
  if (problem.retryAfterSeconds !== undefined && problem.retryAfterSeconds > 0) {
    void reply.header('retry-after', String(problem.retryAfterSeconds))
  }
  void reply
    .code(problem.status)
    .header('content-type', json)
    .send(JSON.stringify(renderProblem(problem, shape)))
}

function sendFault(request: FastifyRequest, reply: FastifyReply, fault: Disturbance): void {
  switch (fault.type) {
    case 'hang':
      return void reply.hijack()
    case 'reset':
      reply.hijack()
      request.raw.socket.resetAndDestroy()
      return
    case 'status':
      return sendStatus(reply, fault)
  }
}

const rpcStatusOf: Record<number, string> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  408: 'DEADLINE_EXCEEDED',
  409: 'ABORTED',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  501: 'UNIMPLEMENTED',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
}

function sendStatus(reply: FastifyReply, { status, shape, message, reason, retryAfter }: Effect<'status'>): void {
  if (retryAfter !== undefined) void reply.header('retry-after', retryAfter)
  if (shape === 'empty') return void reply.code(status).send()
  if (shape === 'html') {
    return void reply.code(status).header('content-type', 'text/html').send(`<html><body>${status}</body></html>`)
  }
  const rpcStatus = rpcStatusOf[status] ?? 'UNKNOWN'
  const problem = { status, rpcStatus, code: rpcStatus.toLowerCase(), message, ...(reason !== undefined && { reason }) }
  sendProblem(reply, problem, shape)
}
