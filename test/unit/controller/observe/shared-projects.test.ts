import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { GeminiWebhook } from '../../../../src/api/gemini-webhook.ts'
import { mostCounted, SharedProjects } from '../../../../src/controller/observe/shared-projects.ts'
import { aWebhook } from '../../../support/builders/a-webhook.ts'

const addressOf = (namespace: string) => `https://hooks.example.com/v1/s/${namespace}/batch-events`

/** An object of a namespace, whose webhook has the name of the namespace as its id and was seen with that key. */
const anObject = (namespace: string, keyFingerprint: string, changes: { uri?: string; deleting?: true } = {}) => {
  const { uri = addressOf(namespace), deleting } = changes
  const registered = aWebhook()
    .metadata({ namespace, uid: `uid-${namespace}` })
    .registered({ id: namespace, uri, keyFingerprint })
  return (deleting === true ? registered.deleting() : registered).build()
}

const shown = (...namespaces: string[]) =>
  namespaces.map((namespace) => ({ id: namespace, uri: addressOf(namespace), name: 'x' }))

function startProjects(...objects: GeminiWebhook[]) {
  const known = new Set(objects)
  const shared: string[] = []
  const projects = new SharedProjects(
    (id) => [...known].filter(({ status }) => status?.webhook?.id === id),
    (fingerprint, other) => shared.push(`${fingerprint} ${other}`),
  )
  for (const object of objects) projects.observe({ type: 'added', object })
  return {
    projects,
    /** The keys that were told to be of one project. */
    shared,
    /** What a list that was made with the key shows. */
    list: (fingerprint: string, webhooks: { id: string; uri: string }[], startedAtMs = 0) =>
      projects.listed({ fingerprint, startedAtMs, webhooks }),
    others: (fingerprint: string, namespace: string) => projects.neighboursOf(fingerprint, namespace).namespaces,
    add: (object: GeminiWebhook) => {
      known.add(object)
      projects.observe({ type: 'added', object })
    },
    remove: (object: GeminiWebhook) => {
      known.delete(object)
      projects.observe({ type: 'deleted', object })
    },
  }
}

test('namespaces with the same key are of one project, whatever lists say', () => {
  const { others } = startProjects(anObject('a', 'key'), anObject('b', 'key'), anObject('c', 'other'))
  assert.equal(others('key', 'a'), 1)
  assert.equal(others('key', 'b'), 1)
  assert.equal(others('other', 'c'), 0)
})

test('a list that shows the webhook of another key makes both keys one project, seen from either side', () => {
  const { others, list, projects } = startProjects(anObject('a', 'A'), anObject('b', 'B'), anObject('c', 'C'))
  list('A', shown('a', 'b'))
  assert.equal(others('A', 'a'), 1)
  assert.equal(others('B', 'b'), 1, 'the list of B may be away')
  assert.equal(others('C', 'c'), 0)
  assert.equal(projects.sharing(), 2)
  list('C', shown('c', 'b'))
  assert.equal(others('A', 'a'), 2, 'by way of b')
  assert.equal(projects.sharing(), 3)
})

test('a list that lags, or shows only a part, takes nothing back', () => {
  const { others, list } = startProjects(anObject('a', 'A'), anObject('b', 'B'))
  list('A', shown('a', 'b'))
  list('A', shown('a'))
  list('B', [])
  assert.equal(others('A', 'a'), 1)
})

test('what goes is counted no more, and an object without a webhook never was', () => {
  const gone = anObject('b', 'B')
  const { others, list, add, remove, projects } = startProjects(anObject('a', 'A'), gone)
  list('A', shown('a', 'b'))
  add(aWebhook().metadata({ namespace: 'd' }).build())
  assert.equal(others('A', 'a'), 1)
  remove(gone)
  assert.equal(others('A', 'a'), 0)
  assert.equal(projects.sharing(), 0)
})

test('a namespace counts once, until the last of its objects is gone or has another key', () => {
  const [first, second] = [anObject('b', 'key'), anObject('b', 'key')]
  const { others, remove, projects } = startProjects(anObject('a', 'key'), first, second)
  assert.equal(others('key', 'a'), 1)
  remove(first)
  assert.equal(others('key', 'a'), 1)
  projects.observe({ type: 'updated', object: anObject('b', 'elsewhere'), previous: second })
  assert.equal(others('key', 'a'), 0)
})

test('the same id at another address, or of an object that is going, is not the same project', () => {
  const elsewhere = anObject('b', 'B', { uri: 'https://elsewhere.example.com/' })
  const { others, list } = startProjects(anObject('a', 'A'), elsewhere, anObject('c', 'C', { deleting: true }))
  list('A', shown('a', 'b', 'c'))
  assert.equal(others('A', 'a'), 0)
})

test('a webhook that only carries the marker of another object tells nothing of that', () => {
  const { others, list } = startProjects(anObject('a', 'A'), anObject('b', 'B'))
  list('A', [...shown('a'), { id: 'made-by-hand', uri: addressOf('b') }])
  assert.equal(others('A', 'a'), 0, 'or whoever guesses names could ask whether they exist')
})

test('keys that nothing uses are forgotten, and the others stay of one project', () => {
  const link = anObject('b', 'B')
  const { others, list, remove, projects } = startProjects(anObject('a', 'A'), link, anObject('c', 'C'))
  list('A', shown('a', 'b'), 7)
  list('C', shown('c', 'b'), 8)
  remove(link)
  projects.prune(new Set(['A', 'C']))
  assert.equal(others('A', 'a'), 1)
  assert.equal(projects.neighboursOf('A', 'a').listedAtMs, 7)
  projects.prune(new Set(['C']))
  assert.equal(others('A', 'a'), 0)
  assert.equal(projects.neighboursOf('A', 'a').listedAtMs, -Infinity)
})

test('of very many namespaces only that they are more is counted', () => {
  const many = Array.from({ length: mostCounted + 50 }, (_, index) => anObject(`n${index}`, 'key'))
  assert.equal(startProjects(anObject('a', 'key'), ...many).others('key', 'a'), mostCounted + 1)
})

test('each list tells once of each key that is of its project, and of no other', () => {
  const { list, shared } = startProjects(
    anObject('a', 'A'),
    anObject('b', 'B'),
    anObject('b2', 'B'),
    anObject('c', 'C'),
  )
  list('A', shown('a', 'b', 'b2'))
  assert.deepEqual(shared, ['A B'])
  list('A', shown('a', 'b', 'b2'), 1)
  assert.deepEqual(shared, ['A B', 'A B'], 'what was told may be forgotten by then')
  list('C', shown('c'))
  assert.equal(shared.length, 2)
})
