import { join } from 'node:path'
import { test } from 'node:test'

import { killReceiverUnderLoad } from './kill-receiver-under-load.ts'

/** At least 30 by promise; each stands for one random moment under load. */
const kills = Number(process.env['KILLS'] ?? 30)
const inboxFlags = (folder: string) => [`--data-dir=${join(folder, 'data')}`]

test(
  `every delivery answered 204 reaches the sink, across ${kills} SIGKILLs of the receiver under load`,
  { timeout: 240_000 },
  (t) => killReceiverUnderLoad(t, { kills, inboxFlags, failingShare: 0 }),
)
