import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { eventually } from '../../../support/measures/eventually.ts'
import { mergePatch, type ApiClient, type ApiUnderTest } from './api-under-test.ts'
import { createWidget } from './objects-contract.ts'
import { widgetsPath } from './widget.ts'

type Kubectl = NonNullable<ApiUnderTest['kubectl']>

const manifest = (name: string, spec: object) =>
  JSON.stringify({ apiVersion: 'example.com/v1alpha1', kind: 'Widget', metadata: { name }, spec })

/** As `kubectl create service --tcp=PORT:TARGET` names it. */
const portTo = (port: number, targetPort: number | string) => ({
  name: `${port}-${targetPort}`,
  protocol: 'TCP',
  port,
  targetPort,
})

/** What users type. Skipped by name where there is no kubectl. */
export function kubectlContract(client: () => ApiClient, hasKubectl: boolean): void {
  if (!hasKubectl) {
    // A test and not a suite: only skipped tests are counted in the summary.
    test('the stock kubectl', { skip: 'no kubectl: set KUBEBUILDER_ASSETS, or put kubectl on PATH' }, () => {})
    return
  }
  const ok = async (args: string[], input?: string) => {
    const { code, stdout, stderr } = await kubectlOf(client())(args, input === undefined ? {} : { input })
    assert.equal(code, 0, `kubectl ${args.join(' ')}: ${stderr}`)
    return stdout
  }
  const fails = async (args: string[], input?: string) => {
    const { code, stderr } = await kubectlOf(client())(args, input === undefined ? {} : { input })
    assert.notEqual(code, 0, `kubectl ${args.join(' ')} should fail`)
    return stderr
  }

  describe('the stock kubectl', () => {
    test('apply creates, changes and leaves alone', async () => {
      const name = client().newName('k')
      assert.equal(
        await ok(['apply', '-f', '-'], manifest(name, { size: 3, url: 'https://x' })),
        `widget.example.com/${name} created\n`,
      )
      assert.equal(
        await ok(['apply', '-f', '-'], manifest(name, { size: 4 })),
        `widget.example.com/${name} configured\n`,
      )
      assert.equal(
        await ok(['apply', '-f', '-'], manifest(name, { size: 4 })),
        `widget.example.com/${name} unchanged\n`,
      )
      const { body } = await client().call('GET', `${widgetsPath}/${name}`)
      assert.deepEqual(body.spec, { size: 4, defaulted: 'yes' })
    })

    test('apply of a Secret merges by strategic merge patch', async () => {
      const name = client().newName('ks')
      const secret = (stringData: object) =>
        JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData })
      await ok(['apply', '-f', '-'], secret({ a: 'b' }))
      assert.equal(await ok(['apply', '-f', '-'], secret({ a: 'c' })), `secret/${name} configured\n`)
      assert.equal(await ok(['get', 'secret', name, '-o', 'jsonpath={.data.a}']), 'Yw==')
    })

    test('apply shows unknown fields and broken rules', async () => {
      const unknown = await fails(['apply', '-f', '-'], manifest('bad', { size: 3, zork: 1 }))
      assert.match(unknown, /strict decoding error: unknown field "spec\.zork"/)
      const broken = await fails(['apply', '-f', '-'], manifest('bad', { size: 300 }))
      assert.equal(broken, 'The Widget "bad" is invalid: spec: Invalid value: a big widget needs a url\n')
    })

    test('create writes Secrets, ConfigMaps, Namespaces and ServiceAccounts, in the protobuf that it insists on', async () => {
      const name = client().newName('kc')
      await ok(['create', 'secret', 'generic', name, '--from-literal=a=b', '--from-literal=c=dé'])
      await ok(['create', 'configmap', name, '--from-literal=a=b'])
      await ok(['create', 'namespace', name])
      await ok(['create', 'serviceaccount', name])
      const at = (plural: string) => client().call('GET', `/api/v1/namespaces/default/${plural}/${name}`)
      const secret = (await at('secrets')).body
      assert.deepEqual([secret.type, secret.data], ['Opaque', { a: 'Yg==', c: 'ZMOp' }])
      assert.deepEqual((await at('configmaps')).body.data, { a: 'b' })
      assert.equal((await at('serviceaccounts')).status, 200)
      assert.equal((await client().call('GET', `/api/v1/namespaces/${name}`)).status, 200)
    })

    test('create writes Services of every type, each port with its own target', async () => {
      const name = client().newName('ksvc')
      const specOf = async (type: string, ...args: string[]) => {
        await ok(['create', 'service', type, `${name}-${type}`, ...args])
        const { body } = await client().call('GET', `/api/v1/namespaces/default/services/${name}-${type}`)
        return body.spec as Record<string, unknown>
      }
      const inside = await specOf('clusterip', '--tcp=80:9000', '--tcp=443:web')
      assert.deepEqual(inside['ports'], [portTo(80, 9000), portTo(443, 'web')])
      assert.deepEqual([inside['type'], inside['selector']], ['ClusterIP', { app: `${name}-clusterip` }])
      const outside = await specOf('externalname', '--external-name=hooks.example.com')
      assert.deepEqual([outside['type'], outside['externalName']], ['ExternalName', 'hooks.example.com'])
      assert.equal((await specOf('nodeport', '--tcp=80'))['type'], 'NodePort')
      assert.equal((await specOf('loadbalancer', '--tcp=80'))['type'], 'LoadBalancer')
    })

    test('get prints the columns, by short name, wide, and by category', async () => {
      const { name } = await createWidget(client(), { size: 7, url: 'https://x' })
      assert.match(await ok(['get', 'wd', name]), new RegExp(`^NAME +READY +SIZE +AGE\\n${name} +7 +\\d+s\\n$`))
      assert.match(await ok(['get', 'widgets', name, '-o', 'wide']), new RegExp(`\\n${name} +7 +https://x +\\d+s\\n$`))
      assert.ok((await ok(['get', 'gizmos'])).includes(name))
    })

    test('get -w prints changes as they come', async () => {
      const { name } = await createWidget(client())
      let isOver = false
      const watching = ok(['get', 'widget', name, '--watch', '--no-headers', '--request-timeout=3s']).finally(() => {
        isOver = true
      })
      let size = 5
      await eventually(
        'kubectl has watched for its three seconds',
        async () => {
          size += 1
          await client().call('PATCH', `${widgetsPath}/${name}`, { spec: { size } }, mergePatch)
          return isOver
        },
        { intervalMs: 200 },
      )
      const lines = (await watching).trim().split('\n')
      const sizes = lines.map((line) => Number(line.split(/ +/)[1]))
      assert.ok(sizes.length > 2, lines.join('\n'))
      assert.deepEqual(
        sizes,
        sizes.toSorted((a, b) => a - b),
        'in the order of the changes',
      )
    })

    test('describe shows the object and its events, whichever group wrote them', async () => {
      const { name, object } = await createWidget(client())
      const regarding = {
        apiVersion: 'example.com/v1alpha1',
        kind: 'Widget',
        namespace: 'default',
        name,
        uid: object.metadata?.uid,
      }
      const event = {
        metadata: { name },
        eventTime: '2026-11-21T05:00:00.123456Z',
        reportingController: 'example.com/controller',
        reportingInstance: 'pod-1',
        action: 'Registering',
        reason: 'Registered',
        regarding,
        note: 'It was registered',
        type: 'Normal',
      }
      const created = await client().call('POST', '/apis/events.k8s.io/v1/namespaces/default/events', event)
      assert.equal(created.status, 201)
      const text = await ok(['describe', 'widget', name])
      assert.match(text, /Spec:\n {2}Defaulted: +yes\n {2}Size: +5\n/)
      assert.match(text, /Normal +Registered .* It was registered/)
      assert.match(
        await ok(['get', 'events', `--field-selector=involvedObject.name=${name}`]),
        /Registered +widget\/.* +It was registered/,
      )
    })

    test('patch, merge and JSON, and of the status', async () => {
      const { name } = await createWidget(client())
      await ok(['patch', 'widget', name, '--type=merge', '-p', '{"spec":{"size":9}}'])
      await ok(['patch', 'widget', name, '--type=json', '-p', '[{"op":"replace","path":"/spec/size","value":10}]'])
      await ok([
        'patch',
        'widget',
        name,
        '--subresource=status',
        '--type=merge',
        '-p',
        '{"status":{"observedGeneration":3}}',
      ])
      const { body } = await client().call('GET', `${widgetsPath}/${name}`)
      assert.deepEqual([body.spec?.['size'], body.status], [10, { observedGeneration: 3 }])
    })

    test('label, annotate and edit-like replace', async () => {
      const { name } = await createWidget(client())
      await ok(['label', 'widget', name, 'tier=x'])
      await ok(['annotate', 'widget', name, 'example.com/note=hello'])
      const text = await ok(['get', 'widget', name, '-o', 'json'])
      await ok(['replace', '-f', '-'], text.replace('"size": 5', '"size": 8'))
      const { body } = await client().call('GET', `${widgetsPath}/${name}`)
      assert.deepEqual([body.metadata?.labels, body.spec?.['size']], [{ tier: 'x' }, 8])
    })

    test('wait sees a condition come, and an object go', async () => {
      const { name } = await createWidget(client(), { size: 5 }, { finalizers: ['example.com/held'] })
      const waiting = ok(['wait', '--for=condition=Ready', `widget/${name}`, '--timeout=20s'])
      const status = { status: { conditions: [{ type: 'Ready', status: 'True' }] } }
      await client().call('PATCH', `${widgetsPath}/${name}/status`, status, mergePatch)
      assert.equal(await waiting, `widget.example.com/${name} condition met\n`)
      await ok(['delete', 'widget', name, '--wait=false'])
      assert.match(await fails(['wait', '--for=delete', `widget/${name}`, '--timeout=1s']), /timed out waiting/)
      const leaving = ok(['wait', '--for=delete', `widget/${name}`, '--timeout=20s'])
      await client().call('PATCH', `${widgetsPath}/${name}`, { metadata: { finalizers: null } }, mergePatch)
      await leaving
    })

    test('delete waits until the object is gone', async () => {
      const { name } = await createWidget(client())
      assert.match(await ok(['delete', 'widget', name]), /deleted/)
      assert.match(await fails(['get', 'widget', name]), /widgets\.example\.com "\S+" not found/)
    })

    test('explain walks the schema', async () => {
      const text = await ok(['explain', 'widget.spec.parts'])
      assert.match(text, /GROUP: +example\.com\nKIND: +Widget\nVERSION: +v1alpha1\n\nFIELD: parts <\[\]Object>/)
      assert.match(text, /The parts of it\./)
      assert.match(text, / {2}left\t<string>\n {4}The left side\.\n/)
      assert.match(text, / {2}name\t<string> -required-/)
    })

    test('api-resources and auth-free paths', async () => {
      assert.match(
        await ok(['api-resources', '--api-group=example.com']),
        /widgets +wd +example\.com\/v1alpha1 +true +Widget/,
      )
      assert.equal(await ok(['get', '--raw', '/readyz']), 'ok')
    })
  })
}

function kubectlOf(client: ApiClient): Kubectl {
  const { kubectl } = client
  if (kubectl === undefined) throw new Error('these tests are skipped without kubectl')
  return kubectl
}
