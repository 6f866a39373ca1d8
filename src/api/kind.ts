/** The coordinates of our two resources, GeminiWebhook and GeminiRoute, in the Kubernetes API. */

export const apiGroup = 'webhooks.gemini-operator.io'
export const apiVersionName = 'v1alpha1'
/** What stands in `apiVersion` of a manifest. */
export const apiVersion = `${apiGroup}/${apiVersionName}`
export const kindName = 'GeminiWebhook'
export const listKindName = 'GeminiWebhookList'
export const pluralName = 'geminiwebhooks'
export const singularName = 'geminiwebhook'
/** `kubectl get gwh`. */
export const shortName = 'gwh'
/** `kubectl get gemini` lists every kind of this category. */
export const categoryName = 'gemini'

export const geminiWebhookKind = {
  group: apiGroup,
  version: apiVersionName,
  kind: kindName,
  plural: pluralName,
  namespaced: true,
} as const

/**
 * The API path of one object: also the `source` of its CloudEvents. Both parts are DNS names, so nothing needs
 * escaping.
 */
export function geminiWebhookPath(key: { namespace: string; name: string }): string {
  return `/apis/${apiVersion}/namespaces/${key.namespace}/${pluralName}/${key.name}`
}

export const routeKindName = 'GeminiRoute'
export const routeListKindName = 'GeminiRouteList'
export const routePluralName = 'geminiroutes'
export const routeSingularName = 'geminiroute'
/** `kubectl get groute`; also how people name a route beside webhooks: `groute/nightly-eval`. */
export const routeShortName = 'groute'

export const geminiRouteKind = {
  group: apiGroup,
  version: apiVersionName,
  kind: routeKindName,
  plural: routePluralName,
  namespaced: true,
} as const
