import { readFileSync } from 'node:fs'

import { ask, helm, kubectl } from '../support/processes/cluster-commands.ts'
import { image, newest, release, removeAtEnd, simulator, system } from './world.ts'

const kinds = ['geminiwebhooks', 'geminiroutes'].map((plural) => `${plural}.webhooks.gemini-operator.io`)

/** What stands around an installation: its namespace, Google's part, and these namespaces with a worker in each. */
export async function standUp(
  withWorker: readonly string[],
  without: readonly string[] = [],
  switches = neverGivesUp,
): Promise<void> {
  for (const namespace of [system, simulator.namespace, ...withWorker, ...without]) {
    await kubectl(['create', 'namespace', namespace])
    await kubectl(['label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=restricted'])
  }
  await applyGoogle(switches)
  for (const namespace of withWorker) await applyWorker(namespace)
  await rolledOut(simulator.namespace, simulator.name)
  for (const namespace of withWorker) await rolledOut(namespace, 'batch-worker')
  await ask('PUT', simulator, '_admin/connect-to', { '*': `http://gwh-receiver.${system}.svc` })
}

/** Removes all of it and the installation, and ends when it is gone: the next suite may begin. */
export async function takeDown(namespaces: readonly string[]): Promise<void> {
  for (const namespace of namespaces) {
    await kubectl(['--namespace', namespace, 'delete', 'geminiwebhooks', '--all', '--timeout=30s']).catch(() => '')
  }
  await removeEverything([simulator.namespace, ...namespaces])
}

/** The installation with its CRDs and its namespace, and these namespaces, whatever of it is there. */
export async function removeEverything(namespaces: readonly string[]): Promise<void> {
  await helm(newest, ['uninstall', release, '--namespace', system]).catch(() => '')
  await removeAtEnd('customresourcedefinition', ...kinds)
  await removeAtEnd('namespace', system, ...namespaces)
}

/** The Secret with the API key that the simulator knows. */
export const apiKeySecret = ['create', 'secret', 'generic', 'gemini-api-key', '--from-literal=api-key=sandbox-api-key']

/** Under load some seconds without a receiver are twenty failures in a row, after which Google would give up. */
const neverGivesUp = 'autoDisable=off'

/** Google's part, as the playground has it, but for its switches. */
function applyGoogle(switches: string): Promise<string> {
  const manifest = readFileSync('deploy/playground/webhook-service.yaml', 'utf8')
    .replaceAll('image: gemini-webhook-operator', `image: ${image ?? ''}`)
    .replace('args: [sandbox, ', `args: [sandbox, '--switches=${switches}', `)
  return kubectl(['--namespace', simulator.namespace, 'apply', '-f', '-'], manifest)
}

function applyWorker(namespace: string): Promise<string> {
  const manifest = readFileSync('test/e2e/worker.yaml', 'utf8').replaceAll('${IMAGE}', image ?? '')
  return kubectl(['apply', '-f', '-'], manifest.replaceAll('${NAMESPACE}', namespace))
}

const rolledOut = (namespace: string, name: string) =>
  kubectl(['--namespace', namespace, 'rollout', 'status', `deployment/${name}`, '--timeout=2m'])
