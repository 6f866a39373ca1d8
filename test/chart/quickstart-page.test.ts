import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import packageJson from '../../package.json' with { type: 'json' }
import { withHelm } from '../support/processes/helm-chart.ts'
import { blocksOf, makeCheckout, type Checkout } from '../support/measures/page-commands.ts'
import { withRealApiServer } from '../support/processes/real-api-server.ts'

const shell = blocksOf('docs/quickstart.md').filter(({ language }) => language === 'sh')
const under = (heading: string) => shell.filter(({ headings }) => headings.at(-1) === heading)

/** The rest of the page is typed on a real node: test/e2e/quickstart.test.ts. What has to run, runs only there. */
const runsPods = /rollout status| wait | logs /

withHelm('the quick start with a real key', (charts) => {
  for (const { major, helm } of charts) {
    void withRealApiServer(`with Helm ${major}, on a real API server`, (server) => {
      let checkout: Checkout
      before(() => {
        const { kubeconfigPath, kubectlPath } = server()
        const env = { BASE_URL: 'https://hooks.acme.dev', GEMINI_API_KEY: 'a-key', REGISTRY: '127.0.0.1:5000/team' }
        checkout = makeCheckout({ kubeconfigPath, programs: { helm, kubectl: kubectlPath }, env })
      })
      after(() => checkout.remove())

      test('after the name of a registry was written into the files, the playground and the operator come from there', () => {
        const [, rename] = under('With a registry')
        checkout.run(rename?.text ?? assert.fail('no command'))
        const [install] = under('The operator and the playground')
        checkout.run((install?.text ?? '').replace(' --wait', '').replace(/^.*rollout status.*$/m, ''))
        const image = `127.0.0.1:5000/team/gemini-webhook-operator:${packageJson.version}`
        const images = `'{.items[*].spec.template.spec.containers[*].image}'`
        for (const namespace of ['gemini-playground', 'gemini-webhook-system']) {
          const get = `kubectl --namespace ${namespace} get deployments,statefulsets --output jsonpath=${images}`
          assert.equal(checkout.run(get), `${image} ${image}`)
        }
        const notes = checkout.run('helm get notes gemini-webhook-operator --namespace gemini-webhook-system')
        assert.match(notes, /\n\n2\. Only pods reach http:\/\/gwh-receiver\.[^\n]*: nothing has to be routed\.\n\n3\. /)
        const [sample] = under('The first webhook')
        checkout.run((sample?.text ?? '').replace(/^.* wait .*$/m, ''))
      })

      test('the operator then has nothing of the simulated Google, and the Secret holds the real key', () => {
        const blocks = under('With a real key').filter(({ text }) => !runsPods.test(text))
        assert.equal(blocks.length, 2)
        for (const { text } of blocks) checkout.run(text)
        const notes = checkout.run('helm get notes gemini-webhook-operator --namespace gemini-webhook-system')
        assert.match(notes, /\n\n2\. Google must reach https:\/\/hooks\.acme\.dev:\n {5}route it [^\n]*\n\n3\. /)
        const config = `kubectl --namespace gemini-webhook-system get configmap gwh-controller --output jsonpath='{.data}'`
        assert.deepEqual(JSON.parse(checkout.run(config)), {
          GWH_BASE_URL: 'https://hooks.acme.dev',
          GWH_INSTALLATION_ID: 'quickstart-1',
          GWH_RECEIVER_URL: 'http://gwh-receiver.gemini-webhook-system.svc:80',
        })
        const key = `kubectl --namespace gemini-playground get secret gemini-api-key --output jsonpath='{.data.api-key}'`
        assert.equal(checkout.run(`${key} | base64 --decode`), 'a-key')
        checkout.run('kubectl --namespace gemini-playground get gwh batch-events')
      })
    })
  }
})
