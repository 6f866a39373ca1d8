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
  place: OperatorPlace,
): Promise<{ controller: GwhProcess; receiver: GwhProcess }> {
  return {
    controller: await startControllerProcess(server, place),
    receiver: await startReceiverProcess(server, place),
  }
}

/** The controller alone, likewise. */
export async function startControllerProcess(
  server: RunningControlPlane,
  { googleUrl, name, controllerFlags = [] }: OperatorPlace,
): Promise<GwhProcess> {
  return new GwhProcess(
    [
      'controller',
      `--kubeconfig=${await server.kubeconfigForServiceAccount(operatorNamespace, 'gwh-controller')}`,
      `--namespace=${operatorNamespace}`,
      '--base-url=https://hooks.example.com',
      `--google-base-url=${googleUrl}`,
      '--health-port=0',
      ...controllerFlags,
    ],
    `${name}-controller`,
  )
}

/** A receiver alone, likewise. */
export async function startReceiverProcess(
  server: RunningControlPlane,
  { folder, name, receiverFlags = [] }: OperatorPlace,
): Promise<GwhProcess> {
  return new GwhProcess(
    [
      'receiver',
      `--kubeconfig=${await server.kubeconfigForServiceAccount(operatorNamespace, 'gwh-receiver')}`,
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
}
