/** The switches of the simulated service that this check does not ask about, and why. */
export const notAsked: Readonly<Record<string, string>> = {
  autoDisableWindowMs: 'it would take hours of failures',
  retriesWhileDisabled: 'it would take a delivery that waits for a retry, and pings of a disabled webhook differ',
  retryDelayMaxMs: 'it would take hours of failures',
  retryJitter: 'it would take many failures',
  retryForMs: 'it would take a day of failures',
  selfSignedTls: 'it would take a public address without a certificate that is trusted',
  outputFileUri: 'only batches with a file as input name one',
  videoFields: 'videos are not cheap',
  omniVideoWebhook: 'videos are not cheap',
  batchExpiry: 'it would take a batch that is not done within a day',
  batchListLagMs: 'it would take a batch whose end shows elsewhere at once',
  batchListMaxPageSize: 'it would take more batches than a project has',
  jwksScope: 'it would take a second project',
}
