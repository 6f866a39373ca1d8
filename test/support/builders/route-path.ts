import { apiVersion, routePluralName } from '../../../src/api/kind.ts'

/** The API path of one route. */
export function geminiRoutePath(key: { namespace: string; name: string }): string {
  return `/apis/${apiVersion}/namespaces/${key.namespace}/${routePluralName}/${key.name}`
}
