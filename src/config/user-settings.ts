import { optionalText, port } from './setting-types.ts'
import { namespacePattern } from './shared-settings.ts'

/** Settings of whoever uses an installation: for the commands, and for the page. */

/** The API server, and as whom to ask it. */
export const connection = {
  kubeconfig: optionalText({
    group: 'Kubernetes',
    help: 'Reads this kubeconfig file. If it is not set, KUBECONFIG and then the default file of kubectl are read.',
    placeholder: 'FILE',
    pattern: /^.{1,4096}$/,
    what: 'a path',
    completes: 'file',
  }),
  context: optionalText({
    group: 'Kubernetes',
    help: 'Uses this context of the kubeconfig. If it is not set, the current context is used.',
    placeholder: 'NAME',
    pattern: /^.{1,253}$/,
    what: 'the name of a context',
    completes: 'context',
  }),
  as: optionalText({
    group: 'Kubernetes',
    help: 'Acts as this user, which needs the permission to impersonate it.',
    placeholder: 'USER',
    pattern: /^[\x21-\x7e]{1,253}$/,
    what: 'the name of a user',
  }),
} as const

export const aNamespace = {
  group: 'Kubernetes',
  placeholder: 'NAMESPACE',
  pattern: namespacePattern,
  what: 'a namespace name (lower case letters, digits and -)',
  completes: 'namespace',
} as const

export const operatorNamespace = optionalText({
  ...aNamespace,
  help: 'The namespace in which the operator runs. If it is not set, gwh looks for its pods, and assumes gemini-webhook-system if that is not allowed.',
})

/** Of commands that visit every receiver pod. */
export const visitAll = {
  operatorNamespace,
  ...connection,
  adminPort: port({ group: 'Receivers', help: 'The setting adminPort of the receivers.', default: '8081' }),
} as const
