import { test } from 'node:test'

import { runWishCases } from '../support/worlds/fault-matrix/run-wish-cases.ts'

test('two wishes at once, with every state at Google, are fulfilled', { concurrency: 12 }, (t) => runWishCases(t, 240))
