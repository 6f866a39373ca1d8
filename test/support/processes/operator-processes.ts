import { GwhProcess } from './gwh-process.ts'
import { operatorNamespace } from './helm-chart.ts'
import type { RunningControlPlane } from './real-api-server.ts'

interface OperatorPlace {
  /** Of the inbox. */
  folder: string
  googleUrl: string
  /** Of their logs. */
  name: string
  /** More settings of the controller, as flags. */
  controllerFlags?: readonly string[]
  /** Likewise of the receiver. */
  receiverFlags?: readonly string[]
}

/**
 * Both roles as processes of their own, each with nothing but the rights of its shipped ServiceAccount. The roles must
 * have been applied.
 */
export async function startOperatorProcesses(
  server: RunningControlPlane,
  { folder, googleUrl, name, controllerFlags = [], receiverFlags = [] }: OperatorPlace,
): Promise<{ controller: GwhProcess; receiver: GwhProcess }> {
  const asServiceAccount = (account: string) => server.kubeconfigForServiceAccount(operatorNamespace, account)
  const controller = new GwhProcess(
    [
      'controller',
      `--kubeconfig=${await asServiceAccount('gwh-controller')}`,
      `--namespace=${operatorNamespace}`,
      '--base-url=https://hooks.example.com',
      `--google-base-url=${googleUrl}`,
      '--health-port=0',
      ...controllerFlags,
    ],
    `${name}-controller`,
  )
  const receiver = new GwhProcess(
    [
      'receiver',
      `--kubeconfig=${await asServiceAccount('gwh-receiver')}`,
      `--namespace=${operatorNamespace}`,
      '--pod-name=gwh-receiver-0',
      '--host=127.0.0.1',
      '--port=0',
      '--health-port=0',
      '--admin-port=0',
      `--data-dir=${folder}`,
      '--allow-loopback-sinks=true',
      '--report-interval=200ms',
      '--drain=0s',
      ...receiverFlags,
    ],
    `${name}-receiver`,
  )
  return { controller, receiver }
}
