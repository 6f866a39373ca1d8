import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'

import { parse, parseAllDocuments } from 'yaml'

import { withHelm } from '../support/processes/helm-chart.ts'
import { named } from '../support/builders/manifests.ts'
import { blocksOf, makeCheckout, type Checkout, type PageBlock } from '../support/measures/page-commands.ts'
import { withRealApiServer, type RunningControlPlane } from '../support/processes/real-api-server.ts'

const page = 'docs/install.md'
const blocks = blocksOf(page)
const shell = blocks.filter(({ language }) => language === 'sh')
const sectionOf = ({ headings }: PageBlock) => headings[1] ?? ''
const isKustomize = (block: PageBlock) => sectionOf(block) === 'kubectl and Kustomize'
const ownNamespace = 'gemini-webhook-system'
const newNamespace = 'gemini-webhooks'
const isMove = ({ headings, text }: PageBlock) =>
  headings.includes('To another namespace') && text.includes('helm uninstall')
const crdName = 'geminiwebhooks.webhooks.gemini-operator.io'
const crd = `customresourcedefinition/${crdName}`
/** Of the chart, before anything is changed. */
const refusal = /receiver\.persistence\.size: .*2Gi.*10Gi.*What cannot be changed in place.*Nothing was changed/

test('every block of commands is marked as one, and is run below', () => {
  assert.ok(shell.length >= 9, `${shell.length} blocks`)
  const languages = new Set(blocks.map(({ language }) => language))
  assert.deepEqual([...languages], ['sh'])
  const commands = shell.flatMap(({ text }) => text.replaceAll('\\\n', ' ').trim().split('\n'))
  for (const command of commands) assert.match(command, /^(helm|kubectl) /, 'nothing that cannot be run here')
})

/** What a block needs that a cluster with nodes and a controller would have by then. */
function prepare(block: PageBlock, checkout: Checkout): void {
  if (block.text.includes('formerTokens')) writeInstallations(block, checkout)
  if (block.text.includes('--cascade=orphan')) prepareGrowth(checkout)
  if (isMove(block)) checkout.run(installation)
  if (block.headings.includes('From plain manifests to Helm')) {
    checkout.run(`helm uninstall gemini-webhook-operator --namespace ${newNamespace}
      kubectl apply --server-side --force-conflicts --filename deploy/install.yaml`)
  }
  if (!block.text.includes('"finalizers":null')) return
  const finalizer = '{"metadata":{"finalizers":["webhooks.gemini-operator.io/finalizer"]}}'
  checkout.run(`kubectl apply --filename deploy/samples/minimal.yaml
    kubectl patch geminiwebhook minimal --type=merge --patch '${finalizer}'
    kubectl delete geminiwebhook minimal --wait=false`)
}

/** What the controllers of the namespaces that the block names write at their start. */
function writeInstallations({ text }: PageBlock, checkout: Checkout): void {
  for (const namespace of [ownNamespace, newNamespace]) {
    if (!text.includes(`--namespace ${namespace} `)) continue
    const data = `--from-literal=id=prod-eu-1 --from-literal=token=of-${namespace}`
    checkout.run(`kubectl --namespace ${namespace} create configmap gwh-installation ${data} --dry-run=client --output yaml |
      kubectl apply --filename -`)
  }
}

const installation =
  shell.find((block) => sectionOf(block) === 'Helm')?.text.replace(/^kubectl .*$/gm, '') ??
  assert.fail('no installation')

/**
 * A claim that is bound and may grow; and what stands for the garbage collector, which lets pods go on without their
 * StatefulSet.
 */
function prepareGrowth(checkout: Checkout): void {
  checkout.write('claim.yaml', claim)
  checkout.run(`kubectl apply --filename claim.yaml
    kubectl --namespace ${ownNamespace} patch persistentvolumeclaim inbox-gwh-receiver-0 --subresource=status --patch '{"status":{"phase":"Bound"}}'`)
  const statefulSet = `--namespace ${ownNamespace} statefulset/gwh-receiver`
  checkout.run(`{ kubectl wait --for=jsonpath='{.metadata.deletionTimestamp}' ${statefulSet} --timeout=60s &&
    kubectl patch ${statefulSet} --type=merge --patch '{"metadata":{"finalizers":null}}'; } > garbage-collector.log 2>&1 &`)
}

const claim = `
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: growing}
provisioner: example.com/nobody
allowVolumeExpansion: true
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: inbox-gwh-receiver-0, namespace: ${ownNamespace}}
spec: {accessModes: [ReadWriteOnce], storageClassName: growing, resources: {requests: {storage: 2Gi}}}
`

function checkoutFor(server: RunningControlPlane, helm?: string): Checkout {
  const programs = { kubectl: server.kubectlPath, ...(helm !== undefined && { helm }) }
  const env = { GEMINI_API_KEY: 'a-key' }
  const checkout = makeCheckout({ kubeconfigPath: server.kubeconfigPath, programs, env })
  checkout.run('kubectl create --filename deploy/namespace.yaml --dry-run=client')
  return checkout
}

withHelm('the manifests for Argo CD and Flux', (charts) => {
  for (const chart of charts) {
    test(`give values that the chart takes with Helm ${chart.major}, from where it is`, () => {
      const releases = gitOpsReleases()
      assert.deepEqual(
        releases.map((release) => release.chart),
        ['charts/gemini-webhook-operator', 'charts/gemini-webhook-operator'],
      )
      for (const { values } of releases) {
        const controller = named(chart.manifests(values), 'ConfigMap', 'gwh-controller')
        assert.deepEqual(controller.data, {
          GWH_BASE_URL: 'https://hooks.example.com',
          GWH_INSTALLATION_ID: 'prod-eu-1',
          GWH_RECEIVER_URL: 'http://gwh-receiver.gemini-webhook-system.svc:80',
        })
      }
      const [forArgo] = releases
      const kept = named(chart.manifests(forArgo?.values ?? {}), 'CustomResourceDefinition', crdName).metadata
        .annotations
      assert.deepEqual(kept, {
        'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false',
        'helm.sh/resource-policy': 'keep',
      })
    })
  }
})

withHelm('the install page', (charts) => {
  for (const { major, helm } of charts) {
    void withRealApiServer(`with Helm ${major}, on a real API server`, (server) => {
      let checkout: Checkout
      before(async () => {
        const applied = await server().kubectl(['apply', '--server-side', '-f', 'test/fixtures/crds'])
        assert.equal(applied.code, 0, applied.stderr)
        checkout = checkoutFor(server(), helm)
      })
      after(() => checkout.remove())
      const names = (kinds: string) =>
        checkout.run(`kubectl --namespace ${ownNamespace} get ${kinds} --output name`).trim().split('\n')

      for (const [at, block] of shell.entries()) {
        if (isKustomize(block)) continue
        test(`the commands of "${block.headings.slice(1).join(', ')}" work (block ${at + 1})`, () => {
          prepare(block, checkout)
          const upgrade = block.text.split('\n').slice(-3).join('\n')
          if (block.text.includes('--cascade=orphan')) assert.throws(() => checkout.run(upgrade), refusal)
          // kubectl owns the fields of what it has applied; Helm 3 does not ask.
          const isTakenOver = block.headings.includes('From plain manifests to Helm') && major >= 4
          checkout.run(
            isTakenOver ? block.text.replace('--take-ownership', '--take-ownership --force-conflicts') : block.text,
          )
          if (block.text.includes('--cascade=orphan')) {
            const sizes = `{.spec.resources.requests.storage}{.spec.volumeClaimTemplates[*].spec.resources.requests.storage}`
            const get = `kubectl --namespace ${ownNamespace} get`
            assert.equal(
              checkout.run(`${get} persistentvolumeclaim/inbox-gwh-receiver-0 --output jsonpath='${sizes}'`),
              '10Gi',
            )
            assert.equal(checkout.run(`${get} statefulset/gwh-receiver --output jsonpath='${sizes}'`), '10Gi')
            checkout.run(upgrade)
          }
          if (block.text.includes('--take-ownership')) {
            const namespace = isMove(block) ? newNamespace : ownNamespace
            const owner = `{.metadata.annotations.meta\\.helm\\.sh/release-namespace}`
            for (const object of [crd, `--namespace ${namespace} statefulset/gwh-receiver`])
              assert.equal(checkout.run(`kubectl get ${object} --output jsonpath='${owner}'`), namespace)
          }
          if (block.text.includes(`--namespace ${newNamespace} patch configmap`)) {
            const former = `configmap/gwh-installation --output jsonpath='{.data.formerTokens}'`
            assert.equal(checkout.run(`kubectl --namespace ${newNamespace} get ${former}`), `of-${ownNamespace}`)
          }
          if (sectionOf(block) === 'Helm' && block.headings.length === 2) {
            const notes = checkout.run(`helm get notes gemini-webhook-operator --namespace ${ownNamespace}`)
            assert.match(notes, /1\. See that it runs:[\s\S]*rollout status deployment\/gwh-controller/)
            assert.match(notes, /3\. Make the first webhook:[\s\S]*apiKeySecretRef/)
            assert.deepEqual(names('deployments,statefulsets'), [
              'deployment.apps/gwh-controller',
              'statefulset.apps/gwh-receiver',
            ])
          }
          if (block.text.includes('httpRoute.enabled'))
            assert.deepEqual(names('ingresses,httproutes'), ['httproute.gateway.networking.k8s.io/gwh-receiver'])
          if (block.text.includes('helm uninstall')) {
            assert.deepEqual(names('deployments,statefulsets,services'), [''])
            checkout.run(`kubectl get ${crd}`)
          }
          if (block.text.includes('finalizers'))
            assert.equal(checkout.run('kubectl get geminiwebhooks --all-namespaces --output name'), '')
        })
      }

      test('the backup holds the objects', () => {
        assert.equal((parse(checkout.read('objects.yaml')) as { kind: string }).kind, 'List')
        assert.equal((parse(checkout.read('installation.yaml')) as { kind: string }).kind, 'List')
      })
    })
  }
})

void withRealApiServer('the install page with kubectl alone, on a real API server', (server) => {
  let checkout: Checkout
  before(() => {
    checkout = checkoutFor(server())
  })
  after(() => checkout.remove())

  for (const [at, block] of shell.filter(isKustomize).entries()) {
    test(`the commands of "${block.headings.slice(1).join(', ')}" work (block ${at + 1})`, () => {
      checkout.run(block.text)
      if (at > 0) return
      const data = checkout.run(
        `kubectl --namespace ${ownNamespace} get configmap gwh-controller --output jsonpath='{.data}'`,
      )
      assert.deepEqual(JSON.parse(data), {
        GWH_BASE_URL: 'https://hooks.example.com',
        GWH_INSTALLATION_ID: 'REPLACE-ME',
        GWH_RECEIVER_URL: 'http://gwh-receiver.gemini-webhook-system.svc:80',
      })
      const images = `{.items[*].spec.template.spec.containers[*].image}`
      const workloads = `kubectl --namespace ${ownNamespace} get deployments,statefulsets`
      const image = 'registry.example.com/gemini-webhook-operator:0.1.0'
      assert.equal(checkout.run(`${workloads} --output jsonpath='${images}'`), `${image} ${image}`)
    })
  }

  test('with the CRD everything is gone', () => {
    assert.throws(() => checkout.run(`kubectl get ${crd}`), /NotFound/)
  })
})

interface GitOps {
  kind: string
  spec: {
    source?: { path: string; helm: { valuesObject: object } }
    chart?: { spec: { chart: string } }
    values?: object
  }
}

/** What Argo CD and Flux would install, in this order. */
function gitOpsReleases(): { chart: string; values: object }[] {
  const documents = ['argocd-application', 'flux-release'].flatMap((name) =>
    parseAllDocuments(readFileSync(`deploy/gitops/${name}.yaml`, 'utf8')).map((document) => document.toJS() as GitOps),
  )
  return documents.flatMap(({ kind, spec: { source, chart, values } }) => {
    if (kind === 'Application' && source !== undefined)
      return [{ chart: source.path, values: source.helm.valuesObject }]
    return kind === 'HelmRelease' && chart !== undefined ? [{ chart: chart.spec.chart, values: values ?? {} }] : []
  })
}
