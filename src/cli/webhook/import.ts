import { stringify } from 'yaml'

import { checkManifest } from '../../api/check-manifest.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { geminiWebhookKind } from '../../api/kind.ts'
import type { ImportConfig } from '../../config/webhook-command-settings.ts'
import type { GeminiWebhookManifest } from '../../api/gemini-webhook.ts'
import { adoptionManifest } from './adoption-manifest.ts'
import { readApiKey } from '../read-api-key.ts'
import type { OpenOperator } from '../operator-access.ts'
import { exitCodes, type CommandContext } from '../run-command.ts'
import { cellOf } from '../table.ts'
import { keyIn } from './webhook-named.ts'

interface Around {
  context: Pick<CommandContext, 'out' | 'err'>
  open: OpenOperator
}

/** `gwh import NAMESPACE/SECRET`: manifests on standard output, what they leave out on standard error. */
export async function importWebhooks(
  config: ImportConfig,
  secretName: string,
  { context, open }: Around,
): Promise<number> {
  const operator = await open(config)
  try {
    const { namespace, name: apiKeySecret } = keyIn(secretName)
    const apiKey = await readApiKey(operator.client, {
      key: { namespace, name: apiKeySecret },
      field: config.apiKeyField,
      where: 'NAMESPACE/SECRET',
    })
    const service = await operator.openService({ apiKey, fingerprint: '' })
    const remotes = await service.list()
    const { items } = await operator.client.list<GeminiWebhook>(geminiWebhookKind)
    const held = new Set(items.flatMap(({ spec, status }) => [spec.externalID, status?.webhook?.id]))
    const names = new Set(
      items.filter(({ metadata }) => metadata.namespace === namespace).map(({ metadata }) => metadata.name),
    )
    const place = { namespace, apiKeySecret, apiKeyField: config.apiKeyField }
    const loose = remotes.filter(({ id }) => !held.has(id)).toSorted((a, b) => a.id.localeCompare(b.id))
    const manifests = loose.map((remote) => adoptionManifest(remote, place, names))
    if (config.output === 'json')
      context.out(`${JSON.stringify({ kind: 'List', apiVersion: 'v1', items: manifests }, undefined, 2)}\n`)
    else context.out(manifests.map((manifest) => stringify(manifest)).join('---\n'))
    context.err(
      `gwh import: webhooks at Google: ${remotes.length}; with a GeminiWebhook already: ${remotes.length - loose.length}\n`,
    )
    for (const doubt of manifests.flatMap(doubtsAbout)) context.err(`gwh import: ${cellOf(doubt)}\n`)
    return exitCodes.ok
  } finally {
    await operator.close()
  }
}

/** What a person should know, or mend, before applying. */
function doubtsAbout(manifest: GeminiWebhookManifest): string[] {
  const { metadata, spec } = manifest
  const checked = checkManifest(manifest)
  const takesOver = `${metadata.name}: webhook ${spec.externalID} carries the marker of another object or installation, which relies on it: remove the manifest, or that object`
  return [
    ...(spec.adoptionPolicy === 'TakeOver' ? [takesOver] : []),
    ...(checked.valid ? [] : checked.problems.map(({ field, message }) => `${metadata.name}: ${field}: ${message}`)),
  ]
}
