import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { renderMermaidSVG } from 'beautiful-mermaid'
import { transformSync } from 'esbuild'

import { findProgram } from '../../../tools/helm.ts'

/** What is wrong with JSON; a file of several objects has one on each line. */
export function judgeJson(text: string): string[] {
  try {
    JSON.parse(text)
    return []
  } catch (whole) {
    try {
      for (const line of text.trim().split('\n')) JSON.parse(line)
      return []
    } catch {
      return [String(whole)]
    }
  }
}

/** A request or an answer as it stands on the wire; a body that says it is JSON must be. */
export function judgeHttp(text: string): string[] {
  const [head = '', ...bodies] = text.split('\n\n')
  const [start = '', ...headers] = head.trimEnd().split('\n')
  const problems: string[] = []
  if (!/^([A-Z]+ \S+ HTTP\/1\.1|HTTP\/1\.1 \d{3}.*)$/.test(start))
    problems.push(`"${start}" begins no request and no answer`)
  for (const header of headers) if (!/^[\w-]+: .+$/.test(header)) problems.push(`"${header}" is no header`)
  const isJson = headers.some((header) => /^content-type: application\/(\w+\+)?json/i.test(header))
  const body = bodies.join('\n\n').trim()
  return isJson && body !== '' && body !== '...' ? [...problems, ...judgeJson(body)] : problems
}

/** What nats-server says of a configuration. Where there is none, it is not judged. */
export function judgeNatsConfig(text: string): string[] {
  const binary = findProgram('nats-server', process.env)
  if (binary === undefined) {
    assert.notEqual(process.env['GWH_REQUIRE_NATS'], '1', 'no nats-server on PATH')
    return []
  }
  const folder = mkdtempSync(join(tmpdir(), 'gwh-block-'))
  try {
    const path = join(folder, 'nats.conf')
    writeFileSync(path, text)
    const { status, stderr } = spawnSync(binary, ['-t', '-c', path], { encoding: 'utf8' })
    return status === 0 ? [] : [stderr.trim()]
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Whether the site can draw it. */
export function judgeDiagram(text: string): string[] {
  try {
    renderMermaidSVG(text)
    return []
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)]
  }
}

/** Statements that every SQL database has. */
export function judgeSql(text: string): string[] {
  using database = new DatabaseSync(':memory:')
  try {
    database.exec(text)
    return []
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)]
  }
}

/** Whether esbuild reads it. */
export function judgeScript(text: string, loader: 'ts' | 'js'): string[] {
  try {
    transformSync(text, { loader, format: 'esm', logLevel: 'silent' })
    return []
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)]
  }
}

const programs = globSync('examples/**/*.{go,java,py,sql,sh,ts,mjs}', { exclude: ['**/node_modules', '**/.venv'] }).map(
  (path) => readFileSync(path, 'utf8'),
)

/** A program of a language that is not parsed here must be a file of examples/, which its suite runs. */
export function judgeCopied(text: string): string[] {
  const isCopy = programs.some((program) => program.includes(text.trim()))
  return isCopy ? [] : ['is no copy of a program in examples/, where a suite would run it: put it there and show that']
}
