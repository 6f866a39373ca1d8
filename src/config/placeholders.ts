/**
 * Names that RFC 2606 and RFC 6761 keep out of the public DNS for ever: they stand in examples, and nothing outside can
 * reach them.
 */
const reserved = /(^|\.)(example\.(com|net|org)|example|invalid|localhost|test)\.?$/

/** As the help and the pages write it; a name without a dot is in no public DNS either. */
const placeholderHost = /^host\.?$/

function isPlaceholder(host: string): boolean {
  return reserved.test(host) || placeholderHost.test(host)
}

const placeholderId = /^(replace|change)[-_.]?me(?![a-z0-9])/i

const whereToSetIt = (variable: string, value: string) =>
  `${variable} of the ConfigMap gwh-controller, which an overlay such as overlays/example sets, or the value ${value} of the chart`

/**
 * What is still as in an example. It is refused at the start: registered at Google, it would fail only there, hours
 * later. With a `googleBaseUrl` that is not Google's own there is a simulator, which reaches any name.
 */
export function placeholderProblems(
  { baseUrl, installationId, googleBaseUrl }: Given,
  googlesOwnUrl: string,
): string[] {
  const problems = []
  const host = new URL(baseUrl).hostname
  if (isPlaceholder(host) && new URL(googleBaseUrl).origin === googlesOwnUrl) {
    problems.push(
      `baseUrl: ${host} is a placeholder of the documentation, which Google cannot reach; set the public https address that leads to the receiver: ${whereToSetIt('GWH_BASE_URL', 'baseUrl')}`,
    )
  }
  if (installationId !== undefined && placeholderId.test(installationId)) {
    problems.push(
      `installationId: ${installationId} is a placeholder; name this installation as no other one is named, such as prod-eu-1, or leave it out and one is made: ${whereToSetIt('GWH_INSTALLATION_ID', 'installationId')}`,
    )
  }
  return problems
}

interface Given {
  baseUrl: string
  installationId?: string | undefined
  googleBaseUrl: string
}
