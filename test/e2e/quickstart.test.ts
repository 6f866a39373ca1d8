import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'

import { findProgram } from '../../tools/helm.ts'
import { kubectl, soon } from '../support/processes/cluster-commands.ts'
import { blocksOf, makeCheckout, type Checkout, type PageBlock } from '../support/measures/page-commands.ts'
import { removeEverything } from './surroundings.ts'
import { missing, newest, system } from './world.ts'

/** How the image comes to the nodes here, of the ways that the page has; `ctr` reads where containerd is. */
const containerd = process.env['CONTAINERD_ADDRESS']
const hasProgram = (name: string) => findProgram(name, process.env) !== undefined
const ways = ['Into containerd', 'Into kind', 'Into k3d', 'Into minikube', 'With a registry'] as const
const way = containerd !== undefined && hasProgram('ctr') ? ways[0] : hasProgram('kind') ? ways[1] : undefined
const alsoMissing = [
  way === undefined && 'ctr with CONTAINERD_ADDRESS, or kind',
  !hasProgram('npm') && 'npm on PATH',
].filter((name) => name !== false)
const needs = [...missing, ...alsoMissing]
if (needs.length > 0 && process.env['GWH_REQUIRE_E2E'] === '1')
  throw new Error(`GWH_REQUIRE_E2E=1, but there is no ${needs.join(', no ')}`)

const playground = 'gemini-playground'
const shell = blocksOf('docs/quickstart.md').filter(({ language }) => language === 'sh')
const headingOf = ({ headings }: PageBlock) => headings.at(-1) ?? ''
const needsKey = (block: PageBlock) => headingOf(block) === 'With a real key'
const isOtherWay = (block: PageBlock) => ways.some((each) => each !== way && each === headingOf(block))
const isTyped = (block: PageBlock) => !needsKey(block) && !isOtherWay(block)
const withoutKey = shell.filter(isTyped)

describe('the quick start, word for word', { skip: needs.length > 0 && `needs ${needs.join(', ')}` }, () => {
  let checkout: Checkout
  before(() => {
    const notCopied = new Set(['.git', '.cache', 'node_modules', 'dist', 'packages'])
    checkout = makeCheckout({
      kubeconfigPath: process.env['KUBECONFIG'] ?? '',
      programs: { helm: newest },
      env: {
        ...(containerd !== undefined && { CONTAINERD_ADDRESS: containerd }),
        BASE_URL: 'https://hooks.example.com',
      },
      parts: readdirSync('.').filter((name) => !notCopied.has(name)),
      links: ['node_modules'],
    })
  })
  after(async () => {
    checkout.remove()
    await removeEverything([playground])
  })

  const sinceMs = performance.now()
  const type = (block: PageBlock) => {
    const startMs = performance.now()
    const printed = checkout.run(block.text)
    return { printed, seconds: ((performance.now() - startMs) / 1000).toFixed(1) }
  }

  for (const block of withoutKey.filter((each) => headingOf(each) !== 'Remove everything')) {
    test(`"${headingOf(block)}": ${block.text.split('\n', 1)[0]}`, (t) => {
      const { printed, seconds } = type(block)
      t.diagnostic(`${seconds} s, ${((performance.now() - sinceMs) / 1000).toFixed(0)} s since the first command`)
      if (block.text.includes('logs deployment/batch-worker')) {
        assert.match(
          printed,
          /^worker got +com\.google\.gemini\.batch\.succeeded batches\/\S+ \(id msg_\S+ attempt 1\)$/m,
        )
        assert.match(printed, /BatchSucceeded/)
      }
    })
  }

  test('with an address of the documentation in place of a real one, the controller ends at once and says why', async () => {
    const upgrade = shell.find((block) => needsKey(block) && block.text.includes('helm upgrade'))
    assert.ok(upgrade)
    type(upgrade)
    const controllers = '--selector=app.kubernetes.io/component=controller'
    const words = /baseUrl: hooks\.example\.com is a placeholder .* GWH_BASE_URL of the ConfigMap gwh-controller/
    await soon('the reason in the log', async () =>
      words.test(await kubectl(['--namespace', system, 'logs', controllers, '--tail=-1']).catch(() => '')),
    )
    const states = '{.items[*].status.containerStatuses[*].restartCount}'
    await soon('an end', async () =>
      /[1-9]/.test(await kubectl(['--namespace', system, 'get', 'pods', controllers, `--output=jsonpath=${states}`])),
    )
  })

  for (const block of withoutKey.filter((each) => headingOf(each) === 'Remove everything')) {
    test('what the page made is gone after its last commands', async () => {
      type(block)
      const names = await kubectl(['get', 'namespaces,customresourcedefinitions,clusterroles', '--output=name'])
      assert.doesNotMatch(names, /gemini|gwh-/)
    })
  }
})
