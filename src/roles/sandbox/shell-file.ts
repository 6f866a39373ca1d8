/** What a shell needs so that the commands of the docs work on a sandbox as they stand there. */
export interface ShellFacts {
  readonly kubeconfigPath: string
  readonly webhookServiceUrl: string
  readonly authorityPath: string
  /** The command line that runs `gwh`; absent: `gwh` is on PATH already. */
  readonly program: readonly string[] | undefined
}

/** A file for `. FILE` in sh, bash or zsh. Pure. */
export function shellFile({ kubeconfigPath, webhookServiceUrl, authorityPath, program }: ShellFacts): string {
  const lines = [
    '# For a shell that works on this sandbox.',
    `export KUBECONFIG=${quoted(kubeconfigPath)}`,
    '# Google is simulated here, and the public endpoint has a certificate of its own authority.',
    `export GWH_GOOGLE_BASE_URL=${quoted(webhookServiceUrl)}`,
    `export GWH_TRUSTED_CA=${quoted(authorityPath)}`,
  ]
  const runs = program?.map(quoted).join(' ')
  return [...lines, ...(runs === undefined ? [] : [`gwh() { ${runs} "$@"; }`]), ''].join('\n')
}

const quoted = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`
