import type { SinkSpec } from '../../api/sink.ts'
import { headerFault } from '../../contract/keyring/sent-headers.ts'

export interface TransformProblem {
  /** Below the sink, such as `transform.headers`. */
  readonly field: string
  readonly message: string
}

/**
 * What is wrong with a transform beside its expression: the first mistake, or nothing. Names keys, never values. Pure.
 */
export function judgeTransform({ transform, format, kubernetesEvent }: SinkSpec): TransformProblem | undefined {
  if (transform === undefined) return undefined
  if (kubernetesEvent !== undefined) {
    return { field: 'transform', message: 'a Kubernetes Event has no body to transform: remove transform' }
  }
  if (format === 'CloudEventStructured') {
    const message = 'the transform makes the body, and so does CloudEventStructured: remove one of the two'
    return { field: 'format', message }
  }
  for (const [name, value] of Object.entries(transform.headers ?? {})) {
    const fault = headerFault(name, value)
    if (fault === 'name') {
      return { field: 'transform.headers', message: `key "${name}" may not be sent as a header: remove it` }
    }
    if (fault === 'value') {
      return { field: 'transform.headers', message: `the value of key "${name}" is not printable ASCII: correct it` }
    }
  }
  return undefined
}
