import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { ActionRequest } from '../../../src/contract/page/actions.ts'
import { commandLine } from '../../../src/ui/actions/command-line.ts'

const webhook = { namespace: 'ml', name: 'batch-events' }
const cases: [ActionRequest, string][] = [
  [{ action: 'ping', ...webhook }, 'gwh ping ml/batch-events'],
  [{ action: 'send', ...webhook, type: 'batch.failed' }, 'gwh send ml/batch-events --type=batch.failed'],
  [
    { action: 'rotate', ...webhook, typed: 'batch-events', revokePrevious: 'Immediately' },
    'gwh rotate ml/batch-events --revoke-previous=Immediately',
  ],
  [{ action: 'backfill', ...webhook, since: '24h' }, 'gwh backfill ml/batch-events --since=24h'],
  [{ action: 'backfill', ...webhook }, 'gwh backfill ml/batch-events'],
  [
    { action: 'replay', targets: { ids: ['gwh-receiver-0/17', 'gwh-receiver-1/3'] } },
    'gwh replay gwh-receiver-0/17 gwh-receiver-1/3',
  ],
  [{ action: 'replay', targets: { all: true } }, 'gwh replay --all'],
  [
    { action: 'retry', targets: { selection: { ...webhook, sink: 'worker', cause: 'status 503', eventId: 'msg_1' } } },
    "gwh retry --webhook=ml/batch-events --event-id=msg_1 --sink=worker --cause='status 503'",
  ],
  [{ action: 'replay', targets: { ids: ["gwh-receiver-0/$(rm)'x"] } }, `gwh replay 'gwh-receiver-0/$(rm)'\\''x'`],
  [{ action: 'drain', pod: 'gwh-receiver-1', to: 'gwh-receiver-0' }, 'gwh drain gwh-receiver-1 --to=gwh-receiver-0'],
]
for (const [request, want] of cases) test(want, () => assert.equal(commandLine(request), want))
