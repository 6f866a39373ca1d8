import { aDraft, eitherWay, refused, type FuzzWorld, type Mutation } from './case.ts'
import { allHeaders, byLength, serialise, type Draft, type Framing } from './draft.ts'
import { framingMutations } from './framing-mutations.ts'

type Headers = [name: string, value: string][]

const signed = ['webhook-id', 'webhook-timestamp', 'webhook-signature']
/** Names and answers of what the parser or the routes refuse, whoever signed it. */
const badRequest = [400] as const
/** 503 while the directory may still be incomplete, as it is without an API server. */
const unknown = [404, 503] as const

function replaced(draft: Draft, name: string, value: string): Headers {
  return allHeaders(draft).map(([each, old]) => [each, each === name ? value : old])
}

/** A delivery with one signed header that is not what it should be. */
function withHeader(name: string, values: (draft: Draft, world: FuzzWorld) => readonly string[]): Mutation {
  return (world) => {
    const draft = aDraft(world)
    return refused(draft, badRequest, replaced(draft, name, world.chance.pick(values(draft, world))))
  }
}

function withTarget(
  targets: (draft: Draft, world: FuzzWorld) => readonly string[],
  expect?: readonly number[],
): Mutation {
  return (world) => {
    const draft = aDraft(world)
    const target = world.chance.pick(targets(draft, world))
    const bytes = serialise({ ...draft, target })
    return expect === undefined ? eitherWay(draft, bytes) : { bytes, expect }
  }
}

const base64url = (signature: string) => signature.replaceAll('+', '-').replaceAll('/', '_').replace('=', '')
/** Each ends its connection, or leaves it in a state that nobody should trust: one request per connection. */
export const closingMutations: readonly (readonly [name: string, weight: number, mutation: Mutation])[] = [
  [
    'a signed header is missing',
    8,
    (world) => {
      const draft = aDraft(world)
      const missing = world.chance.pick(signed)
      return refused(
        draft,
        badRequest,
        allHeaders(draft).filter(([name]) => name !== missing),
      )
    },
  ],
  [
    'a signed header comes twice',
    8,
    (world) => {
      const draft = aDraft(world)
      const name = world.chance.pick(signed)
      const [, value = ''] = allHeaders(draft).find(([each]) => each === name) ?? []
      return refused(draft, badRequest, [[name, world.chance.pick([value, 'msg_1', '1'])], ...allHeaders(draft)])
    },
  ],
  [
    'malformed id',
    8,
    withHeader('webhook-id', ({ id }, { chance }) => [
      '',
      `${id}.1`,
      `${id},1`,
      `${id} 1`,
      `${id}\u00e9`,
      chance.text('x', 257),
      `\u00ff`,
    ]),
  ],
  [
    'malformed timestamp',
    8,
    withHeader('webhook-timestamp', ({ timestamp: now }, { chance }) => [
      '',
      `${now}abc`,
      `-${now}`,
      `+${now}`,
      `${now}.5`,
      `0x${now}`,
      `${now}e0`,
      `${now} ${now}`,
      chance.text('9', 13),
      '\u0661\u0662',
      'NaN',
    ]),
  ],
  [
    'malformed signature',
    8,
    withHeader('webhook-signature', ({ signature }, { chance }) => [
      '',
      signature.slice(3),
      signature.slice(0, -1),
      `${signature}=`,
      `v1,${signature}`,
      `v1 ${signature.slice(3)}`,
      `${signature}, ${signature}`,
      `${signature},${signature}`,
      `v1,${chance.text('+/', 42)}`,
      Array.from({ length: 9 }, () => signature).join(' '),
      chance.text('v', 2_049),
      base64url(`v1,${chance.text('+/', 43)}=`),
    ]),
  ],
  [
    'another method',
    6,
    (world) => {
      const draft = aDraft(world)
      const method = world.chance.pick([
        'GET',
        'PUT',
        'DELETE',
        'PATCH',
        'HEAD',
        'OPTIONS',
        'TRACE',
        'QUERY',
        'PROPFIND',
        'post',
        'POSTS',
        'P',
        'CONNECT',
        'PRI',
      ])
      return { bytes: serialise({ ...draft, method }), expect: [400, 404, 405] }
    },
  ],
  [
    'a path that is not there',
    8,
    withTarget(
      ({ target }, { chance }) => [
        '/',
        '/v1/s',
        '/v1/s/ml',
        `${target}/`,
        `${target}x`,
        `/${target}`,
        target.toUpperCase(),
        '/v1/s/ml/other',
        `/v1/s/${chance.text('a', 301)}/b`,
        '/v1/s/ml/%2e%2e',
        '/v1/s//batch-events',
        '/v1/s/__proto__/constructor',
        '/v1/d/ml/batch-events/token',
        `/v1/d/ml/batch-events/${chance.text('ab01', 32)}`,
        `${target};v=1`,
        '/favicon.ico',
        '/.env',
      ],
      unknown,
    ),
  ],
  [
    'a target that is none',
    6,
    withTarget(({ target }, { chance }) => [
      '*',
      `http://other.example${target}`,
      `//${target}`,
      `${target}#x`,
      '/%',
      '/%zz',
      '/v1/s/ml/%c0%ae',
      `/v1/s/ml/%00`,
      '/v1/s/ml/\u00fc',
      ` ${target}`,
      '',
      `/${chance.text('a', 9_000)}`,
    ]),
  ],
  [
    'another version of HTTP',
    5,
    (world) => {
      const draft = aDraft(world)
      const version = world.chance.pick([
        'HTTP/1.0',
        'HTTP/2.0',
        'HTTP/0.9',
        'HTTP/1.2',
        'http/1.1',
        'HTTP/1.1x',
        'HTTP/',
        '',
        'ICE/1.0',
        'RTSP/1.0',
      ])
      return eitherWay(draft, serialise({ ...draft, version }))
    },
  ],
  [
    'no host, or several',
    5,
    (world) => {
      const draft = aDraft(world)
      const others = allHeaders(draft).filter(([name]) => name !== 'host')
      const hosts = world.chance.pick<Headers>([
        [],
        [['host', '']],
        [
          ['host', 'a'],
          ['host', 'b'],
        ],
        [['host', 'a b']],
        [['host', '\u00ff']],
      ])
      return eitherWay(draft, serialise(draft, byLength(draft.body), [...hosts, ...others]))
    },
  ],
  [
    'odd header lines',
    8,
    (world) => {
      const draft = aDraft(world)
      const line = world.chance.pick([
        'x-odd : 1\r\n',
        'no colon\r\n',
        ' folded\r\n',
        'x: a\0b\r\n',
        'x: a\rb\r\n',
        'x: a\n',
        ': 1\r\n',
        'x\u00fc: 1\r\n',
        'x: \u007f\r\n',
        '\r\n\r\n',
        'x: 1\n\r\n',
        '(): 1\r\n',
      ])
      const text = serialise(draft).toString('latin1')
      const at = text.indexOf('\r\n') + 2
      return eitherWay(draft, Buffer.from(text.slice(0, at) + line + text.slice(at), 'latin1'))
    },
  ],
  ...framingMutations,
  [
    'more header than fits',
    3,
    (world) => {
      const draft = aDraft(world)
      const big: Headers = world.chance.flip()
        ? [['x-big', world.chance.text('b', 17_000)]]
        : Array.from({ length: 900 }, (_, n) => [`x-${n}`, 'some value, and more'])
      return refused(draft, [431], [...allHeaders(draft), ...big])
    },
  ],
  [
    'a larger body than fits',
    2,
    (world) => {
      const draft = aDraft(world)
      const announced: Framing = {
        headers: [['content-length', String(world.chance.between(262_145, 2 ** 40))]],
        bytes: Buffer.alloc(0),
      }
      return { bytes: serialise(draft, announced), expect: [413] }
    },
  ],
  [
    'expectations and upgrades',
    4,
    (world) => {
      const draft = aDraft(world)
      const header = world.chance.pick<Headers[number]>([
        ['expect', '100-continue'],
        ['expect', '200-ok'],
        ['upgrade', 'h2c'],
        ['upgrade', 'websocket'],
        ['connection', 'upgrade, close'],
        ['http2-settings', 'AAMAAABk'],
      ])
      return eitherWay(
        draft,
        serialise({
          ...draft,
          headers: [
            ...draft.headers,
            header,
            ...(header[0] === 'upgrade' ? ([['connection', 'upgrade']] as Headers) : []),
          ],
        }),
      )
    },
  ],
  [
    'bytes of the whole request',
    30,
    (world) => {
      const draft = aDraft(world)
      return eitherWay(draft, garbled(serialise(draft), world))
    },
  ],
  [
    'no HTTP at all',
    4,
    ({ chance }) => ({
      bytes: chance.pick([
        chance.bytes(chance.between(1, 300)),
        Buffer.from('160301020001000000000000', 'hex'),
        Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
        Buffer.from('\r\n\r\n\r\n'),
        Buffer.from('SSH-2.0-OpenSSH_9.6\r\n'),
        Buffer.from('POST'),
      ]),
      expect: [400],
    }),
  ],
]

function garbled(bytes: Buffer, { chance }: FuzzWorld): Buffer {
  let result = Buffer.from(bytes)
  for (let edits = chance.between(1, 4); edits > 0; edits -= 1) {
    const at = chance.below(result.length)
    const kind = chance.below(4)
    if (kind === 0) result[at] = (result[at] ?? 0) ^ (1 << chance.below(8))
    else if (kind === 1) result = Buffer.concat([result.subarray(0, at), chance.bytes(1), result.subarray(at)])
    else if (kind === 2) result = Buffer.concat([result.subarray(0, at), result.subarray(at + chance.between(1, 4))])
    else
      result = Buffer.concat([
        result.subarray(0, at),
        result.subarray(Math.max(0, at - chance.between(1, 30)), at),
        result.subarray(at),
      ])
  }
  return result
}
