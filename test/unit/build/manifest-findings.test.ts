import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { parse } from 'yaml'

import {
  acceptedSchema,
  compareFindings,
  readCheckov,
  readKubeScore,
  type Finding,
} from '../../../tools/manifest-findings.ts'

const limit = { tool: 'checkov', check: 'CKV_K8S_11', says: 'CPU limits should be set' } as const
const reason = 'A limit throttles the answer to Google.'
const on = (object: string): Finding => ({ ...limit, object })
const checkov = new Set(['checkov'] as const)

test('what is found and accepted is neither new nor stale, in however many renderings it is', () => {
  const found = [on('Deployment/a'), on('Deployment/a'), on('Deployment/b')]
  const accepted = [{ ...limit, objects: ['Deployment/a', 'Deployment/b'], reason }]
  assert.deepEqual(compareFindings(found, accepted, checkov), { fresh: [], stale: [], found: 2 })
})

test('what is found on another object, or in other words, is new', () => {
  const accepted = [{ ...limit, objects: ['Deployment/a'], reason }]
  const other = { ...on('Deployment/a'), says: 'CPU limits should be lower' }
  const { fresh, stale } = compareFindings([on('Deployment/a'), on('Job/a'), other], accepted, checkov)
  assert.deepEqual([fresh, stale], [[on('Job/a'), other], []])
})

test('what is accepted and not found any more is stale, but not where its linter did not run', () => {
  const accepted = [{ ...limit, objects: ['Deployment/a'], reason }]
  assert.deepEqual(compareFindings([], accepted, checkov).stale, [on('Deployment/a')])
  assert.deepEqual(compareFindings([], accepted, new Set(['kube-score'] as const)).stale, [])
})

const check = (id: string, grade: number, skipped: boolean, comments: object[] | null) => ({
  check: { id },
  grade,
  skipped,
  comments,
})

test('kube-score is read: each comment of a check that fails is a finding, what it skipped is none', () => {
  const printed = [
    {
      object_name: 'StatefulSet/apps/v1/gemini-webhook-system/gwh-receiver',
      checks: [
        check('fine', 10, false, null),
        check('storage', 1, false, [{ summary: 'no limit' }, { summary: 'no request' }]),
        check('bare', 5, false, null),
        check('left-out', 1, true, [{ summary: 'Skipped' }]),
      ],
    },
  ]
  assert.deepEqual(
    readKubeScore(JSON.stringify(printed)).map(({ object, check: id, says }) => [object, id, says]),
    [
      ['StatefulSet/gwh-receiver', 'storage', 'no limit'],
      ['StatefulSet/gwh-receiver', 'storage', 'no request'],
      ['StatefulSet/gwh-receiver', 'bare', 'bare'],
    ],
  )
})

test('checkov is read, and refused where it judged nothing or could not read something', () => {
  const failed = { check_id: limit.check, check_name: limit.says, resource: 'Deployment.system.gwh.controller' }
  const printed = (summary: object) => JSON.stringify({ results: { failed_checks: [failed] }, summary })
  assert.deepEqual(readCheckov(printed({ resource_count: 3, parsing_errors: 0 })), [on('Deployment/gwh.controller')])
  assert.throws(() => readCheckov(printed({ resource_count: 0, parsing_errors: 0 })), /resource_count/)
  assert.throws(() => readCheckov(printed({ resource_count: 3, parsing_errors: 1 })), /parsing_errors/)
  assert.throws(() => readCheckov('[]'), /expected object/)
})

test('the list of what is accepted can be read, and names nothing twice', () => {
  const accepted = acceptedSchema.parse(parse(readFileSync('tools/accepted-findings.yaml', 'utf8')))
  const named = accepted.flatMap(({ tool, check, says, objects }) =>
    objects.map((object) => [tool, check, says, object].join(' ')),
  )
  assert.deepEqual(named, [...new Set(named)])
  assert.throws(() => acceptedSchema.parse([{ ...limit, objects: ['Deployment/a'], reason: 'because' }]), /reason/)
})
