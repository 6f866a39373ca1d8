import type { SinkDestination, SinkSpec } from '../../api/sink.ts'
import { headerFault } from '../../contract/keyring/sent-headers.ts'

export interface TransformProblem {
  /** Below the sink, such as `transform.headers`. */
  readonly field: string
  readonly message: string
}

/**
 * What is wrong with the transform of a sink, or with that of its dead letter destination, beside its expression: the
 * first mistake, or nothing. Names keys, never values. Pure.
 */
export function judgeTransform(sink: SinkSpec): TransformProblem | undefined {
  if (sink.transform !== undefined && sink.format === 'CloudEventStructured') {
    const message = 'the transform makes the body, and so does CloudEventStructured: remove one of the two'
    return { field: 'format', message }
  }
  return judge(sink, 'transform') ?? judge(sink.deadLetter, 'deadLetter.transform')
}

function judge(destination: SinkDestination | undefined, field: string): TransformProblem | undefined {
  const { transform, kubernetesEvent } = destination ?? {}
  if (transform === undefined) return undefined
  if (kubernetesEvent !== undefined) {
    return { field, message: 'a Kubernetes Event has no body to transform: remove transform' }
  }
  for (const [name, value] of Object.entries(transform.headers ?? {})) {
    const fault = headerFault(name, value)
    if (fault === 'name') {
      return { field: `${field}.headers`, message: `key "${name}" may not be sent as a header: remove it` }
    }
    if (fault === 'value') {
      return { field: `${field}.headers`, message: `the value of key "${name}" is not printable ASCII: correct it` }
    }
  }
  return undefined
}
