import { test } from 'node:test'

import { runHistories } from '../support/worlds/disorder/run-histories.ts'

test(
  'whatever befalls an object, a hundred and twenty times over, once all is quiet it comes to rest',
  { concurrency: 8 },
  (t) => runHistories(t, 120),
)
