import { readFile } from 'node:fs/promises'

import type { JSONWebKeySet } from 'jose'

import { keyIdOf } from '../../contract/keyring/shard.ts'
import { readKeySet } from '../../signature/key-set.ts'
import { parseDynamicHeaders, parseHeaders, type SignedHeaders } from '../../signature/parse-headers.ts'
import { decodeIssuedSecret } from '../../signature/signing-secret.ts'
import { PublicKeyVerifier } from '../../signature/verify-public-key.ts'
import { isStale, timestampToleranceSeconds, verifyDelivery, type VerificationKey } from '../../signature/verify.ts'
import { readCapturedRequest } from './captured-request.ts'

/** What is found out about one request. */
interface Finding {
  /** As if it had arrived at the time that it was signed for. */
  signature: 'Good' | 'BadSignature' | 'MissingHeader' | 'MalformedHeader'
  /** Names the secret or public key that it was made with: first 12 hex digits of its SHA-256. */
  keyId?: string
  eventId?: string
  timestamp?: string
  ageSeconds?: number
  /** A receiver that got it now would refuse it for its age. */
  stale?: boolean
}

/** Files with the keys of a static or of a dynamic endpoint; one of the two is given. */
interface KeyFiles {
  readonly secretFile: string | undefined
  readonly jwksFile: string | undefined
}

/** Judges the request that was captured in a file. Throws where a file cannot be read, or is not what it should be. */
export async function judgeRequest(file: string, keyFiles: KeyFiles, nowMs: number): Promise<Finding> {
  const captured = readCapturedRequest(await readBytes(file))
  if (!captured.ok) throw new Error(`${file}: ${captured.problem}`)
  const { headers, body } = captured.value
  const parsed =
    keyFiles.secretFile === undefined ? parseDynamicHeaders(headers, { acceptsJwt: false }) : parseHeaders(headers)
  if (!parsed.ok) return { signature: parsed.problem }
  const { id, timestampSeconds } = parsed.value
  const keyId = await signerOf(keyFiles, parsed.value, body)
  return {
    ...(keyId === undefined ? { signature: 'BadSignature' } : { signature: 'Good', keyId }),
    eventId: id,
    timestamp: new Date(timestampSeconds * 1000).toISOString(),
    ageSeconds: Math.floor(nowMs / 1000) - timestampSeconds,
    stale: isStale(timestampSeconds, nowMs),
  }
}

/** The key that made the signature, judged as of when it was made. */
async function signerOf(
  { secretFile, jwksFile = '' }: KeyFiles,
  headers: SignedHeaders,
  body: Buffer,
): Promise<string | undefined> {
  const nowMs = headers.timestampSeconds * 1000
  if (secretFile === undefined) {
    const check = { keys: await publicKeysIn(jwksFile), audiences: [], nowMs }
    const verdict = await new PublicKeyVerifier().verify(headers, body, check)
    return verdict.accepted ? verdict.keyId : undefined
  }
  // One by one: a receiver tries a few live ones only, a file may hold many old ones.
  const keys = await secretsIn(secretFile)
  return keys.find((key) => verifyDelivery(headers, body, { keys: [key], nowMs }).accepted)?.keyId
}

/** Messages name the file and the place of a secret, never its text. */
async function secretsIn(file: string): Promise<VerificationKey[]> {
  const texts = (await readBytes(file))
    .toString('utf8')
    .split(/\s+/)
    .filter((text) => text !== '')
  if (texts.length === 0) throw new Error(`--secret-file: ${file} is empty: put the signing secrets there`)
  return texts.map((text, index) => {
    const decoded = decodeIssuedSecret(text)
    if (!decoded.ok) throw new Error(`--secret-file: ${file}: secret ${index + 1} ${decoded.problem}`)
    return { keyId: keyIdOf(text), key: decoded.value }
  })
}

async function publicKeysIn(file: string) {
  const text = (await readBytes(file)).toString('utf8')
  const keys = readKeySet(parseKeySet(text, file))
  if (keys === undefined) throw new Error(`--jwks-file: ${file} has no Ed25519 key to verify with`)
  return keys
}

function parseKeySet(text: string, file: string): JSONWebKeySet {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && 'keys' in value && Array.isArray(value.keys)) {
      return value as JSONWebKeySet
    }
  } catch {
    // Reported below, like any other text that is no key set.
  }
  throw new Error(`--jwks-file: ${file} is no JSON Web Key Set: an object with a list named keys`)
}

async function readBytes(file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    throw new Error(`${file}: cannot be read (${code})`, { cause: error })
  }
}

/** Pure: the finding as a line for people. */
export function inWords({
  signature,
  keyId = '',
  eventId = '',
  timestamp = '',
  ageSeconds = 0,
  stale,
}: Finding): string {
  switch (signature) {
    case 'MissingHeader':
      return 'Refused (400): webhook-id, webhook-timestamp or webhook-signature is missing.\n'
    case 'MalformedHeader':
      return 'Refused (400): webhook-id, webhook-timestamp or webhook-signature is malformed, or sent more than once.\n'
    case 'BadSignature':
      return `Refused (401): ${eventId} is not signed by any of these keys, or its body was changed.\n`
    case 'Good': {
      const age = `signed for ${timestamp}, ${Math.abs(ageSeconds)} s ${ageSeconds < 0 ? 'ahead' : 'ago'}`
      const note = stale === true ? `; a receiver takes it only within ${timestampToleranceSeconds} s of that` : ''
      return `Good: ${eventId} is signed by key ${keyId}, ${age}${note}.\n`
    }
  }
}
