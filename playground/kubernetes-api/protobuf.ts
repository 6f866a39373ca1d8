import type { JsonObject } from './json.ts'
import type { ResourceDefinition } from './resource-definition.ts'
import { unsupportedMediaType } from './status-error.ts'

/**
 * `kubectl create secret|configmap|namespace|serviceaccount|service` send protobuf whatever the server says it likes.
 * This reads those five kinds: an envelope (`k8s\0`, then runtime.Unknown) around a message whose field numbers come
 * from the published `generated.proto` files.
 */
const magic = Buffer.from([0x6b, 0x38, 0x73, 0x00])

export function isProtobuf(body: Buffer): boolean {
  return body.subarray(0, magic.length).equals(magic)
}

type FieldType =
  | 'string'
  | 'bytes'
  | 'bool'
  | 'int'
  | 'intOrString'
  | 'time'
  | MessageType
  | { mapOf: 'string' | 'bytes' }
  | { listOf: FieldType }
interface MessageType {
  fields: Readonly<Record<number, readonly [string, FieldType]>>
}

const ownerReference: MessageType = {
  fields: {
    1: ['kind', 'string'],
    3: ['name', 'string'],
    4: ['uid', 'string'],
    5: ['apiVersion', 'string'],
    6: ['controller', 'bool'],
    7: ['blockOwnerDeletion', 'bool'],
  },
}

const objectMeta: MessageType = {
  fields: {
    1: ['name', 'string'],
    2: ['generateName', 'string'],
    3: ['namespace', 'string'],
    5: ['uid', 'string'],
    6: ['resourceVersion', 'string'],
    7: ['generation', 'int'],
    8: ['creationTimestamp', 'time'],
    11: ['labels', { mapOf: 'string' }],
    12: ['annotations', { mapOf: 'string' }],
    13: ['ownerReferences', { listOf: ownerReference }],
    14: ['finalizers', { listOf: 'string' }],
  },
}

const servicePort: MessageType = {
  fields: {
    1: ['name', 'string'],
    2: ['protocol', 'string'],
    3: ['port', 'int'],
    4: ['targetPort', 'intOrString'],
    5: ['nodePort', 'int'],
  },
}

/** Only what kubectl lets people say. */
const serviceSpec: MessageType = {
  fields: {
    1: ['ports', { listOf: servicePort }],
    2: ['selector', { mapOf: 'string' }],
    3: ['clusterIP', 'string'],
    4: ['type', 'string'],
    10: ['externalName', 'string'],
  },
}

const messages: Readonly<Record<string, MessageType>> = {
  Secret: {
    fields: {
      1: ['metadata', objectMeta],
      2: ['data', { mapOf: 'bytes' }],
      3: ['type', 'string'],
      4: ['stringData', { mapOf: 'string' }],
      5: ['immutable', 'bool'],
    },
  },
  ConfigMap: {
    fields: {
      1: ['metadata', objectMeta],
      2: ['data', { mapOf: 'string' }],
      3: ['binaryData', { mapOf: 'bytes' }],
      4: ['immutable', 'bool'],
    },
  },
  // Only what a client may set: a new namespace's spec and status are the server's.
  Namespace: { fields: { 1: ['metadata', objectMeta] } },
  Service: {
    fields: { 1: ['metadata', objectMeta], 2: ['spec', serviceSpec] },
  },
  ServiceAccount: {
    fields: {
      1: ['metadata', objectMeta],
      3: ['imagePullSecrets', { listOf: { fields: { 1: ['name', 'string'] } } }],
      4: ['automountServiceAccountToken', 'bool'],
    },
  },
}

/** Go's IntOrString, whose unused half is empty. */
const intOrString: MessageType = { fields: { 2: ['number', 'int'], 3: ['text', 'string'] } }

const unknownEnvelope: MessageType = {
  fields: {
    1: ['typeMeta', { fields: { 1: ['apiVersion', 'string'], 2: ['kind', 'string'] } }],
    2: ['raw', 'bytes'],
  },
}

/** @throws StatusError 415 for a kind whose message is not known here */
export function decodeProtobufObject(resource: ResourceDefinition, body: Buffer): JsonObject {
  const message = resource.group === '' ? messages[resource.kind] : undefined
  if (message === undefined) throw unsupportedMediaType(['application/json', 'application/yaml'])
  const envelope = decodeMessage(unknownEnvelope, body.subarray(magic.length))
  const raw = typeof envelope['raw'] === 'string' ? Buffer.from(envelope['raw'], 'base64') : Buffer.alloc(0)
  return { ...(envelope['typeMeta'] as JsonObject | undefined), ...decodeMessage(message, raw) }
}

function decodeMessage(type: MessageType, bytes: Buffer): JsonObject {
  const result: JsonObject = {}
  const reader = new WireReader(bytes)
  while (!reader.isDone) {
    const { number, value } = reader.next()
    const field = type.fields[number]
    if (field === undefined || value === undefined) continue
    const [name, fieldType] = field
    addField(result, name, fieldType, value)
  }
  return result
}

function addField(target: JsonObject, name: string, type: FieldType, value: Buffer | number): void {
  if (typeof type === 'object' && 'mapOf' in type && Buffer.isBuffer(value)) {
    const entry = decodeMessage({ fields: { 1: ['key', 'string'], 2: ['value', type.mapOf] } }, value)
    const key = typeof entry['key'] === 'string' ? entry['key'] : ''
    target[name] = { ...(target[name] as JsonObject | undefined), [key]: entry['value'] ?? '' }
  } else if (typeof type === 'object' && 'listOf' in type) {
    const before = target[name]
    target[name] = [...(Array.isArray(before) ? (before as unknown[]) : []), decodeValue(type.listOf, value)]
  } else {
    const decoded = decodeValue(type, value)
    // Go writes empty strings and zeros for what is not set.
    if (decoded !== '' && decoded !== 0 && decoded !== undefined) target[name] = decoded
  }
}

function decodeValue(type: FieldType, value: Buffer | number): unknown {
  if (typeof value === 'number') return type === 'bool' ? value !== 0 : type === 'int' ? value : undefined
  if (type === 'string') return value.toString()
  if (type === 'bytes') return value.toString('base64')
  // A client's timestamps are never used: the server sets its own.
  if (type === 'time' || type === 'bool' || type === 'int') return undefined
  if (type === 'intOrString') {
    const { text, number } = decodeMessage(intOrString, value)
    return text ?? number
  }
  return 'fields' in type ? decodeMessage(type, value) : undefined
}

/** The wire format: varints and length-delimited fields; the fixed-width types are skipped. */
class WireReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get isDone(): boolean {
    return this.#at >= this.#bytes.length
  }

  next(): { number: number; value: Buffer | number | undefined } {
    const tag = this.#varint()
    const number = tag >>> 3
    switch (tag & 7) {
      case 0:
        return { number, value: this.#varint() }
      case 1:
        this.#at += 8
        return { number, value: undefined }
      case 2: {
        const length = this.#varint()
        const value = this.#bytes.subarray(this.#at, this.#at + length)
        this.#at += length
        return { number, value }
      }
      case 5:
        this.#at += 4
        return { number, value: undefined }
      default:
        this.#at = this.#bytes.length
        return { number, value: undefined }
    }
  }

  #varint(): number {
    let value = 0
    let factor = 1
    while (this.#at < this.#bytes.length) {
      const byte = this.#bytes.readUInt8(this.#at++)
      value += (byte & 0x7f) * factor
      if (byte < 0x80) break
      factor *= 128
    }
    return value
  }
}
