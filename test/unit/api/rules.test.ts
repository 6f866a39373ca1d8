import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { checkManifest, checkRouteManifest } from '../../../src/api/check-manifest.ts'
import { httpsUrlPattern, httpUrlPattern } from '../../../src/api/field-types.ts'
import { routeViolations, ruleViolations } from '../../../src/api/rule-violations.ts'
import { rules } from '../../../src/api/rules.ts'
import {
  invalidResources,
  invalidRoutes,
  validResources,
  validRoutes,
} from '../../support/builders/resource-fixtures.ts'

const ruleIds = Object.values(rules)
  .flat()
  .map(({ id }) => id)

for (const { name, manifest } of validResources()) {
  test(`accepts ${name}`, () => assert.deepEqual(checkManifest(manifest), { ok: true, value: manifest }))
}

for (const { name, rule, field, message, manifest, previous } of invalidResources()) {
  if (rule === 'shape') {
    test(`refuses ${name} by its shape and names ${field}`, () => {
      const check = checkManifest(manifest, previous)
      assert.ok(!check.ok)
      assert.deepEqual(new Set(check.problem.map((problem) => problem.field)), new Set([field]))
    })
    continue
  }
  test(`refuses ${name} and nothing else about it`, () => {
    assert.deepEqual(ruleViolations(manifest, previous), [{ id: rule, field, message }])
    assert.deepEqual(checkManifest(manifest, previous), { ok: false, problem: [{ field, message }] })
  })
}

for (const { name, manifest } of validRoutes()) {
  test(`accepts the route ${name}`, () => assert.deepEqual(checkRouteManifest(manifest), { ok: true, value: manifest }))
}

for (const { name, rule, field, message, manifest, previous } of invalidRoutes()) {
  if (rule === 'shape') {
    test(`refuses the route ${name} by its shape and names ${field}`, () => {
      const check = checkRouteManifest(manifest)
      assert.ok(!check.ok)
      assert.deepEqual(new Set(check.problem.map((problem) => problem.field)), new Set([field]))
    })
    continue
  }
  test(`refuses the route ${name} and nothing else about it`, () => {
    assert.deepEqual(routeViolations(manifest, previous), [{ id: rule, field, message }])
    assert.deepEqual(checkRouteManifest(manifest, previous), { ok: false, problem: [{ field, message }] })
  })
}

test('neither kind passes for the other', () => {
  const [webhook] = validResources()
  const [route] = validRoutes()
  assert.ok(webhook && route)
  assert.ok(!checkRouteManifest(webhook.manifest).ok && !checkManifest(route.manifest).ok)
})

test('every rule has an id of its own and a fixture that breaks it', () => {
  assert.equal(new Set(ruleIds).size, ruleIds.length)
  const broken = new Set([...invalidResources(), ...invalidRoutes()].map(({ rule }) => rule))
  assert.deepEqual(
    ruleIds.filter((id) => !broken.has(id)),
    [],
  )
  assert.deepEqual(
    [...broken].filter((id) => id !== 'shape' && !ruleIds.includes(id)),
    [],
  )
})

test('a transition rule lets an id be set later and says nothing on creation', () => {
  const first = invalidResources().find(({ name }) => name === 'external-id-is-set-once.removed')
  assert.ok(first?.previous)
  assert.deepEqual(ruleViolations(first.previous), [])
  assert.deepEqual(ruleViolations(first.previous, first.manifest), [], 'from absent to set')
  assert.deepEqual(ruleViolations(first.previous, first.previous), [], 'unchanged')
})

test('a URL that the patterns accept carries no user, no password and no fragment, whatever the parser makes of it', () => {
  const pieces = fc.array(
    fc.constantFrom(
      'https://',
      'http://',
      'user',
      ':',
      '@',
      'a.example',
      '/',
      '?',
      '#',
      '%40',
      ' ',
      '\\',
      '8443',
      '\t',
      '[::1]',
      'é',
      '..',
    ),
    { maxLength: 8 },
  )
  fc.assert(
    fc.property(fc.boolean(), pieces, (secure, parts) => {
      const url = `${secure ? 'https://' : 'http://'}${parts.join('')}`
      const parsed = URL.parse(url)
      for (const pattern of [httpsUrlPattern, httpUrlPattern]) {
        if (!pattern.test(url) || parsed === null) continue
        assert.deepEqual([parsed.username, parsed.password, parsed.hash], ['', '', ''], url)
        assert.ok(pattern === httpUrlPattern || parsed.protocol === 'https:', url)
      }
    }),
    { numRuns: 5000 },
  )
})

test('ordinary URLs are accepted', () => {
  const host = fc.stringMatching(/^[a-z]([a-z0-9-]{0,8}[a-z0-9])?(\.[a-z]{2,5}){1,2}$/)
  const path = fc.webPath({ size: 'small' })
  fc.assert(
    fc.property(host, path, fc.webQueryParameters({ size: 'small' }), (name, rest, query) => {
      assert.match(`https://${name}/${rest}?${query}`, httpsUrlPattern)
    }),
  )
})

test('judging never throws and gives the same answer twice, whatever is in the manifest', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (spec) => {
      const [base] = validResources()
      assert.ok(base)
      const value = { ...base.manifest, spec }
      assert.deepEqual(checkManifest(value), checkManifest(value))
      const route = { ...value, kind: 'GeminiRoute' }
      assert.deepEqual(checkRouteManifest(route), checkRouteManifest(route))
    }),
  )
})
