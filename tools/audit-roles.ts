/**
 * `node tools/audit-roles.ts AUDIT_LOG MANIFEST...`: are the shipped roles what is called? Compares an audit log of the
 * API server (JSON lines, level Metadata or more) with the Roles and ClusterRoles of the manifests. Prints each right
 * and how often it was used; ends with 1 where a call was refused or a right was never used.
 */
import { readFileSync } from 'node:fs'

import { parseAllDocuments } from 'yaml'

import { compareRolesWithCalls, type AuditEvent, type Manifest } from './roles-and-calls.ts'

const [log, ...manifests] = process.argv.slice(2)
if (log === undefined || manifests.length === 0) {
  process.stderr.write('usage: node tools/audit-roles.ts AUDIT_LOG MANIFEST...\n')
  process.exit(2)
}
const events = readFileSync(log, 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('{'))
  .map((line) => JSON.parse(line) as AuditEvent)
const objects = manifests.flatMap((path) =>
  parseAllDocuments(readFileSync(path, 'utf8')).map((document) => document.toJS() as Manifest),
)

const { rights, refused } = compareRolesWithCalls(objects, events)
for (const { account, right, calls } of rights) {
  process.stdout.write(`${String(calls).padStart(6)} calls  ${account}  ${right}\n`)
}
const unused = rights.filter(({ calls }) => calls === 0)
for (const { account, right } of unused) process.stderr.write(`never used: ${account} may ${right}\n`)
for (const { account, call, times } of refused)
  process.stderr.write(`refused ${times} times: ${account} wanted to ${call}\n`)
process.stdout.write(`${rights.length} rights, ${unused.length} never used, ${refused.length} kinds of calls refused\n`)
process.exitCode = unused.length + refused.length === 0 ? 0 : 1
