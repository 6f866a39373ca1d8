import type { ExampleRequest } from './example-requests.ts'

/** A request as it stands on the wire, but for the headers of the connection itself. */
export function httpText({ headers, body }: Pick<ExampleRequest, 'headers' | 'body'>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return ['POST /events HTTP/1.1', 'host: worker.ml.svc', ...lines, '', body].join('\n')
}

export function httpBlock(request: Pick<ExampleRequest, 'headers' | 'body'>): string[] {
  return ['```http', httpText(request), '```']
}
