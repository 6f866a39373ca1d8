import { test } from 'node:test'

import { runWishCases } from '../../support/worlds/fault-matrix/run-wish-cases.ts'

test('what is wished for is done, whatever has become of the webhook at Google', { concurrency: 4 }, (t) =>
  runWishCases(t, 12),
)
