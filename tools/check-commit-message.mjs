// Conventional commits: the changelog and the reader both lean on the prefix.
import { readFileSync } from 'node:fs'

const subject = readFileSync(process.argv[2], 'utf8').split('\n')[0]
if (
  !/^(feat|fix|docs|test|refactor|perf|build|ci|chore|revert)(\([a-z0-9-]+\))?!?: \S/.test(subject) &&
  !/^(Merge|Revert|fixup!)/.test(subject)
) {
  process.stderr.write(
    `commit subject "${subject}" is not conventional; write e.g. "feat(receiver): refuse repeated headers"\n`,
  )
  process.exit(1)
}
