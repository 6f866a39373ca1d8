import { connect } from 'node:net'

import { AnswerReader } from './answers.ts'
import type { FuzzCase } from './case.ts'
import type { Chance } from './chance.ts'
import type { FuzzJudge } from './fuzz-judge.ts'

export interface LaneDeps {
  port: number
  /** The address it connects from; the usual one without. */
  from?: string
  judge: FuzzJudge
  /** The next one; undefined once there are enough. */
  next: () => FuzzCase | undefined
}

/** As many as one write carries, so that answers and requests overlap. */
const pipelined = 16

/**
 * Requests that follow each other on one connection for as long as it lives, sixteen at a time. Resolves when there are
 * no more.
 */
export async function runKeepAliveLane(deps: LaneDeps): Promise<void> {
  for (let left: FuzzCase[] | undefined = []; left !== undefined;) left = await keepConnection(deps, left)
}

/** One connection: gives back what a connection that was closed left unanswered; undefined at the end. */
function keepConnection({ port, from, judge, next }: LaneDeps, left: FuzzCase[]): Promise<FuzzCase[] | undefined> {
  return new Promise((resolve) => {
    const socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      ...(from !== undefined && { localAddress: from }),
    })
    const reader = new AnswerReader()
    let waiting: FuzzCase[] = left
    let mayClose = false
    let isDone = false
    const writeMore = () => {
      while (waiting.length < pipelined) {
        const more = next()
        if (more === undefined) break
        waiting.push(more)
      }
      if (waiting.length > 0) return socket.write(Buffer.concat(waiting.map(({ bytes }) => bytes)))
      isDone = true
      return socket.resetAndDestroy()
    }
    socket.setEncoding('latin1')
    socket.once('connect', writeMore)
    socket.on('data', (text: string) => {
      for (const answer of reader.take(text)) {
        const asked = waiting.shift()
        if (asked === undefined)
          judge.complain({ name: 'too many answers', bytes: Buffer.from(text, 'latin1') }, 'nobody asked')
        else judge.noteAnswer(asked, answer)
        mayClose ||= answer.closes
      }
      if (reader.rest !== '' && !'HTTP/1.1 '.startsWith(reader.rest.slice(0, 9)))
        judge.complain({ name: 'an answer', bytes: Buffer.from(reader.rest, 'latin1') }, 'is none')
      if (waiting.length === 0 && !mayClose) writeMore()
    })
    socket.on('error', () => {}) // shows as closed
    socket.once('close', () => {
      const [first] = waiting
      if (first !== undefined && !mayClose && !isDone) {
        judge.complain(first, 'the connection was closed without a word')
        waiting = waiting.slice(1)
      }
      resolve(isDone ? undefined : waiting)
    })
  })
}

/** Each request on a connection of its own, which it ends. Resolves when there are no more. */
export async function runClosingLane({ port, judge, next }: LaneDeps): Promise<void> {
  for (let fuzzCase = next(); fuzzCase !== undefined; fuzzCase = next())
    await askOnce(port, judge, fuzzCase, ({ bytes }) => [bytes])
}

/** In a few pieces with pauses between them. */
export async function runSlowLane({ port, judge, next }: LaneDeps, chance: Chance): Promise<void> {
  for (let fuzzCase = next(); fuzzCase !== undefined; fuzzCase = next()) {
    await askOnce(port, judge, fuzzCase, ({ bytes }) => pieces(bytes, chance.between(2, 6), chance))
  }
}

function pieces(bytes: Buffer, count: number, chance: Chance): Buffer[] {
  const cuts = Array.from({ length: count - 1 }, () => chance.below(bytes.length)).toSorted((a, b) => a - b)
  return [0, ...cuts].map((from, at) => bytes.subarray(from, cuts[at] ?? bytes.length))
}

/** Begins a request and is gone before it is complete, or before it is answered. */
export async function runLeavingLane({ port, judge, next }: LaneDeps, chance: Chance): Promise<void> {
  for (let fuzzCase = next(); fuzzCase !== undefined; fuzzCase = next()) {
    await leave(port, fuzzCase.bytes.subarray(0, chance.between(0, fuzzCase.bytes.length)), chance.flip())
    judge.noteUnanswered(fuzzCase)
  }
}

function leave(port: number, bytes: Buffer, abruptly: boolean): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    socket.on('error', () => {})
    socket.once('close', () => resolve())
    socket.once('connect', () => socket.write(bytes, () => (abruptly ? socket.resetAndDestroy() : socket.destroy())))
  })
}

const pieceMs = 5
/** For an answer to what is complete. */
const patienceMs = 50

/**
 * Ends its half once it is answered, or when nothing comes: what is incomplete then will never be, and the server need
 * not wait for it.
 */
function askOnce(
  port: number,
  judge: FuzzJudge,
  fuzzCase: FuzzCase,
  cut: (fuzzCase: FuzzCase) => Buffer[],
): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    const reader = new AnswerReader()
    let answers = 0
    let timer: NodeJS.Timeout | undefined
    const left = cut(fuzzCase)
    const writeNext = () => {
      const piece = left.shift()
      if (piece !== undefined) socket.write(piece)
      timer = left.length > 0 ? setTimeout(writeNext, pieceMs) : setTimeout(() => socket.end(), patienceMs)
    }
    socket.setEncoding('latin1')
    socket.once('connect', writeNext)
    socket.on('data', (text: string) => {
      for (const answer of reader.take(text)) {
        answers += 1
        judge.noteAnswer(answers === 1 ? fuzzCase : followerOf(fuzzCase), answer)
      }
      if (answers > 0) socket.end()
    })
    socket.on('error', () => {})
    socket.once('close', () => {
      clearTimeout(timer)
      if (reader.rest !== '') judge.complain(fuzzCase, `an answer that is none: ${reader.rest.slice(0, 200)}`)
      if (answers === 0) judge.noteUnanswered(fuzzCase)
      resolve()
    })
  })
}

/** What stands behind the first request of a garbled one is never a delivery that verifies: each is signed once. */
function followerOf({ name, bytes, mayStore }: FuzzCase): FuzzCase {
  return { name: `${name}, what follows`, bytes, ...(mayStore !== undefined && { mayStore }) }
}

/** Says the beginning and nothing more. Resolves, once the server has ended it, with what it answered. */
export function stall(port: number, bytes: Buffer): Promise<number[]> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    const reader = new AnswerReader()
    const statuses: number[] = []
    socket.setEncoding('latin1')
    socket.once('connect', () => socket.write(bytes))
    socket.on('data', (text: string) => statuses.push(...[...reader.take(text)].map(({ status }) => status)))
    socket.on('error', () => {})
    socket.once('close', () => resolve(statuses))
  })
}
