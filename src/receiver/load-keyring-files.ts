import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { allKeyringSecretNames } from '../contract/keyring/shard.ts'
import type { Logger } from '../observability/logger.ts'
import { decodeShard } from './decode-shard.ts'
import type { EndpointDirectory } from './endpoint-directory.ts'

/** What the kubelet adds to a mounted Secret besides its keys (`..data`, dated folders) begins with this. */
const kubeletPrefix = '..'

/**
 * Fills the directory from keyring Secrets mounted below `folder`, one folder per Secret, one file per uid: the boot
 * that needs no API server. A folder that is missing, like a uid that is missing, proves nothing; one that cannot be
 * read is logged and treated the same. Call it before the watches start: what they bring is newer.
 */
export async function loadKeyringFiles(folder: string, directory: EndpointDirectory, logger: Logger): Promise<void> {
  for (const shard of allKeyringSecretNames()) {
    try {
      const data = await readFolder(join(folder, shard))
      if (data === undefined) continue
      const content = decodeShard(shard, data)
      for (const { uid, problem } of content.problems) logger.warn({ shard, uid, problem }, 'keyring.entry_malformed')
      directory.applyMountedShard(shard, content)
    } catch (error) {
      logger.warn({ shard, error: error }, 'keyring.file_unreadable')
    }
  }
}

async function readFolder(folder: string): Promise<Map<string, string> | undefined> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (names === undefined) return undefined
  const uids = names.filter((name) => !name.startsWith(kubeletPrefix))
  return new Map(await Promise.all(uids.map(async (uid) => [uid, await readFile(join(folder, uid), 'utf8')] as const)))
}
