import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { eventually } from '../../../support/measures/eventually.ts'
import { mergePatch, type ApiBody, type ApiClient } from './api-under-test.ts'
import { assertStatus } from './objects-contract.ts'
import { widgetCrd } from './widget.ts'

export const definitionsPath = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

const gadgetCrd = {
  ...widgetCrd,
  metadata: { name: 'gadgets.gadgets.example.com' },
  spec: { ...widgetCrd.spec, group: 'gadgets.example.com', names: { kind: 'Gadget', plural: 'gadgets' } },
}

/** The definition with its one schema changed. */
function withSpecSchema(change: (spec: Record<string, unknown>) => unknown): object {
  const crd = structuredClone(gadgetCrd)
  const properties = crd.spec.versions[0]?.schema.openAPIV3Schema.properties as Record<string, unknown>
  properties['spec'] = change(properties['spec'] as Record<string, unknown>)
  return crd
}

interface Discovery extends ApiBody {
  items: { metadata: { name?: string }; versions: { version: string; resources: DiscoveredResource[] }[] }[]
}
interface DiscoveredResource {
  resource: string
  scope: string
  singularResource: string
  shortNames?: string[]
  categories?: string[]
  subresources?: { subresource: string }[]
}

export function definitionsContract(client: () => ApiClient): void {
  const dryRun = (crd: object) => client().call('POST', `${definitionsPath}?dryRun=All`, crd)
  const prefix = 'CustomResourceDefinition.apiextensions.k8s.io "gadgets.gadgets.example.com" is invalid: '
  const schemaPath = 'spec.validation.openAPIV3Schema.properties[spec]'

  describe('CustomResourceDefinitions', () => {
    test('are filled in, accepted and established', async () => {
      const { body } = await client().call('GET', `${definitionsPath}/widgets.example.com`)
      const names = body.spec?.['names'] as Record<string, unknown>
      assert.deepEqual([names['singular'], names['listKind']], ['widget', 'WidgetList'])
      const { conditions, storedVersions } = body.status as {
        conditions: { type: string; status: string }[]
        storedVersions: string[]
      }
      assert.deepEqual(conditions.map(({ type, status }) => `${type}=${status}`).toSorted(), [
        'Established=True',
        'NamesAccepted=True',
      ])
      assert.deepEqual(storedVersions, ['v1alpha1'])
    })

    test('must be named for what they define', async () => {
      const answer = await dryRun({ ...gadgetCrd, metadata: { name: 'x' } })
      const message =
        'CustomResourceDefinition.apiextensions.k8s.io "x" is invalid: metadata.name: Invalid value: "x": must be spec.names.plural+"."+spec.group'
      assertStatus(answer, 422, 'Invalid', message)
    })

    test('must have a structural schema', async () => {
      const typeless = await dryRun(
        withSpecSchema((spec) => ({ ...spec, properties: { ...(spec['properties'] as object), size: {} } })),
      )
      assertStatus(
        typeless,
        422,
        'Invalid',
        `${prefix}${schemaPath}.properties[size].type: Required value: must not be empty for specified object fields`,
      )
      const missing = structuredClone(gadgetCrd) as { spec: { versions: { schema?: unknown }[] } }
      delete missing.spec.versions[0]?.schema
      assertStatus(
        await dryRun(missing),
        422,
        'Invalid',
        `${prefix}spec.versions[0].schema.openAPIV3Schema: Required value`,
      )
    })

    const broken: {
      name: string
      change: (properties: Record<string, Record<string, unknown>>) => void
      says: string
    }[] = [
      {
        name: 'a type that does not exist',
        change: ({ url }) => Object.assign(url ?? {}, { type: 'text' }),
        says: '[url].type: Unsupported value: "text": supported values: "array", "boolean", "integer", "number", "object", "string"',
      },
      {
        name: 'a list type that does not exist',
        change: ({ tags }) => Object.assign(tags ?? {}, { 'x-kubernetes-list-type': 'foo' }),
        says: '[tags].x-kubernetes-list-type: Unsupported value: "foo": supported values: "atomic", "set", "map"',
      },
      {
        name: 'a list without items',
        change: ({ tags }) => delete tags?.['items'],
        says: '[tags].items: Required value: must be specified',
      },
      {
        name: 'a map list without keys',
        change: ({ parts }) => delete parts?.['x-kubernetes-list-map-keys'],
        says: '[parts].x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map',
      },
      {
        name: 'a map list whose key may be absent',
        change: ({ parts }) => Object.assign(parts?.['items'] ?? {}, { required: [] }),
        says: '[parts].items.properties[name].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
      },
      {
        name: 'properties beside additionalProperties',
        change: ({ labels }) => Object.assign(labels ?? {}, { properties: { a: { type: 'string' } } }),
        says: '[labels].additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive',
      },
    ]
    for (const { name, change, says } of broken) {
      test(`must not have ${name}`, async () => {
        const answer = await dryRun(
          withSpecSchema((spec) => {
            change(spec['properties'] as Record<string, Record<string, unknown>>)
            return spec
          }),
        )
        assertStatus(answer, 422, 'Invalid', `${prefix}${schemaPath}.properties${says}`)
      })
    }

    test('must have patterns that compile, and columns that can be printed', async () => {
      const pattern = await dryRun(
        withSpecSchema((spec) => {
          Object.assign((spec['properties'] as Record<string, object>)['url'] ?? {}, { pattern: '([' })
          return spec
        }),
      )
      const where = `${prefix}${schemaPath}.properties[url].pattern: Invalid value: "([": must be a valid regular expression, but isn't: `
      assert.ok(pattern.body.message?.startsWith(where), pattern.body.message)
      const withColumn = (column: object) => {
        const crd = structuredClone(gadgetCrd)
        Object.assign(crd.spec.versions[0] ?? {}, { additionalPrinterColumns: [column] })
        return dryRun(crd)
      }
      assertStatus(
        await withColumn({ name: 'A', type: 'string', jsonPath: 'a.b' }),
        422,
        'Invalid',
        `${prefix}spec.additionalPrinterColumns[0].JSONPath: Invalid value: "a.b": must be a simple json path starting with .`,
      )
      assertStatus(
        await withColumn({ name: 'A', type: 'foo', jsonPath: '.a' }),
        422,
        'Invalid',
        `${prefix}spec.additionalPrinterColumns[0].type: Invalid value: "foo": must be one of boolean,date,integer,number,string`,
      )
    })

    const badRules: [string, RegExp][] = [
      ['self.size +', /compilation failed: ERROR: /],
      [
        'self.nope == 1',
        /compilation failed: ERROR: <input>:1:5: undefined field 'nope'\n \| self\.nope == 1\n \| \.\.\.\.\^$/,
      ],
      ['self.parts.all(p, p.lft == "x")', /undefined field 'lft'/],
      ['has(self.parts) && self.parts[0].right.depth == 1', /undefined field 'depth'/],
    ]
    for (const [rule, says] of badRules) {
      test(`must have rules that compile: not ${rule}`, async () => {
        const rules = [{ rule }]
        const { status, body } = await dryRun(
          withSpecSchema((spec) => ({ ...spec, 'x-kubernetes-validations': rules })),
        )
        assert.equal(status, 422)
        const [cause] = body.details?.causes ?? []
        assert.equal(cause?.field, `${schemaPath}.x-kubernetes-validations[0].rule`)
        assert.match(cause.message, says)
      })
    }

    test('may have rules that look at maps, unknown fields and lists of their own', async () => {
      const rules = [
        "!has(self.labels) || self.labels.all(key, key != 'x')",
        "!has(self.labels) || !('a' in self.labels) || self.labels.a != 'x'",
        '!has(self.parts) || self.parts.filter(p, has(p.left)).all(p, p.left.size() < 9)',
        "['a', 'b'].exists(x, x == 'a')",
      ].map((rule) => ({ rule }))
      const { status, text } = await dryRun(withSpecSchema((spec) => ({ ...spec, 'x-kubernetes-validations': rules })))
      assert.equal(status, 201, text)
    })

    test('serve from the moment they are established until they are deleted, objects first', async () => {
      const objects = '/apis/gadgets.example.com/v1alpha1/namespaces/default/gadgets'
      const gadget = {
        apiVersion: 'gadgets.example.com/v1alpha1',
        kind: 'Gadget',
        metadata: { name: 'g', finalizers: ['example.com/held'] },
        spec: { size: 1 },
      }
      assert.equal((await client().call('GET', objects)).status, 404)
      assert.equal((await client().call('POST', definitionsPath, gadgetCrd)).status, 201)
      await eventually('gadgets are served', async () => (await client().call('GET', objects)).status === 200)
      await eventually(
        'gadgets can be created',
        async () => (await client().call('POST', objects, gadget)).status === 201,
      )
      const path = `${definitionsPath}/gadgets.gadgets.example.com`
      const labelled = await client().call('PATCH', path, { metadata: { labels: { a: 'b' } } }, mergePatch)
      assert.deepEqual([labelled.status, labelled.body.metadata?.generation], [200, 1])
      const deleted = await client().call('DELETE', path)
      assert.ok(deleted.body.metadata?.deletionTimestamp)
      await eventually('the object is being deleted', async () => {
        const { body } = await client().call('GET', `${objects}/g`)
        return body.metadata?.deletionTimestamp !== undefined
      })
      assert.equal((await client().call('GET', path)).status, 200, 'it waits for its objects')
      await client().call('PATCH', `${objects}/g`, { metadata: { finalizers: null } }, mergePatch)
      await eventually('the definition is gone', async () => (await client().call('GET', path)).status === 404)
      await eventually('nothing is served', async () => (await client().call('GET', objects)).status === 404)
    })
  })

  describe('discovery', () => {
    test('names the groups, their versions and their resources', async () => {
      const core = await client().call('GET', '/api')
      assert.deepEqual([core.body.kind, core.body['versions']], ['APIVersions', ['v1']])
      const group = await client().call('GET', '/apis/example.com')
      assert.deepEqual(group.body['preferredVersion'], { groupVersion: 'example.com/v1alpha1', version: 'v1alpha1' })
      const list = await client().call('GET', '/apis/example.com/v1alpha1')
      const resources = list.body['resources'] as {
        name: string
        verbs: string[]
        shortNames?: string[]
        categories?: string[]
      }[]
      const named = resources.map(({ name, verbs, shortNames, categories }) => ({
        name,
        verbs: verbs.toSorted(),
        shortNames,
        categories,
      }))
      assert.deepEqual(named, [
        {
          name: 'widgets',
          verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
          shortNames: ['wd'],
          categories: ['gizmos'],
        },
        { name: 'widgets/status', verbs: ['get', 'patch', 'update'], shortNames: undefined, categories: undefined },
      ])
      const groups = (await client().call('GET', '/apis')).body['groups'] as { name: string }[]
      const names = new Set(groups.map(({ name }) => name))
      for (const name of ['example.com', 'events.k8s.io', 'coordination.k8s.io', 'apiextensions.k8s.io'])
        assert.ok(names.has(name), name)
    })

    test('says all of it at once to those who ask', async () => {
      const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
      const find = async (path: string, group: string | undefined) => {
        const { body, contentType } = await client().call('GET', path, undefined, {
          accept: `${accept},application/json`,
        })
        assert.equal(contentType, accept)
        assert.equal(body.kind, 'APIGroupDiscoveryList')
        return (body as Discovery).items.find(({ metadata }) => metadata.name === group)?.versions[0]?.resources ?? []
      }
      const [widgets] = await find('/apis', 'example.com')
      assert.deepEqual(
        [widgets?.resource, widgets?.scope, widgets?.singularResource, widgets?.shortNames, widgets?.categories],
        ['widgets', 'Namespaced', 'widget', ['wd'], ['gizmos']],
      )
      assert.deepEqual(
        widgets?.subresources?.map(({ subresource }) => subresource),
        ['status'],
      )
      const core = await find('/api', undefined)
      for (const name of ['configmaps', 'events', 'namespaces', 'secrets', 'serviceaccounts', 'services']) {
        assert.ok(
          core.some(({ resource }) => resource === name),
          name,
        )
      }
    })

    test('health and version need no token', async () => {
      for (const path of ['/healthz', '/livez', '/readyz']) {
        const { status, text } = await client().call('GET', path)
        assert.deepEqual([status, text], [200, 'ok'], path)
      }
      assert.match(String((await client().call('GET', '/version')).body['gitVersion']), /^v1\.\d+\./)
    })

    test('OpenAPI documents describe the schema, and that fields are validated by the server', async () => {
      const index = await client().call('GET', '/openapi/v3')
      const paths = index.body['paths'] as Record<string, { serverRelativeURL: string }>
      const address = paths['apis/example.com/v1alpha1']?.serverRelativeURL ?? ''
      assert.match(address, /^\/openapi\/v3\/apis\/example\.com\/v1alpha1\?hash=[0-9A-F]+$/)
      const document = (await client().call('GET', address)).body as unknown as OpenApiDocument
      const schema = document.components.schemas['com.example.v1alpha1.Widget']
      assert.deepEqual(schema?.['x-kubernetes-group-version-kind'], [
        { group: 'example.com', version: 'v1alpha1', kind: 'Widget' },
      ])
      assert.equal(schema.properties?.['spec']?.description, 'What is wanted.')
      const item = document.paths['/apis/example.com/v1alpha1/namespaces/{namespace}/widgets/{name}']
      assert.ok(item?.['patch']?.parameters.some(({ name }) => name === 'fieldValidation'))
    })
  })
}

interface OpenApiDocument {
  components: {
    schemas: Record<
      string,
      { properties?: Record<string, { description?: string }>; 'x-kubernetes-group-version-kind'?: unknown }
    >
  }
  paths: Record<string, Record<string, { parameters: { name: string }[] }>>
}
