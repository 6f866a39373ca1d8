import { readFileSync } from 'node:fs'

import { ask, helm, kubectl } from '../support/processes/cluster-commands.ts'
import { image, newest, release, removeAtEnd, simulator, system } from './world.ts'

const kinds = ['geminiwebhooks', 'geminiroutes'].map((plural) => `${plural}.webhooks.gemini-operator.io`)

/** What stands around an installation: its namespace, Google's part, and these namespaces with a worker in each. */
export async function standUp(withWorker: readonly string[], without: readonly string[] = []): Promise<void> {
  for (const namespace of [system, simulator.namespace, ...withWorker, ...without]) {
    await kubectl(['create', 'namespace', namespace])
    await kubectl(['label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=restricted'])
  }
  await apply('simulator.yaml', simulator.namespace)
  for (const namespace of withWorker) await apply('worker.yaml', namespace)
  await rolledOut(simulator.namespace, 'simulator')
  for (const namespace of withWorker) await rolledOut(namespace, 'batch-worker')
  await ask('PUT', simulator, '_admin/connect-to', { '*': `http://gwh-receiver.${system}.svc` })
}

/** Removes all of it and the installation, and ends when it is gone: the next suite may begin. */
export async function takeDown(namespaces: readonly string[]): Promise<void> {
  for (const namespace of namespaces) {
    await kubectl(['--namespace', namespace, 'delete', 'geminiwebhooks', '--all', '--timeout=30s']).catch(() => '')
  }
  await helm(newest, ['uninstall', release, '--namespace', system]).catch(() => '')
  await removeAtEnd('customresourcedefinition', ...kinds)
  await removeAtEnd('namespace', system, simulator.namespace, ...namespaces)
}

/** The Secret with the API key that the simulator knows. */
export const apiKeySecret = ['create', 'secret', 'generic', 'gemini-api-key', '--from-literal=api-key=sandbox-api-key']

function apply(file: string, namespace: string): Promise<string> {
  const text = readFileSync(`test/e2e/${file}`, 'utf8')
  const manifest = text.replaceAll('${IMAGE}', image ?? '').replaceAll('${NAMESPACE}', namespace)
  return kubectl(['apply', '-f', '-'], manifest)
}

const rolledOut = (namespace: string, name: string) =>
  kubectl(['--namespace', namespace, 'rollout', 'status', `deployment/${name}`, '--timeout=2m'])
