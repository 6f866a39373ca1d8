import type { ConfigOf, RoleSettings } from './setting.ts'
import { boolean, decimal, oneOf, optionalPath, optionalText, port, text, textList } from './setting-types.ts'
import { hostPattern } from './shared-settings.ts'

const settings = {
  only: oneOf({
    group: 'Parts',
    help: 'Start everything, or one part for tests of your own: the simulated WebhookService, or the sample worker, which prints the events that it gets.',
    words: ['everything', 'webhook-service', 'worker'],
    default: 'everything',
  }),
  host: text({
    group: 'Parts',
    help: 'Address for all ports. The sandbox is not meant to be reached from other machines.',
    placeholder: 'HOST',
    pattern: hostPattern,
    what: 'a host name or an address',
    default: '127.0.0.1',
  }),
  kubernetesPort: port({ group: 'Parts', help: 'Port of the embedded Kubernetes API; 0: any free one.', default: '0' }),
  webhookServicePort: port({
    group: 'Parts',
    help: 'Port of the simulated WebhookService; 0: any free one.',
    default: '0',
  }),
  receiverPort: port({ group: 'Parts', help: 'Port of the receiver; 0: any free one.', default: '0' }),
  workerPort: port({ group: 'Parts', help: 'Port of the sample worker; 0: any free one.', default: '0' }),
  pagePort: port({ group: 'Parts', help: 'Port of the page on 127.0.0.1; 0: any free one.', default: '0' }),
  switches: textList({
    group: 'Parts',
    help: "How the simulated WebhookService behaves where Google's behaviour is unknown; docs/reference/simulated-webhook-service.md lists the switches.",
    placeholder: 'NAME=VALUE,...',
    pattern: /^[A-Za-z0-9]{1,64}=.{0,256}$/,
    what: 'a switch and its value, such as autoDisable=off',
  }),
  switchesFile: optionalPath({
    group: 'Parts',
    help: 'Sets the switches from a file that gwh conformance wrote, so that the simulated WebhookService behaves like the service that was asked. --switches takes precedence.',
    completes: 'file',
  }),
  dataDir: optionalText({
    group: 'Data',
    help: 'Directory for the inbox and the kubeconfig; not set: a temporary one.',
    placeholder: 'DIR',
    pattern: /^.{1,4096}$/,
    what: 'a path',
  }),
  keep: boolean({ group: 'Data', help: 'Keep the temporary directory when the sandbox ends.', default: 'false' }),
  speed: decimal({
    group: 'Data',
    help: "How many times faster the controller's waiting times pass than in production.",
    min: 1,
    max: 1000,
    default: '20',
  }),
  logLevel: oneOf({
    group: 'Data',
    help: 'Lowest severity of the log lines to write. Lines are JSON on standard error.',
    words: ['debug', 'info', 'warn', 'error'],
    default: 'warn',
  }),
} as const

export type SandboxConfig = ConfigOf<typeof settings>

export const sandboxSettings: RoleSettings<typeof settings> = {
  role: 'sandbox',
  about:
    'A playground in one process: a simulated WebhookService, an embedded Kubernetes API that kubectl can use, a controller, ' +
    'two receivers, a sample worker and the live page. It prints the addresses and a kubeconfig and runs until it is interrupted. Needs no cluster and no API key.',
  example: 'gwh sandbox --kubernetes-port=16443 --data-dir=./playground',
  settings,
  check: () => [],
}
