import { chartPath } from './generate-chart.ts'
import { helmTemplate } from './helm.ts'

/**
 * The release, the namespace and the address that the committed manifests are rendered for. People replace the address;
 * the other two may stay.
 */
const release = 'gemini-webhook-operator'
const namespace = 'gemini-webhook-system'
export const placeholderBaseUrl = 'https://hooks.example.com'
/** Of the manifests; the chart itself says which versions it accepts. */
const kubeVersion = '1.30'

const notice = '# Rendered from charts/gemini-webhook-operator by "npm run generate:deploy"; do not edit.\n'

interface Document {
  /** Of the template: rbac/controller.yaml. */
  source: string
  text: string
}

/**
 * deploy/install.yaml and deploy/rbac, as `helm template` prints them: the same text with every major version of Helm.
 */
export function renderManifests(helm: string, namespaceYaml: string): Record<string, string> {
  const args = [release, chartPath, `--namespace=${namespace}`, `--kube-version=${kubeVersion}`, '--skip-tests']
  const documents = documentsOf(
    helmTemplate(helm, [...args, `--set=baseUrl=${placeholderBaseUrl}`, '--set=crds.keep=false']),
  )
  const install = [namespaceYaml.trim(), ...documents.map(({ text }) => text)]
  const files: Record<string, string> = { 'deploy/install.yaml': joined(install) }
  for (const name of ['controller', 'receiver', 'users']) {
    const members = documents.filter(({ source }) => source.startsWith(`rbac/${name}`))
    files[`deploy/rbac/${name}.yaml`] = joined(members.map(({ text }) => text))
  }
  return files
}

/** Helm 4 ends documents with an empty line, Helm 3 does not. */
function documentsOf(rendered: string): Document[] {
  return rendered
    .split(/^---\n/m)
    .filter((text) => text.trim() !== '')
    .map((text) => {
      const source = /^# Source: [^/]+\/templates\/(\S+)\n/.exec(text)
      return { source: source?.[1] ?? '', text: text.slice(source?.[0].length ?? 0).trim() }
    })
}

const joined = (texts: readonly string[]) => `${notice}${texts.join('\n---\n')}\n`
