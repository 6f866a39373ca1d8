import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { WorkingConfig } from '../config.ts'
import { staticUrl } from '../../contract/endpoint-path.ts'
import type { EndpointView, ObservedWebhook } from './observed.ts'

/** Where Google is to deliver: the user's own server, or our receiver under the base URL or an allowed host name. */
export function viewEndpoint(
  { metadata, spec }: GeminiWebhook,
  { baseUrl, allowedHostnames }: Pick<WorkingConfig, 'baseUrl' | 'allowedHostnames'>,
): EndpointView {
  const { url, hostname } = spec.endpoint ?? {}
  if (url !== undefined) return viewExternal(url)
  const base = new URL(baseUrl)
  if (hostname !== undefined) {
    if (!allowedHostnames.includes(hostname)) {
      const message = `spec.endpoint.hostname: ${hostname} is not allowed in this installation: use one of its allowed host names, or leave it out`
      return { state: 'invalid', message }
    }
    base.hostname = hostname
  }
  return { state: 'ours', url: staticUrl(base, metadata) }
}

/**
 * Where this object is served for now: under the former base URL while another object proves the new one, else where it
 * is `wanted`.
 */
export function addressNow(
  { status }: Pick<GeminiWebhook, 'status'>,
  { rollout }: Pick<ObservedWebhook, 'rollout'>,
  wanted: string,
): string {
  return rollout.state === 'wait' ? (status?.webhook?.uri ?? wanted) : wanted
}

function viewExternal(url: string): EndpointView {
  const parsed = URL.parse(url)
  if (parsed?.protocol !== 'https:' || parsed.username !== '' || parsed.password !== '' || parsed.hash !== '') {
    return {
      state: 'invalid',
      message: 'spec.endpoint.url must be an https URL without userinfo and fragment: correct it',
    }
  }
  return { state: 'external', url }
}
