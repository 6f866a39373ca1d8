import { randomizeCase } from './randomize-case.ts'
import { aDraft, judged, type FuzzWorld, type Mutation } from './case.ts'
import { allHeaders, byLength, chunked, hmac, serialise, type Draft } from './draft.ts'

const idCharacters = 'ABCDEFabcdef0123456789_-!#$%&()*+/:;<=>?@[]^`{|}~'
const base64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const contentTypes = ['', 'text/plain', 'application/json; charset=utf-16', 'multipart/form-data; boundary=x', '*/*; ü']

/** What was signed is changed after signing. */
function forged(change: (draft: Draft, world: FuzzWorld) => void): Mutation {
  return (world) => {
    const draft = aDraft(world)
    change(draft, world)
    return judged(world, draft)
  }
}

/** What was signed is as it was; everything else may change. */
function disguised(write: (draft: Draft, world: FuzzWorld) => Buffer): Mutation {
  return (world) => {
    const draft = aDraft(world)
    return judged(world, draft, write(draft, world))
  }
}

function mutatedBody(body: Buffer, { chance }: FuzzWorld): Buffer {
  const at = chance.below(body.length)
  const kind = chance.below(5)
  if (kind === 0) return Buffer.concat([body.subarray(0, at), body.subarray(at + 1)])
  if (kind === 1) return Buffer.concat([body.subarray(0, at), chance.bytes(chance.between(1, 8)), body.subarray(at)])
  if (kind === 2) return body.subarray(0, at)
  if (kind === 3) return chance.bytes(chance.between(0, 200))
  const copy = Buffer.from(body)
  copy[at] = (copy[at] ?? 0) ^ (1 << chance.below(8))
  return copy
}

function inChunks(body: Buffer, { chance }: FuzzWorld): { bytes: Buffer; extension?: string; size?: string }[] {
  const chunks: { bytes: Buffer; extension?: string; size?: string }[] = []
  for (let at = 0; at < body.length;) {
    const length = Math.min(body.length - at, chance.between(1, 80))
    const hex = length.toString(16)
    const size = chance.pick([hex, hex.toUpperCase(), `000${hex}`])
    const extension = chance.pick(['', '', ';name=value', ';q="a b"'])
    chunks.push({ bytes: body.subarray(at, at + length), extension, size })
    at += length
  }
  return chunks
}

/** Well-formed HTTP: the connection stays, so that many follow each other on one. With how often each is taken. */
export const keptMutations: readonly (readonly [name: string, weight: number, mutation: Mutation])[] = [
  ['nothing', 1, disguised((draft) => serialise(draft))],
  ['sent again', 1, (world) => repeated(world)],
  ['body', 50, forged((draft, world) => void (draft.body = mutatedBody(draft.body, world)))],
  ['id', 25, forged((draft, { chance }) => void (draft.id = chance.text(idCharacters, chance.between(1, 256))))],
  [
    'timestamp',
    25,
    forged((draft, { chance }) => {
      const shift = chance.pick([-1, 1, 7, 299, -86_400, 100_000_000])
      draft.timestamp = chance.pick([
        String(Number(draft.timestamp) + shift),
        '0',
        '999999999999',
        `0${draft.timestamp}`,
      ])
    }),
  ],
  [
    'signed with an old timestamp',
    15,
    forged((draft, { chance, key }) => {
      const shift = chance.pick([310, 3_600, 86_400, 40_000_000]) * (chance.flip() ? 1 : -1)
      draft.timestamp = String(Math.max(0, Number(draft.timestamp) + shift))
      draft.signature = `v1,${hmac(key, draft)}`
    }),
  ],
  [
    'signature, one character',
    35,
    forged((draft, { chance }) => {
      const at = chance.between('v1,'.length, draft.signature.length - 3)
      draft.signature = `${draft.signature.slice(0, at)}${chance.text(base64, 1)}${draft.signature.slice(at + 1)}`
    }),
  ],
  ['signature, another', 20, forged((draft, { chance }) => void (draft.signature = `v1,${chance.text(base64, 43)}=`))],
  [
    'signature under another version',
    12,
    forged((draft, { chance }) => {
      draft.signature = `${chance.pick(['v1a', 'v2', 'V1', 'v0', 'v11', 'whsec'])}${draft.signature.slice(2)}`
    }),
  ],
  [
    'several signatures',
    6,
    forged((draft, { chance }) => {
      const others = Array.from({ length: chance.between(1, 6) }, () => `v1,${chance.text(base64, 43)}=`)
      const right = chance.below(3) === 0 ? [draft.signature] : []
      draft.signature = chance.shuffled([...others, ...right, `v1a,${chance.text(base64, 20)}`]).join(' ')
    }),
  ],
  [
    'a body of another delivery',
    12,
    forged((draft, world) => {
      draft.body = aDraft(world).body
    }),
  ],
  ['body in chunks', 1, disguised((draft, world) => serialise(draft, chunked(inChunks(draft.body, world))))],
  [
    'forged body in chunks',
    15,
    (world) => {
      const draft = aDraft(world)
      draft.body = Buffer.concat([mutatedBody(draft.body, world), Buffer.from('.')])
      return judged(world, draft, serialise(draft, chunked(inChunks(draft.body, world), '0\r\nx-trailer: 1\r\n\r\n')))
    },
  ],
  [
    'headers in another order and case',
    1,
    disguised((draft, { chance }) => {
      const named = allHeaders(draft).map(([name, value]) => [randomizeCase(name, chance), value] as [string, string])
      return serialise(draft, byLength(draft.body), chance.shuffled(named))
    }),
  ],
  [
    'blanks around values, more headers',
    1,
    disguised((draft, { chance }) => {
      const padded = allHeaders(draft).map(
        ([name, value]) => [name, `${chance.pick([' ', '\t', ''])}${value} \t`] as [string, string],
      )
      const more = Array.from(
        { length: chance.below(20) },
        (_, n) => [`x-extra-${n}`, chance.text(idCharacters, 40)] as [string, string],
      )
      return serialise(draft, byLength(draft.body), [...padded, ...more])
    }),
  ],
  [
    'another content type or encoding',
    1,
    disguised((draft, { chance }) => {
      const encodings = ['gzip', 'br', 'identity', 'deflate, gzip']
      const others = draft.headers.filter(([name]) => name !== 'content-type')
      const own = [
        ['content-type', chance.pick(contentTypes)],
        ['content-encoding', chance.pick(encodings)],
      ] as [string, string][]
      return serialise({ ...draft, headers: [...others, ...own] })
    }),
  ],
  [
    'query and escapes in the path',
    1,
    disguised((draft, { chance }) => {
      const target = chance.pick([`${draft.target}?token=1`, `${draft.target}?`, draft.target.replace('ml', '%6d%6C')])
      return serialise({ ...draft, target })
    }),
  ],
]

function repeated(world: FuzzWorld): ReturnType<Mutation> {
  const bytes = world.accepted()
  const { expect = [], mayStore } = judged(world, aDraft(world))
  if (bytes === undefined) {
    const draft = aDraft(world)
    return judged(world, draft)
  }
  const id = /webhook-id: (\S+)\r\n/.exec(bytes.toString('latin1'))?.[1] ?? mayStore
  return { bytes, expect, ...(id !== undefined && { mayStore: id }) }
}
