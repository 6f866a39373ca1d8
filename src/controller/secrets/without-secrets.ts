import { KubernetesApiError } from '../../kubernetes/client.ts'

/**
 * Enough of a secret to recognise it, for the text of the API server may have been cut within it, and too little to be
 * of use.
 */
const recognised = 16
/**
 * What follows one of them is the raw key in base64, which a Secret may hold alone: Google may write more than one
 * word, and base64 for URLs has `_` itself.
 */
const prefixes = [/^[A-Za-z0-9]+_/, /^[A-Za-z0-9_]+_/]

/**
 * An admission policy may put parts of the object into its answer, and the answer goes into status, Events and logs:
 * from the first of `secrets` on, in clear, without its prefix or in base64, or of the other `values` that were
 * written, the text is left out. Any other error is returned as it is.
 */
export function withoutSecrets(error: unknown, secrets: readonly string[], values: readonly string[] = []): unknown {
  if (!(error instanceof KubernetesApiError)) return error
  const { status, reason, retryAfterMs, message } = error
  const forms = secrets
    .flatMap((secret) => [
      secret,
      ...prefixes.map((prefix) => secret.replace(prefix, '')),
      Buffer.from(secret, 'utf8').toString('base64'),
    ])
    .concat(values)
    .filter((form) => form !== '')
  const found = forms.map((form) => message.indexOf(form.slice(0, recognised))).filter((at) => at >= 0)
  if (found.length === 0) return error
  const kept = message.slice(0, Math.min(...found))
  return new KubernetesApiError({ status, reason, retryAfterMs, message: `${kept}[the rest repeats a secret]` })
}
