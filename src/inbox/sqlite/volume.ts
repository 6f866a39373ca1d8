import { statfsSync } from 'node:fs'

/** File systems without the locks and the order of writes that a write-ahead log needs, by `f_type` of statfs(2). */
const networkFileSystems: Readonly<Record<number, string>> = {
  0x6969: 'NFS',
  0x517b: 'SMB',
  0xff534d42: 'CIFS',
  0xfe534d42: 'SMB2',
  0x5346414f: 'AFS',
  0x73757245: 'Coda',
  0x00c36400: 'Ceph',
  0x01021997: '9P',
  0x0bd00bd0: 'Lustre',
  0x7461636f: 'OCFS2',
  0x19830326: 'BeeGFS',
  0x47504653: 'GPFS',
}
/** Kept in memory: survives a crash of the process, not of the node or the pod. */
const memoryFileSystems: Readonly<Record<number, string>> = { 0x01021994: 'tmpfs', 0x858458f6: 'ramfs' }

/** The share of a volume that the inbox may fill: on a full disk even a DELETE fails. */
const maxVolumeShare = 0.8

export interface VolumeFacts {
  type: number
  totalBytes: number
  availableBytes: number
}

export type VolumeVerdict =
  { usable: false; problem: string } | { usable: true; warning: string | undefined; maxBytes: number }

/** Pure: may the inbox live there, and how much of it may it take? `ownBytes`: what its file takes already. */
export function judgeVolume(volume: VolumeFacts, ownBytes: number, wantedBytes: number): VolumeVerdict {
  const network = networkFileSystems[volume.type >>> 0]
  if (network !== undefined) {
    return {
      usable: false,
      problem: `the inbox folder is on ${network}, which cannot keep a write-ahead log safe; give it a local or block volume`,
    }
  }
  const memory = memoryFileSystems[volume.type >>> 0]
  const share = maxVolumeShare * Math.min(volume.totalBytes, ownBytes + volume.availableBytes)
  return {
    usable: true,
    warning: memory && `the inbox folder is on ${memory}: events survive a crash of the process, but not of the node`,
    maxBytes: Math.min(wantedBytes, Math.floor(share)),
  }
}

export function readVolume(folder: string): VolumeFacts {
  const facts = statfsSync(folder)
  return { type: facts.type, totalBytes: facts.blocks * facts.bsize, availableBytes: facts.bavail * facts.bsize }
}
