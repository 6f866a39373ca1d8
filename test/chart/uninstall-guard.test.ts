import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { before, test } from 'node:test'
import { promisify } from 'node:util'

import { finalizer } from '../../src/api/names.ts'
import { clusterIn, type OpenCluster } from '../../src/cli/operator-access.ts'
import { systemClock } from '../../src/clock.ts'
import { tokenOf } from '../../src/controller/facts/ownership.ts'
import { isForbidden, type KubernetesClient } from '../../src/kubernetes/client.ts'
import { chartPath } from '../../tools/generate-chart.ts'
import { eventually } from '../support/measures/eventually.ts'
import { named, podOf } from '../support/builders/manifests.ts'
import { gwhCommand } from '../support/processes/gwh-command.ts'
import { operatorNamespace, withHelm, type Chart, type Manifest } from '../support/processes/helm-chart.ts'
import { withRealApiServer, type RunningControlPlane } from '../support/processes/real-api-server.ts'

const release = 'gemini-webhook-operator'
const guardJob = 'job.batch/gwh-uninstall-guard\n'
const run = promisify(execFile)

interface GuardJob {
  backoffLimit: number
  activeDeadlineSeconds: number
  template: {
    metadata: { labels: object }
    spec: { serviceAccountName: string; restartPolicy: string; containers: [{ args: string[] }] }
  }
}

const jobsOf = (manifests: readonly Manifest[]) => manifests.filter(({ kind }) => kind === 'Job')
const specOf = (job: Manifest | undefined) => job?.spec as unknown as GuardJob

withHelm('the guard of an uninstallation', (charts) => {
  const [chart]: readonly (Chart | undefined)[] = charts
  assert.ok(chart)

  test('is not there unless it is asked for, and never in the manifests without Helm', () => {
    assert.deepEqual(jobsOf(chart.manifests({})), [])
    assert.doesNotMatch(readFileSync('deploy/install.yaml', 'utf8'), /uninstall-guard/)
  })

  test('is a Job before the deletion that is tried once, ends soon, and is replaced by the next', () => {
    const manifests = chart.manifests({ uninstallGuard: { enabled: true } })
    const [job, ...others] = jobsOf(manifests)
    assert.deepEqual(others, [])
    assert.equal(job?.metadata.annotations?.['helm.sh/hook'], 'pre-delete')
    assert.match(job.metadata.annotations['helm.sh/hook-delete-policy'] ?? '', /^before-hook-creation,hook-succeeded$/)
    const { backoffLimit, activeDeadlineSeconds, template } = specOf(job)
    // Helm gives up after five minutes and then says less.
    assert.deepEqual([backoffLimit, activeDeadlineSeconds < 300], [0, true])
    assert.deepEqual([template.spec.restartPolicy, template.spec.serviceAccountName], ['Never', 'gwh-controller'])
    const policy = named(manifests, 'NetworkPolicy', 'gwh-uninstall-guard')
    assert.deepEqual(policy.metadata.annotations, undefined)
    const { podSelector } = policy.spec as { podSelector: { matchLabels: Record<string, string> } }
    assert.equal(podSelector.matchLabels['app.kubernetes.io/component'], 'uninstall-guard')
    assert.partialDeepStrictEqual(template.metadata.labels, podSelector.matchLabels)
  })

  test('runs where the controller may run, of the same image from the same registry', () => {
    const manifests = chart.manifests({
      uninstallGuard: { enabled: true },
      global: { imageRegistry: 'mirror.example.com', imagePullSecrets: ['mirror'] },
      controller: { nodeSelector: { pool: 'system' }, tolerations: [{ key: 'system', operator: 'Exists' }] },
    })
    const controller = podOf(named(manifests, 'Deployment', 'gwh-controller'))
    const { image } = controller.containers[0] ?? assert.fail('no container')
    assert.match(image, /^mirror\.example\.com\//)
    assert.partialDeepStrictEqual(specOf(jobsOf(manifests)[0]).template.spec, {
      imagePullSecrets: [{ name: 'mirror' }],
      nodeSelector: { pool: 'system' },
      tolerations: [{ key: 'system', operator: 'Exists' }],
      containers: [{ image }],
    })
  })

  test('has no NetworkPolicy where there are none', () => {
    const manifests = chart.manifests({ uninstallGuard: { enabled: true }, networkPolicy: { enabled: false } })
    assert.ok(!manifests.some(({ kind }) => kind === 'NetworkPolicy'))
    assert.equal(jobsOf(manifests).length, 1)
  })
})

withHelm('the guard on a real API server', (charts) => {
  for (const each of charts) {
    for (const watchNamespaces of [[], ['team-a', 'team-b']]) {
      const scope = watchNamespaces.length === 0 ? 'all namespaces' : 'some namespaces'
      void withRealApiServer(`Helm ${each.major}, ${scope}`, (server) => guards(server, each, watchNamespaces))
    }
  }
})

/** There is no kubelet: what the Job would run is run here, as the account of its pod. */
function guards(server: () => RunningControlPlane, chart: Chart, watchNamespaces: string[]) {
  const tenant = watchNamespaces[0] ?? 'default'
  const kubectl = async (args: string[], input?: string) => {
    const { code, stdout, stderr } = await server().kubectl(args, input === undefined ? {} : { input })
    assert.equal(code, 0, stderr)
    return stdout
  }
  const runHelm = (verb: string, ...flags: string[]) =>
    run(chart.helm, [verb, release, '--namespace', operatorNamespace, ...flags], {
      env: { ...process.env, KUBECONFIG: server().kubeconfigPath },
    })
  const inSystem = (kinds: string, output = 'name') =>
    kubectl(['--namespace', operatorNamespace, 'get', kinds, `--output=${output}`])
  const guard = async (job: GuardJob) => {
    const account = job.template.spec.serviceAccountName
    const kubeconfig = await server().kubeconfigForServiceAccount(operatorNamespace, account)
    const refused: string[] = []
    const cluster: OpenCluster = async (config) => notingRefusals(await openCluster(config), refused)
    const [{ args }] = job.template.spec.containers
    const answer = await gwhCommand({ cluster }, { GWH_KUBECONFIG: kubeconfig })(...args)
    assert.deepEqual(refused, [], 'it asks for nothing that its account may not have')
    return answer
  }
  /** As the controller of Jobs does once its only pod has ended. */
  const endJob = async (how: 'Failed' | 'Complete') => {
    const isFailed = how === 'Failed'
    const [lastTransitionTime, reason] = [new Date().toISOString(), isFailed ? 'BackoffLimitExceeded' : 'Completed']
    const types = [isFailed ? 'FailureTarget' : 'SuccessCriteriaMet', how]
    const conditions = types.map((type) => ({ type, status: 'True', reason, message: reason, lastTransitionTime }))
    const times = { startTime: lastTransitionTime, ...(!isFailed && { completionTime: lastTransitionTime }) }
    const status = { ...times, [isFailed ? 'failed' : 'succeeded']: 1, conditions }
    const where = ['--namespace', operatorNamespace, 'patch', 'job', 'gwh-uninstall-guard', '--subresource=status']
    await kubectl([...where, '--type=merge', '--patch', JSON.stringify({ status })])
  }
  let job: GuardJob

  before(async () => {
    await kubectl(['create', '--filename', 'deploy/namespace.yaml'])
    for (const name of watchNamespaces) await kubectl(['create', 'namespace', name])
    const values = [
      '--set=baseUrl=https://hooks.example.com',
      '--set=uninstallGuard.enabled=true',
      ...(watchNamespaces.length === 0 ? [] : [`--set=watchNamespaces={${watchNamespaces.join(',')}}`]),
    ]
    await runHelm('install', chartPath, ...values)
    await kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s'])
    job = specOf(jobsOf(chart.manifests({ uninstallGuard: { enabled: true }, watchNamespaces })).at(0))
  })

  test('it lets an installation go that serves nothing, with the rights of its account', async () => {
    const { code, out, err } = await guard(job)
    assert.deepEqual([code, err], [0, ''], out)
  })

  test('it refuses while an object of the installation is left, names it, and says what to type', async () => {
    const uid = await kubectl(['get', 'namespace', operatorNamespace, '--output=jsonpath={.metadata.uid}'])
    const installation = [`--from-literal=id=prod-eu-1`, `--from-literal=namespaceUid=${uid}`]
    const token = `--from-literal=token=${tokenOf(uid)}`
    const system = ['--namespace', operatorNamespace]
    await kubectl([...system, 'create', 'configmap', 'gwh-installation', ...installation, token])
    await kubectl(['--namespace', tenant, 'apply', '--filename', 'deploy/samples/minimal.yaml'])
    const patch = JSON.stringify({ metadata: { finalizers: [finalizer] } })
    await kubectl(['--namespace', tenant, 'patch', 'geminiwebhook', 'minimal', '--type=merge', '--patch', patch])
    const { code, out } = await guard(job)
    assert.equal(code, 1)
    assert.match(out, new RegExp(`webhooks +Broken .*: ${tenant}/minimal\\n`))
    assert.match(out, /\n {2}helm uninstall gemini-webhook-operator --namespace gemini-webhook-system\n/)
    assert.match(out, /\n {2}gwh uninstall --operator-namespace=gemini-webhook-system .*--yes\n/)
    const { code: refused, err } = await gwhAs(server(), '--yes', '--drop-deliveries')
    assert.deepEqual([refused, /nothing was deleted/.test(err)], [1, true], 'no controller leads')
  })

  test('"helm uninstall" fails with it at once and removes nothing, and "helm rollback" keeps the release', async () => {
    const uninstalling = runHelm('uninstall', '--timeout=60s').then(
      () => 'removed',
      (error: { stderr: string }) => error.stderr,
    )
    await eventually('the Job', async () => (await inSystem('job')) === guardJob)
    await endJob('Failed')
    assert.match(await uninstalling, /BackoffLimitExceeded|gwh-uninstall-guard/)
    assert.equal(await inSystem('job'), guardJob, 'its log can be read')
    assert.equal(await inSystem('deployment'), 'deployment.apps/gwh-controller\n')
    assert.match((await runHelm('status')).stdout, /^STATUS: uninstalling$/m)
    await runHelm('rollback', '1')
    assert.match((await runHelm('status')).stdout, /^STATUS: deployed$/m)
  })

  const isForced = watchNamespaces.length === 0
  test(`"helm uninstall" removes the release ${isForced ? 'with --no-hooks' : 'once the Job succeeds'}, and no object`, async () => {
    if (isForced) await runHelm('uninstall', '--no-hooks')
    else {
      const uid = await inSystem('job', 'jsonpath={.items[*].metadata.uid}')
      const uninstalling = runHelm('uninstall', '--timeout=60s')
      const isAnother = async () => !['', uid].includes(await inSystem('job', 'jsonpath={.items[*].metadata.uid}'))
      await eventually('another Job', isAnother)
      await endJob('Complete')
      await uninstalling
      assert.equal(await inSystem('job'), '')
    }
    assert.equal(await inSystem('deployment,networkpolicy'), '')
    assert.match(await kubectl(['--namespace', tenant, 'get', 'geminiwebhooks', '--output=name']), /minimal/)
  })
}

const openCluster = clusterIn({ clock: systemClock, random: () => 0.5, version: '1.2.3' })

function notingRefusals(client: KubernetesClient, refused: string[]): KubernetesClient {
  return new Proxy(client, {
    get(inner, name) {
      const value: unknown = Reflect.get(inner, name)
      if (typeof value !== 'function') return value
      return async (...args: unknown[]) => {
        try {
          return (await value.apply(inner, args)) as unknown
        } catch (error) {
          if (isForbidden(error)) refused.push(String(error))
          throw error
        }
      }
    },
  })
}

/** The command as the administrator runs it. */
function gwhAs({ kubeconfigPath }: RunningControlPlane, ...flags: string[]) {
  return gwhCommand({ cluster: openCluster }, { GWH_KUBECONFIG: kubeconfigPath })('uninstall', ...flags)
}
