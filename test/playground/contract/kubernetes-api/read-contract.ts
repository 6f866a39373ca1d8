import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'

import { mergePatch, type ApiBody, type ApiClient } from './api-under-test.ts'
import { assertStatus } from './objects-contract.ts'
import { aWidget } from './widget.ts'

const path = '/apis/example.com/v1alpha1/namespaces/reading/widgets'
const tableType = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'
const metadataType = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io'
const metadataListType = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io'

interface Table extends ApiBody {
  columnDefinitions: { name: string; type: string; format: string; priority: number }[]
  rows: { cells: unknown[]; object: ApiBody | null }[]
}

const namesOf = ({ items = [] }: ApiBody) => items.map((item) => item.metadata?.name)

export function readContract(client: () => ApiClient): void {
  describe('reading', () => {
    before(async () => {
      const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'reading' } }
      assert.equal((await client().call('POST', '/api/v1/namespaces', namespace)).status, 201)
      for (const name of ['c', 'a', 'b']) {
        const labels = { n: name, tier: name === 'a' ? 'x' : 'y' }
        await client().call('POST', path, aWidget(name, { size: 5, url: 'https://x' }, { labels }))
      }
      const status = { status: { conditions: [{ type: 'Ready', status: 'True' }] } }
      assert.equal((await client().call('PATCH', `${path}/a/status`, status, mergePatch)).status, 200)
    })

    test('lists in order of names, with a version to watch from', async () => {
      const { body } = await client().call('GET', path)
      assert.equal(body.kind, 'WidgetList')
      assert.equal(body.apiVersion, 'example.com/v1alpha1')
      assert.deepEqual(namesOf(body), ['a', 'b', 'c'])
      assert.match(body.metadata?.resourceVersion ?? '', /^\d+$/)
    })

    test('lists nothing for a namespace that does not exist', async () => {
      const { status, body } = await client().call('GET', path.replace('reading', 'nonsuch'))
      assert.equal(status, 200)
      assert.deepEqual(body.items, [])
    })

    test('pages show one state: what came later is not in them', async () => {
      const first = await client().call('GET', `${path}?limit=2`)
      assert.deepEqual(namesOf(first.body), ['a', 'b'])
      assert.equal(first.body.metadata?.remainingItemCount, 1)
      await client().call('POST', path, aWidget('late'))
      const token = encodeURIComponent(first.body.metadata.continue ?? '')
      const second = await client().call('GET', `${path}?limit=2&continue=${token}`)
      await client().call('DELETE', `${path}/late`)
      assert.deepEqual(namesOf(second.body), ['c'])
      assert.equal(second.body.metadata?.continue, '')
      assert.equal(second.body.metadata.resourceVersion, first.body.metadata.resourceVersion)
    })

    const selections: [string, string, string[]][] = [
      ['labelSelector', 'tier=y,n!=c', ['b']],
      ['labelSelector', 'tier==x', ['a']],
      ['labelSelector', 'n in (a,c),tier', ['a', 'c']],
      ['labelSelector', 'n notin (a,c),!foo', ['b']],
      ['labelSelector', 'missing', []],
      ['labelSelector', 'missing!=x', ['a', 'b', 'c']],
      ['fieldSelector', 'metadata.name=b', ['b']],
      ['fieldSelector', 'metadata.namespace=reading,metadata.name!=b', ['a', 'c']],
    ]
    for (const [kind, selector, names] of selections) {
      test(`selects by ${kind} ${selector}`, async () => {
        const { body } = await client().call('GET', `${path}?${kind}=${encodeURIComponent(selector)}`)
        assert.deepEqual(namesOf(body), names)
      })
    }

    const refusals: [string, number, string, string][] = [
      ['labelSelector=n%20in%20a', 400, 'BadRequest', "unable to parse requirement: found 'a' expected: '('"],
      ['labelSelector=%3Da', 400, 'BadRequest', "found '=', expected: !, identifier, or 'end of string'"],
      ['fieldSelector=spec.size%3D5', 400, 'BadRequest', 'field label not supported: spec.size'],
      ['fieldSelector=abc', 400, 'BadRequest', "invalid selector: 'abc'; can't understand 'abc'"],
      [
        'resourceVersion=abc',
        400,
        'BadRequest',
        'invalid resource version: resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax',
      ],
      [
        'resourceVersionMatch=Exact',
        422,
        'Invalid',
        'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
      ],
      ['limit=x', 400, 'BadRequest', 'strconv.ParseInt: parsing "x": invalid syntax'],
    ]
    for (const [query, code, reason, message] of refusals) {
      test(`refuses to list with ${query}`, async () => {
        assertStatus(await client().call('GET', `${path}?${query}`), code, reason, message)
      })
    }

    test('refuses a field selector of a built-in kind that it does not know', async () => {
      const answer = await client().call('GET', '/api/v1/namespaces/default/configmaps?fieldSelector=data.x%3D5')
      const message = '"data.x" is not a known field selector: only "metadata.name", "metadata.namespace"'
      assertStatus(answer, 400, 'BadRequest', message)
    })

    test('says that a version from the future cannot be listed yet', async () => {
      const { status, body } = await client().call('GET', `${path}?resourceVersion=99999999`)
      assert.equal(status, 504)
      assert.equal(body.reason, 'Timeout')
      assert.match(body.message ?? '', /^Timeout: Too large resource version: 99999999, current: \d+$/)
    })

    test('refuses a broken continue token', async () => {
      const { status, body } = await client().call('GET', `${path}?continue=xx`)
      assert.equal(status, 400)
      assert.match(body.message ?? '', /^invalid continue token: continue key is not valid: /)
    })

    test('gives a table with the columns of the definition', async () => {
      const { body, contentType } = await client().call('GET', path, undefined, { accept: tableType })
      const table = body as Table
      assert.equal(contentType, 'application/json')
      assert.deepEqual([table.kind, table.apiVersion], ['Table', 'meta.k8s.io/v1'])
      assert.deepEqual(
        table.columnDefinitions.map(({ name, type, format, priority }) => ({ name, type, format, priority })),
        [
          { name: 'Name', type: 'string', format: 'name', priority: 0 },
          { name: 'Ready', type: 'string', format: '', priority: 0 },
          { name: 'Size', type: 'integer', format: '', priority: 0 },
          { name: 'URL', type: 'string', format: '', priority: 1 },
          { name: 'Age', type: 'date', format: '', priority: 0 },
        ],
      )
      assert.deepEqual(
        table.rows.map(({ cells }) => cells.slice(0, 4)),
        [
          ['a', 'True', 5, 'https://x'],
          ['b', null, 5, 'https://x'],
          ['c', null, 5, 'https://x'],
        ],
      )
      for (const { cells, object } of table.rows) {
        assert.match(String(cells[4]), /^\d+s$/)
        assert.equal(object?.kind, 'PartialObjectMetadata')
      }
    })

    test('a table of one object may leave the object out', async () => {
      const { body } = await client().call('GET', `${path}/a?includeObject=None`, undefined, { accept: tableType })
      assert.deepEqual(
        (body as Table).rows.map(({ cells, object }) => [cells[0], object]),
        [['a', null]],
      )
    })

    test('gives metadata only, of one object and of a list', async () => {
      const one = (await client().call('GET', `${path}/a`, undefined, { accept: metadataType })).body
      assert.deepEqual([one.kind, one.apiVersion], ['PartialObjectMetadata', 'meta.k8s.io/v1'])
      assert.equal(one.metadata?.name, 'a')
      assert.equal(one.spec, undefined)
      const list = (await client().call('GET', path, undefined, { accept: metadataListType })).body
      assert.equal(list.kind, 'PartialObjectMetadataList')
      assert.deepEqual(namesOf(list), ['a', 'b', 'c'])
      assert.deepEqual(new Set(list.items?.map((item) => item.kind)), new Set(['PartialObjectMetadata']))
      assert.ok(list.items?.every((item) => item.spec === undefined))
    })

    test('refuses what it cannot write', async () => {
      const answer = await client().call('GET', `${path}/a`, undefined, { accept: 'text/html' })
      const message =
        'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf'
      assertStatus(answer, 406, 'NotAcceptable', message)
      const list = await client().call('GET', path, undefined, { accept: metadataType })
      assert.equal(list.status, 406)
      assert.match(list.body.message ?? '', /^you requested PartialObjectMetadata, but the requested object is a list/)
    })
  })
}
