/**
 * What a newcomer types in a shell that has read the shell file, once the sample is applied.
 * All of them work on a sandbox as they stand here.
 */
export const commandsToTry: readonly string[] = [
  'gwh status default/batch-events',
  'gwh ping default/batch-events',
  'gwh send default/batch-events --type=batch.failed',
  'gwh inbox',
  'gwh deliveries',
  'gwh deadletters',
  'gwh rotate default/batch-events',
  'gwh import default/gemini-api-key',
  'gwh orphans',
  'gwh doctor',
  'gwh listen --webhook=default/batch-events',
  'gwh drain gwh-receiver-0',
]
