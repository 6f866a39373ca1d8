import { found, unknown, type Finding } from '../finding.ts'

/** So many characters without `+` and `/` are chance once in a million at most. */
const enoughCharacters = 440
const knownLengths = new Set([24, 32, 64])

/** The form of signing secrets, from some of them. What it says of them reveals nothing of their content. */
export function judgeSecretForm(secrets: readonly string[]): Finding[] {
  const bodies = secrets.map((secret) => secret.replace(/^whsec_/, ''))
  const lengths = new Set(bodies.map((body) => Buffer.from(body, 'base64').length))
  const [bytes = 0] = lengths
  const everyone = `in each of ${secrets.length} secrets`
  const isOdd = lengths.size !== 1 || secrets.some((secret) => !/^whsec_[A-Za-z0-9+/]+={0,2}$/.test(secret))
  if (isOdd) {
    const why = `${secrets.length} secrets are not all whsec_ and base64 of one length`
    return ['secretBytes', 'secretPadding', 'secretAlphabet'].map((name) => unknown(name, why))
  }
  const lengthSeen = `${bytes} bytes ${everyone}`
  return [
    knownLengths.has(bytes) ? found('secretBytes', bytes, lengthSeen) : unknown('secretBytes', lengthSeen),
    judgePadding(bodies, bytes),
    judgeAlphabet(bodies.join('')),
  ]
}

function judgePadding(bodies: readonly string[], bytes: number): Finding {
  if (bytes % 3 === 0) return unknown('secretPadding', `${bytes} bytes need no padding`)
  const isPadded = bodies.every((body) => body.endsWith('='))
  return found('secretPadding', isPadded ? 'padded' : 'unpadded', `${isPadded ? 'with' : 'without'} = at the end`)
}

function judgeAlphabet(characters: string): Finding {
  const odd = /[+/]/.exec(characters)?.[0]
  if (odd !== undefined) return found('secretAlphabet', 'base64', `"${odd}" occurs`)
  const seen = `no + and no / in ${characters.length} characters`
  return characters.length < enoughCharacters
    ? unknown('secretAlphabet', seen)
    : found('secretAlphabet', 'alphanumeric', seen)
}
