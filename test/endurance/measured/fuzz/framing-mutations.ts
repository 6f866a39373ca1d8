import { aDraft, eitherWay, type FuzzWorld, type Mutation } from './case.ts'
import { chunked, serialise, type Draft, type Framing } from './draft.ts'

type Headers = Framing['headers']

function framedAs(framings: (draft: Draft, world: FuzzWorld) => readonly Framing[]): Mutation {
  return (world) => {
    const draft = aDraft(world)
    return eitherWay(draft, serialise(draft, world.chance.pick(framings(draft, world))))
  }
}

const lengths = (body: Buffer, value: string): Framing => ({ headers: [['content-length', value]], bytes: body })

/** Where one request ends and the next begins: what proxies and servers have disagreed about. */
export const framingMutations: readonly (readonly [name: string, weight: number, mutation: Mutation])[] = [
  [
    'content-length that is none, or not the body’s',
    10,
    framedAs(({ body }, { chance }) => [
      ...[
        '-1',
        '+5',
        '0x10',
        '1e3',
        '5, 5',
        '5,6',
        '',
        ' ',
        '18446744073709551616',
        '9007199254740993',
        '1 2',
        '٣',
      ].map((value) => lengths(body, value)),
      lengths(body, String(body.length + chance.between(1, 50))),
      lengths(body, String(chance.below(body.length))),
      {
        headers: [
          ['content-length', '5'],
          ['content-length', '6'],
        ],
        bytes: body,
      },
      {
        headers: [
          ['content-length', String(body.length)],
          ['content-length', String(body.length)],
        ],
        bytes: body,
      },
      { headers: [], bytes: body },
    ]),
  ],
  [
    'transfer-encoding that is none, or not alone',
    10,
    framedAs(({ body }) => {
      const { bytes } = chunked([{ bytes: body }])
      const encoded = (...headers: Headers): Framing => ({ headers, bytes })
      return [
        ...[
          'gzip',
          'gzip, chunked',
          'chunked, identity',
          'xchunked',
          'chunked, chunked',
          '"chunked"',
          'chun ked',
          '',
          'chunked;q=1',
        ].map((value) => encoded(['transfer-encoding', value])),
        encoded(['transfer-encoding', 'chunked'], ['content-length', String(body.length)]),
        encoded(['content-length', '0'], ['transfer-encoding', 'chunked']),
        encoded(['transfer-encoding', 'chunked'], ['transfer-encoding', 'identity']),
        encoded(['transfer-encoding ', 'chunked']),
      ]
    }),
  ],
  [
    'chunks that are none',
    10,
    framedAs(({ body }, { chance }) => [
      ...['-1', 'fffffffffffffffff', '', 'g', '0x5', ' 5', '5 '].map((size) => chunked([{ bytes: body, size }])),
      chunked([{ bytes: body, size: (body.length + chance.between(1, 9)).toString(16) }]),
      chunked([{ bytes: body, size: chance.below(body.length).toString(16) }]),
      chunked([{ bytes: body }], ''),
      chunked([{ bytes: body }], '0\r\n'),
      chunked([{ bytes: body }], '0\n\n'),
      chunked([{ bytes: body, extension: `;${chance.text('e', 20_000)}` }]),
      chunked([{ bytes: body, extension: ';\0' }]),
      chunked([{ bytes: body }], `0\r\n${chance.text('t', 20_000)}: 1\r\n\r\n`),
    ]),
  ],
  [
    'one request inside of another',
    6,
    (world) => {
      const [outer, inner] = [aDraft(world), aDraft(world)]
      // The inner one is unsigned: whoever takes it for a request of its own must refuse it.
      const hidden = serialise({ ...inner, signature: `v1,${world.chance.text('A', 43)}=` })
      const framing = world.chance.pick<Framing>([
        { headers: [['content-length', '0']], bytes: hidden },
        {
          headers: [
            ['content-length', String(hidden.length)],
            ['transfer-encoding', 'chunked'],
          ],
          bytes: Buffer.concat([Buffer.from('0\r\n\r\n'), hidden]),
        },
        { headers: [['transfer-encoding', 'chunked']], bytes: Buffer.concat([Buffer.from('0\r\n\r\n'), hidden]) },
      ])
      return { bytes: serialise(outer, framing), expect: [400, 401] }
    },
  ],
]
