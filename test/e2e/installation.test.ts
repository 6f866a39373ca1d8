import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import { gwh, helm, kubectl, soon } from '../support/processes/cluster-commands.ts'
import { apiKeySecret, standUp, takeDown } from './surroundings.ts'
import {
  addSink,
  askReceivers,
  batchDeliveries,
  deliveries,
  emitTwice,
  everythingArrived,
  field,
  finishBatches,
  finished,
  image,
  imageOf,
  install,
  killReceiver,
  lastDeliveries,
  missing,
  newest,
  oldest,
  previous,
  receiverReports,
  release,
  remotes,
  restartReceiverNode,
  rolledOut,
  system,
  team,
} from './world.ts'

/**
 * The whole life of an installation on a real node, by the chart, with both majors of Helm where both are there. Needs
 * a cluster that KUBECONFIG names, on whose nodes the image GWH_E2E_IMAGE can be run, kubectl and Helm. It makes and
 * deletes namespaces, the CRDs and cluster roles of its own.
 */
describe('an installation on a real node', { skip: missing.length > 0 && `needs ${missing.join(', ')}` }, () => {
  before(async () => {
    await standUp([team])
    await kubectl(['--namespace', team, ...apiKeySecret])
  })
  after(() => takeDown([team]))

  test('helm installs the previous version where Pod Security "restricted" is enforced, and a sample becomes Ready', async (t) => {
    t.diagnostic(`upgraded from ${previous.image}`)
    await install(oldest, [], previous)
    await kubectl(['--namespace', team, 'apply', '-f', 'deploy/samples/worker-and-events.yaml'])
    await kubectl(['--namespace', team, 'wait', '--for=condition=Ready', 'gwh/batch-events', '--timeout=2m'])
    assert.deepEqual(
      (await remotes()).map(({ state }) => state),
      ['enabled'],
    )
    const answered = (await deliveries()).filter(({ state }) => state === 'delivered')
    assert.ok(answered.length > 0, 'Ready must have been proven by a delivery')
    assert.equal(await imageOf('gwh-receiver-0'), previous.image)
  })

  test('an upgrade under traffic loses nothing and registers nothing anew, and "helm test" passes', async () => {
    const before = await remotes()
    await Promise.all([finishBatches(30), install(newest)])
    await finishBatches(10)
    await everythingArrived()
    assert.equal(await imageOf('gwh-receiver-0'), image)
    assert.deepEqual(
      (await remotes()).map(({ id }) => id),
      before.map(({ id }) => id),
    )
    await helm(newest, ['test', release, '--namespace', system])
    await kubectl(['--namespace', team, 'wait', '--for=condition=Ready', 'gwh/batch-events', '--timeout=2m'])
  })

  test('a finished batch reaches the worker pod and shows as an Event', async () => {
    await finishBatches(1)
    await everythingArrived()
    await soon('the Event', async () =>
      (await field('.items[*].reason', 'events.events.k8s.io')).includes('BatchSucceeded'),
    )
  })

  test('gwh inbox, listen, deadletters and replay reach the receiver through the API server', async () => {
    type Inboxes = { inboxes: { pod: string; pending: number; deadLetters: number }[] }
    type DeadLetters = { deadLetters: { id: string; name: string; sink: string; reason: string }[] }
    const mistaken = ['--webhook', `${team}/batch-events`, '--sink=mistaken']
    const worker = { service: { name: 'batch-worker', port: 80, path: '/events' } }
    await addSink({ name: 'mistaken', ...worker, filter: { cel: 'event.data.nope == 1' } })
    const [letter] = await soon('a dead letter', async () => {
      await finishBatches(1)
      const { deadLetters } = await askReceivers<DeadLetters>('deadletters', ...mistaken)
      return deadLetters.length > 0 && deadLetters
    })
    assert.match(letter?.id ?? '', /^gwh-receiver-0\/\d+$/)
    assert.deepEqual([letter?.name, letter?.sink, letter?.reason], ['batch-events', 'mistaken', 'FilterError'])
    await everythingArrived()
    const steps = (await lastDeliveries()).filter(({ kind }) => kind === 'step')
    for (const [sink, next] of [
      ['worker', 'Succeed'],
      ['mistaken', 'DeadLetter'],
    ]) {
      assert.ok(
        steps.some((step) => step['pod'] === 'gwh-receiver-0' && step['sink'] === sink && step['next'] === next),
        `${sink}: ${next}`,
      )
    }

    await addSink({ name: 'mistaken', ...worker })
    await soon('the replayed ones delivered', async () => {
      await askReceivers('replay', ...mistaken)
      const { inboxes } = await askReceivers<Inboxes>('inbox')
      assert.deepEqual(
        inboxes.map(({ pod }) => pod),
        ['gwh-receiver-0'],
      )
      return inboxes.every(({ pending, deadLetters }) => pending === 0 && deadLetters === 0)
    })
    await kubectl(['--namespace', team, 'apply', '-f', 'deploy/samples/worker-and-events.yaml'])
    await kubectl(['--namespace', team, 'wait', '--for=condition=Ready', 'gwh/batch-events', '--timeout=2m'])
  })

  test('gwh doctor finds the installation well, and gwh status every link of an object', async () => {
    type Chain = { broken?: string; chain: { name: string; state: string; says: string }[] }
    const doctor = await askReceivers<Chain>('doctor', '--no-probe')
    assert.deepEqual(
      doctor.chain.filter(({ state }) => state !== 'Good'),
      [],
    )
    const status = JSON.parse(await gwh(['status', `${team}/batch-events`, '--no-probe', '-o', 'json'])) as Chain
    assert.equal(status.broken, undefined)
    assert.ok(status.chain.some(({ name, state }) => name === 'sink worker' && state === 'Good'))
  })

  test('the cluster and Git do not differ after all of that', async () => {
    await kubectl(['--namespace', team, 'diff', '-f', 'deploy/samples/worker-and-events.yaml'])
    const managers = await kubectl([
      '--namespace',
      team,
      'get',
      'gwh',
      'batch-events',
      '--show-managed-fields',
      '--output',
      'json',
    ])
    const { metadata } = JSON.parse(managers) as {
      metadata: { managedFields: { manager: string; fieldsV1: object }[] }
    }
    for (const { manager, fieldsV1 } of metadata.managedFields) {
      if (manager.startsWith('gwh')) assert.ok(!('f:spec' in fieldsV1), 'the controller owns a field of the spec')
    }
  })

  test('a rotation asked for in the manifest changes the secret, and deliveries go on', async () => {
    const hint = await field('.status.signingSecret.hint', 'gwh', 'batch-events')
    await kubectl([
      '--namespace',
      team,
      'patch',
      'gwh',
      'batch-events',
      '--type=merge',
      '-p',
      '{"spec":{"rotation":{"request":{"id":"e2e"}}}}',
    ])
    await soon('the rotation', async () =>
      (await field('.status.rotation.handledRequestIDs', 'gwh', 'batch-events')).includes('e2e'),
    )
    assert.notEqual(await field('.status.signingSecret.hint', 'gwh', 'batch-events'), hint)
    await kubectl(['--namespace', team, 'wait', '--for=condition=Ready', 'gwh/batch-events', '--timeout=2m'])
    await finishBatches(1)
    await everythingArrived()
  })

  test('a Secret that is deleted comes back with the same key, each time', async () => {
    const hint = await field('.status.signingSecret.hint', 'gwh', 'batch-events')
    for (let time = 1; time <= 2; time += 1) {
      await kubectl(['--namespace', team, 'delete', 'secret', 'batch-events-signing-secret'])
      await soon('the Secret', async () =>
        (await field('.items[*].metadata.name', 'secrets')).includes('batch-events-signing-secret'),
      )
    }
    await finishBatches(1)
    await everythingArrived()
    assert.equal(await field('.status.signingSecret.hint', 'gwh', 'batch-events'), hint)
  })

  test('repeats count up one Event, and a restart of all pods forgets none', async () => {
    await emitTwice({ type: 'batch.succeeded', data: { id: 'batches/repeated' } })
    await everythingArrived()
    await kubectl([
      '--namespace',
      system,
      'rollout',
      'restart',
      'deployment/gwh-controller',
      'statefulset/gwh-receiver',
    ])
    await rolledOut()
    await soon('the series of the batch and of the Secret', async () => {
      const notes = await field('.items[?(@.series.count==2)].note', 'events.events.k8s.io')
      return notes.includes('batches/repeated') && notes.includes('was restored')
    })
  })

  test('the report of a receiver that is gone is removed', async () => {
    const gone = JSON.stringify({ time: '2026-01-01T00:00:00Z', endpoints: {} })
    const patch = JSON.stringify({ data: { 'gwh-receiver-gone': gone } })
    await kubectl(['--namespace', system, 'patch', 'configmap', 'gwh-receiver-reports-3', '--type=merge', '-p', patch])
    await soon('only living receivers', async () => !(await receiverReports()).includes('gwh-receiver-gone'))
    assert.match(await receiverReports(), /gwh-receiver-0/)
  })

  test('the receiver pod is deleted under load, and nothing is lost', async (t) => {
    await Promise.all([finishBatches(60), killReceiver()])
    await everythingArrived()
    const repeated = (await batchDeliveries()).filter(({ attempts }) => attempts.length > 1).length
    t.diagnostic(`${finished.batches} events, ${repeated} of them asked for more than once, none lost`)
  })

  test('its node is drained of the receiver under load and comes back, and nothing is lost', async (t) => {
    await Promise.all([finishBatches(20), restartReceiverNode()])
    await everythingArrived()
    t.diagnostic(`${finished.batches} events, none lost`)
  })

  test('the leading controller is deleted, and the other takes over', async () => {
    const holder = await kubectl([
      '--namespace',
      system,
      'get',
      'lease',
      'gwh-controller',
      '--output',
      'jsonpath={.spec.holderIdentity}',
    ])
    const pod = holder.replace(/-[^-]+$/, '')
    await kubectl(['--namespace', system, 'delete', 'pod', pod, '--force', '--grace-period=0'])
    await kubectl(['--namespace', team, 'apply', '-f', 'deploy/samples/minimal.yaml'])
    await kubectl(['--namespace', team, 'wait', '--for=condition=Ready', 'gwh/minimal', '--timeout=3m'])
    assert.equal((await remotes()).length, 2)
  })

  test('uninstalling keeps the objects; another Helm installs it again for one namespace only, and finds its webhooks', async () => {
    const before = (await remotes()).map(({ id }) => id).toSorted()
    await helm(newest, ['uninstall', release, '--namespace', system, '--wait'])
    assert.match(await kubectl(['--namespace', team, 'get', 'gwh', '--output', 'name']), /batch-events[^]*minimal/)
    await install(oldest, [`--set=watchNamespaces={${team}}`])
    const clusterRoles = await kubectl(['get', 'clusterroles', '--output', 'name'])
    assert.doesNotMatch(clusterRoles, /gwh-/)
    await kubectl([
      '--namespace',
      team,
      'annotate',
      'gwh',
      '--all',
      'webhooks.gemini-operator.io/reconcile-requested-at=again',
    ])
    for (const name of ['batch-events', 'minimal']) {
      await soon(
        `${name} looked at again`,
        async () => (await field('.status.lastHandledReconcileAt', 'gwh', name)) === 'again',
      )
      await kubectl(['--namespace', team, 'wait', '--for=condition=Ready', `gwh/${name}`, '--timeout=2m'])
    }
    assert.deepEqual((await remotes()).map(({ id }) => id).toSorted(), before)
    await finishBatches(1)
    await everythingArrived()
  })

  test('deleting the objects leaves nothing at the service', async () => {
    await kubectl(['--namespace', team, 'delete', 'geminiwebhooks', '--all', '--timeout=2m'])
    assert.deepEqual(await remotes(), [])
    assert.equal(await field('.items[*].metadata.name', 'secrets'), 'gemini-api-key')
  })

  for (const program of new Set([newest, oldest])) {
    test(`with the guard, helm refuses to uninstall while an object is left, and says why (${program.split('/').at(-1)})`, async () => {
      await install(program, ['--set=uninstallGuard.enabled=true'])
      await kubectl(['--namespace', team, 'apply', '-f', 'deploy/samples/minimal.yaml'])
      await kubectl(['--namespace', team, 'wait', '--for=condition=Ready', 'gwh/minimal', '--timeout=2m'])
      const uninstall = () => helm(program, ['uninstall', release, '--namespace', system, '--wait', '--timeout=3m'])
      await assert.rejects(uninstall(), /gwh-uninstall-guard|BackoffLimitExceeded/)
      const why = await kubectl(['--namespace', system, 'logs', 'job/gwh-uninstall-guard'])
      assert.match(why, new RegExp(`webhooks +Broken .*${team}/minimal`))
      assert.match(why, /\n {2}gwh uninstall --operator-namespace=gemini-webhook-system --yes\n/)
      assert.match(await kubectl(['--namespace', system, 'get', 'deployments', '--output', 'name']), /gwh-controller/)

      assert.match(await gwh(['uninstall', '--yes']), new RegExp(`^${team}/minimal: deleted`))
      assert.deepEqual(await remotes(), [])
      await uninstall()
      assert.equal(await kubectl(['--namespace', system, 'get', 'deployments,jobs', '--output', 'name']), '')
    })
  }
})
