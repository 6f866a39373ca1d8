import { stringify } from 'yaml'

import type { ManifestCheck } from '../../api/check-manifest.ts'
import type { GeminiWebhookManifest } from '../../api/gemini-webhook.ts'
import type { ConfigOf } from '../../config/setting.ts'
import { googleSettings } from '../../config/shared-settings.ts'
import { objectKey } from '../places.ts'
import { printedAs } from '../print-as.ts'
import { readApiKey } from '../read-api-key.ts'
import { exitCodes } from '../run-command.ts'
import { apiKeyField, connection, listOutput, namespaceOfObject } from '../shared-settings.ts'
import { cellOf } from '../table.ts'
import { userCommand, type UserCommandDeps } from '../user-command.ts'
import { narrowed, visibleWebhooks } from '../visible-webhooks.ts'
import { resourceName } from './webhook-named.ts'

const settings = {
  apiKeyField,
  ...googleSettings,
  namespace: {
    ...namespaceOfObject,
    help: 'The namespace of a Secret that is given by name only. If it is not set, the namespace of the context is used.',
  },
  ...connection,
  output: listOutput,
} as const
type ImportConfig = ConfigOf<typeof settings>

/**
 * `gwh import SECRET`: manifests on standard output, what they leave out on standard error; 3 where a webhook
 * may belong to an object that cannot be seen.
 */
export const importing = userCommand({
  name: 'import',
  summary: 'Print manifests that adopt what exists at Google.',
  about:
    'Lists the webhooks that exist in the project of an API key and prints, for each that no GeminiWebhook has yet, a manifest that adopts it as it is. It changes ' +
    'nothing. The Secret with the API key is named as NAME or NAMESPACE/NAME; the manifests are for its namespace.',
  example: 'gwh import ml/gemini-api-key > adopted.yaml',
  settings,
  names: { placeholder: 'SECRET', min: 1, max: 1 },
  run: importWebhooks,
})

async function importWebhooks(
  config: ImportConfig,
  [secretName = '']: readonly string[],
  { out, err, operator: open }: UserCommandDeps,
): Promise<number> {
  const { checkManifest } = await import('../../api/check-manifest.ts')
  const { markerIn } = await import('../../controller/facts/ownership.ts')
  const { adoptionManifest } = await import('./adoption-manifest.ts')
  const operator = await open(config)
  try {
    const { namespace, name: apiKeySecret } = await objectKey(secretName, config)
    const apiKey = await readApiKey(operator.client, {
      key: { namespace, name: apiKeySecret },
      field: config.apiKeyField,
      where: 'SECRET',
    })
    const service = await operator.openService({ apiKey, fingerprint: '' })
    const remotes = await service.list()
    const { items, onlyIn } = await visibleWebhooks(operator.client, undefined, () => namespace)
    const held = new Set(items.flatMap(({ spec, status }) => [spec.externalID, status?.webhook?.id]))
    const names = new Set(
      items.filter(({ metadata }) => metadata.namespace === namespace).map(({ metadata }) => metadata.name),
    )
    const place = { namespace, apiKeySecret, apiKeyField: config.apiKeyField }
    const notSeen = remotes.filter(({ id }) => !held.has(id)).toSorted((a, b) => a.id.localeCompare(b.id))
    // What carries a marker may well have an object in a namespace that cannot be seen: taking it over would harm that
    // one.
    const unjudged = onlyIn === undefined ? [] : notSeen.filter(({ name }) => markerIn(name) !== undefined)
    const loose = notSeen.filter((remote) => !unjudged.includes(remote))
    const manifests = loose.map((remote) => adoptionManifest(remote, place, names))
    const text = () => manifests.map((manifest) => stringify(manifest)).join('---\n')
    const resources = manifests.map(({ metadata }) => resourceName(metadata.name))
    out(
      printedAs(config.output, { value: { kind: 'List', apiVersion: 'v1', items: manifests }, text, names: resources }),
    )
    err(
      `gwh import: webhooks at Google: ${remotes.length}; with a GeminiWebhook already: ${remotes.length - notSeen.length}\n`,
    )
    for (const doubt of manifests.flatMap((manifest) => doubtsAbout(manifest, checkManifest(manifest))))
      err(`gwh import: ${cellOf(doubt)}\n`)
    if (onlyIn !== undefined) err(`gwh import: ${narrowed(onlyIn)}\n`)
    for (const { id } of unjudged) err(`gwh import: ${cellOf(id)}: ${whyLeftOut}\n`)
    return unjudged.length === 0 ? exitCodes.ok : exitCodes.unjudged
  } finally {
    await operator.close()
  }
}

const whyLeftOut =
  'carries the marker of an object that may be in a namespace you cannot list: left out; somebody who may list all can import it'

/** What a person should know, or correct, before applying. */
function doubtsAbout({ metadata, spec }: GeminiWebhookManifest, checked: ManifestCheck): string[] {
  const takesOver = `${metadata.name}: webhook ${spec.externalID} carries the marker of another object or installation, which relies on it: remove the manifest, or that object`
  return [
    ...(spec.adoptionPolicy === 'TakeOver' ? [takesOver] : []),
    ...(checked.ok ? [] : checked.problem.map(({ field, message }) => `${metadata.name}: ${field}: ${message}`)),
  ]
}
