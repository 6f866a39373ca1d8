import { test } from 'node:test'

import { runHistories } from '../../support/worlds/disorder/run-histories.ts'

test('whatever befalls an object, once all is quiet it comes to rest', { concurrency: 4 }, (t) => runHistories(t, 8))
