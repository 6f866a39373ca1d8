import { unreachable } from '../../unreachable.ts'
import { deadLetterReasons, type AppendResult, type FirstLeases, type NewEvent, type NextStep } from '../port.ts'
import type { ByteReader, ByteWriter } from './byte-codec.ts'

/** The hot operations travel packed in one transferred buffer per batch: one message per event would halve the rate. */
export type PackedItem =
  /** `leases`: absent where nothing is claimed with it. */
  | { type: 'append'; event: NewEvent; leases?: FirstLeases }
  /** `claim` is the fence: it is another one once the delivery was claimed again. */
  | { type: 'record'; id: number; claim: number; next: NextStep }

const appendKind = 1
const recordKind = 2
const claimingAppendKind = 3

export function packAppend(writer: ByteWriter, event: NewEvent, leases?: FirstLeases): void {
  writer.byte(leases === undefined ? appendKind : claimingAppendKind)
  packEvent(writer, event)
  if (leases !== undefined) packLeases(writer, leases)
}

export function packRecord(writer: ByteWriter, id: number, claim: number, next: NextStep): void {
  writer.byte(recordKind)
  writer.number(id)
  writer.number(claim)
  packStep(writer, next)
}

export function unpackItem(reader: ByteReader): PackedItem {
  const kind = reader.byte()
  if (kind === appendKind) return { type: 'append', event: unpackEvent(reader) }
  if (kind === claimingAppendKind) return { type: 'append', event: unpackEvent(reader), leases: unpackLeases(reader) }
  if (kind === recordKind)
    return { type: 'record', id: reader.number(), claim: reader.number(), next: unpackStep(reader) }
  throw new Error(`packed item of unknown kind ${kind}`)
}

export function packEvent(writer: ByteWriter, event: NewEvent): void {
  writer.text(event.owner.uid)
  writer.text(event.owner.namespace)
  writer.text(event.owner.name)
  writer.text(event.eventId)
  writer.number(event.sentAtSeconds)
  writer.number(event.receivedAtMs)
  writer.byte(event.mode === 'static' ? 0 : 1)
  writer.text(event.contentType)
  writer.text(event.signature)
  writer.bytes(event.body)
  writer.text(event.trace ?? '')
  writer.text(event.dedupe?.key ?? '')
  if (event.dedupe !== undefined) writer.number(event.dedupe.rememberMs)
  writer.number(event.sinks.length)
  for (const sink of event.sinks) writer.text(sink)
}

export function unpackEvent(reader: ByteReader): NewEvent {
  return {
    owner: { uid: reader.text(), namespace: reader.text(), name: reader.text() },
    eventId: reader.text(),
    sentAtSeconds: reader.number(),
    receivedAtMs: reader.number(),
    mode: reader.byte() === 0 ? 'static' : 'dynamic',
    contentType: reader.text(),
    signature: reader.text(),
    body: reader.bytes(),
    ...unpackTrace(reader),
    ...unpackDedupe(reader),
    sinks: Array.from({ length: reader.number() }, () => reader.text()),
  }
}

function unpackTrace(reader: ByteReader): Pick<NewEvent, 'trace'> {
  const trace = reader.text()
  return trace === '' ? {} : { trace }
}

function unpackDedupe(reader: ByteReader): Pick<NewEvent, 'dedupe'> {
  const key = reader.text()
  return key === '' ? {} : { dedupe: { key, rememberMs: reader.number() } }
}

function packLeases(writer: ByteWriter, leases: FirstLeases): void {
  writer.number(leases.size)
  for (const [sink, leaseMs] of leases) {
    writer.text(sink)
    writer.number(leaseMs)
  }
}

function unpackLeases(reader: ByteReader): FirstLeases {
  return new Map(Array.from({ length: reader.number() }, () => [reader.text(), reader.number()]))
}

const stepKinds = { Succeed: 1, Skip: 2, RetryAt: 3, Hold: 4, DeadLetter: 5, Keep: 6 } as const

function packStep(writer: ByteWriter, next: NextStep): void {
  if (next.type === 'Succeed' && next.keepUntilMs !== undefined) {
    writer.byte(stepKinds.Keep)
    return writer.number(next.keepUntilMs)
  }
  writer.byte(stepKinds[next.type])
  switch (next.type) {
    case 'Succeed':
    case 'Skip':
      return
    case 'RetryAt':
      writer.number(next.atMs)
      return writer.text(next.cause ?? '')
    case 'Hold':
      writer.number(next.untilMs)
      return writer.text(next.cause ?? '')
    case 'DeadLetter':
      // Positions travel between threads of one program only; the database holds the words.
      writer.byte(deadLetterReasons.indexOf(next.reason))
      writer.byte(next.unsent === true ? 1 : 0)
      return writer.text(next.cause ?? '')
    default:
      return unreachable(next)
  }
}

function unpackStep(reader: ByteReader): NextStep {
  const kind = reader.byte()
  switch (kind) {
    case stepKinds.Succeed:
      return { type: 'Succeed' }
    case stepKinds.Keep:
      return { type: 'Succeed', keepUntilMs: reader.number() }
    case stepKinds.Skip:
      return { type: 'Skip' }
    case stepKinds.RetryAt:
      return { type: 'RetryAt', atMs: reader.number(), ...unpackCause(reader) }
    case stepKinds.Hold:
      return { type: 'Hold', untilMs: reader.number(), ...unpackCause(reader) }
    case stepKinds.DeadLetter: {
      const reason = deadLetterReasons[reader.byte()]
      if (reason === undefined) throw new Error('packed step with an unknown dead-letter reason')
      const isUnsent = reader.byte() === 1
      return { type: 'DeadLetter', reason, ...(isUnsent && { unsent: true as const }), ...unpackCause(reader) }
    }
    default:
      throw new Error(`packed step of unknown kind ${kind}`)
  }
}

function unpackCause(reader: ByteReader): { cause?: string } {
  const cause = reader.text()
  return cause === '' ? {} : { cause }
}

/** What an item came to, by position; `recorded` is the answer to every record. */
export type ItemResult = AppendResult | 'recorded'
const itemResults: readonly ItemResult[] = ['stored', 'duplicate', 'ownerFull', 'ownerBusy', 'inboxFull', 'recorded']

export function packResults(results: readonly ItemResult[]): Uint8Array {
  return Uint8Array.from(results, (result) => itemResults.indexOf(result))
}

export function unpackResult(code: number | undefined): ItemResult {
  const result = code === undefined ? undefined : itemResults[code]
  if (result === undefined) throw new Error('packed result of unknown kind')
  return result
}
