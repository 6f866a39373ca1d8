import * as z from 'zod'

/**
 * What nobody outside of Google knows about the WebhookService, as named settings. The first value of each is the
 * default, not a fact: whoever builds on the service should hold under every one of them. Where a number is a limit, 0
 * means none.
 */
const choice = <const Values extends readonly [string, ...string[]]>(values: Values, about: string) =>
  z.enum(values).default(values[0]).describe(about)
const number = (initial: number, about: string) => z.number().min(0).default(initial).describe(about)
const text = (initial: string, about: string) => z.string().max(1024).default(initial).describe(about)

const hourMs = 3_600_000
const uriCheck = (what: string) => choice(['accepted', 'refused'], `Webhook URIs ${what}, at create and update.`)

export const switchesSchema = z.strictObject({
  // Ping
  pingType: text('ping', 'The `type` of a ping delivery.'),
  pingBody: choice(['envelope', 'envelopeWithId', 'emptyObject'], 'What a ping delivers besides its type.'),
  pingWhenDisabled: choice(['dropped', 'delivered'], 'A ping of a disabled webhook answers 200; is it delivered?'),
  pingResults: choice(['ignored', 'counted'], 'Do results of ping deliveries count towards auto-disable?'),

  // Auto-disable
  autoDisable: choice(['afterFailures', 'afterWindow', 'off'], 'When Google gives up on an endpoint.'),
  autoDisableFailures: number(20, 'Failed attempts in a row, for `afterFailures`.'),
  autoDisableWindowMs: number(6 * hourMs, 'Nothing but failures for this long, for `afterWindow`.'),
  reenableByUpdate: choice(['accepted', 'refused'], 'Update to `enabled` after an auto-disable.'),
  setFailedState: choice(['refused', 'accepted'], 'Update to `disabled_due_to_failed_deliveries` by a client.'),
  retriesWhileDisabled: choice(['dropped', 'held'], 'Deliveries that wait for a retry when the webhook is disabled.'),

  // Rotation
  rotationSignatures: choice(['oldNew', 'newOld', 'newOnly'], 'The `v1` entries while two secrets are valid.'),
  secondRotation: choice(
    ['oldExpiryKept', 'oldExpiryRenewed', 'oldestDropped'],
    'What a rotation inside the overlap does to a secret that is already expiring.',
  ),
  rotateWhileDisabled: choice(['accepted', 'refused'], 'Rotation of a webhook that is not enabled.'),
  rotateAutoDisabled: choice(['kept', 'reset'], 'Does a rotation reset an auto-disable?'),
  signingSecretsOrder: choice(['newestFirst', 'oldestFirst'], 'Order of `signing_secrets`.'),
  maxSigningSecrets: number(0, 'At most so many secrets; the oldest go.'),
  uppercaseRevocation: choice(['refused', 'accepted'], '`revocation_behavior` in capitals, as the guide prints it.'),

  // Form of the secret
  secretBytes: z
    .union([z.literal(24), z.literal(32), z.literal(64)])
    .default(24)
    .describe('Random bytes in a secret.'),
  secretPadding: choice(['padded', 'unpadded'], 'The `=` at the end of the base64.'),
  secretAlphabet: choice(['base64', 'alphanumeric'], 'May the base64 contain `+` and `/`?'),

  // Errors
  errorShape: choice(['rpc', 'interactions'], 'The error body: `{code, message, status}` or `{message, code}`.'),
  invalidKey: choice(['badRequest', 'unauthorized'], 'An unknown or revoked API key: 400 or 401.'),
  duplicates: choice(['allowed', 'badRequest', 'conflict'], 'A second webhook with the same URI or name.'),

  // Limits
  maxWebhooksPerProject: number(0, 'Webhooks per project.'),
  maxUrisPerConfig: number(0, 'URIs in one webhook_config.'),
  maxUserMetadataBytes: number(0, 'Size of user_metadata as JSON.'),
  maxNameCharacters: number(0, 'Length of a name; longer ones are refused.'),
  maxRequestsPerMinute: number(0, 'Requests per project; more are answered 429 with Retry-After.'),

  // Validation of URIs
  uriHttp: uriCheck('without TLS'),
  uriLocalhost: uriCheck('on localhost'),
  uriPrivateAddress: uriCheck('on private addresses'),
  uriPort: uriCheck('with a port'),
  uriUserinfo: uriCheck('with a user name or password'),
  uriQuery: uriCheck('with a query string'),

  // Deliveries
  retryDelayMs: number(1_000, 'Delay before the second attempt; doubles from there.'),
  retryDelayMaxMs: number(hourMs, 'The longest delay between two attempts.'),
  retryJitter: z.number().min(0).max(1).default(0.25).describe('Share of the delay that is random.'),
  retryForMs: number(24 * hourMs, 'No attempt starts later than this after the event.'),
  attemptTimeoutMs: number(10_000, 'How long an attempt waits for the answer.'),
  specialAnswers: choice(
    ['plainFailure', 'spec'],
    '410, 429, 502, 504 and Retry-After: failures like any other, or as Standard Webhooks has it.',
  ),
  selfSignedTls: choice(['refused', 'accepted'], 'Delivery to endpoints with a certificate that nobody vouches for.'),
  userAgent: text('Google-Gemini-Webhooks/1.0', 'The `user-agent` of deliveries.'),
  v1aOnStatic: choice(['absent', 'added'], 'A `v1a` entry beside the `v1` entries of static deliveries.'),
  deliveryLagMs: number(0, 'How long deliveries ignore a change of the webhook.'),

  // Payloads
  userMetadataPlace: choice(
    ['topLevel', 'dataSnake', 'dataCamel'],
    '`user_metadata`, `data.user_metadata` or `data.userMetadata`.',
  ),
  userMetadataForm: choice(['object', 'string'], 'user_metadata as an object or as JSON in a string.'),
  batchId: choice(['path', 'bare'], '`data.id` of a batch: `batches/abc` or `abc`.'),
  outputFileUri: choice(['files', 'gs'], '`output_file_uri`: `files/...` or `gs://...`.'),
  videoFields: choice(
    ['guide', 'cookbook', 'other'],
    'output_file_uri and file_name; video_uri; file_id and video_uri.',
  ),
  cancelledEvents: choice(['silent', 'emitted'], '`batch.cancelled` and `interaction.cancelled`.'),
  batchExpiry: choice(['h24', 'h48'], 'When an unfinished batch expires.'),

  // The list of batches
  batchListOrder: choice(['newestFirst', 'oldestFirst'], 'Order of `batches.list`, by creation.'),
  batchListMaxPageSize: number(1_000, 'The largest page of `batches.list`; who asks for more gets as many.'),
  batchListLagMs: number(0, 'How long `batches.list` shows an old state after a change.'),
  batchListOutputs: choice(['sent', 'omitted'], 'Does `batches.list` repeat the answers of inline batches?'),
  batchListEnd: choice(
    ['noToken', 'emptyToken'],
    '`nextPageToken` of the last page. The pagers of the SDKs do not end at an empty one.',
  ),
  batchStates: choice(['batchState', 'jobState'], '`state` of a batch: `BATCH_STATE_...` or `JOB_STATE_...`.'),

  // Versions, consistency
  apiVersions: choice(['oneStore', 'twoStores'], 'Do `/v1` and `/v1beta` show the same webhooks?'),
  rotateSecretAlias: choice(['notFound', 'alias'], '`POST /{id}/rotate_secret`, as the guide has it.'),
  updateMask: choice(['ignored', 'honoured'], '`update_mask`.'),
  times: choice(['omitted', 'sent'], '`create_time` and `update_time`.'),
  readLagMs: number(0, 'How long `get` shows an old state after a change.'),
  listLagMs: number(0, 'How long `list` shows an old state after a change.'),

  // Dynamic webhooks
  dynamicSigning: choice(['v1a', 'rs256Jwt'], 'Ed25519 as observed, or the documented JWT.'),
  jwksCacheControl: text('public, max-age=600', 'The `cache-control` of the key set; empty for none.'),
  jwksScope: choice(['global', 'perProject'], 'Are the signing keys shared by all projects?'),
  dynamicUris: choice(['all', 'first'], 'Which URIs of a webhook_config get the event.'),
  dynamicIds: choice(['same', 'own'], 'One `webhook-id` for all URIs, or one each.'),
  batchUserMetadata: choice(['accepted', 'refused'], '`userMetadata` in the webhookConfig of a batch.'),
  omniVideoWebhook: choice(['fires', 'silent'], 'Dynamic webhooks of Omni video jobs.'),
})

export type Switches = z.infer<typeof switchesSchema>
export type SwitchChanges = z.input<typeof switchesSchema>
