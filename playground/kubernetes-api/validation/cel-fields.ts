import type { ASTNode } from '@marcbachmann/cel-js'
import type { Schema } from '../schema.ts'
import { escapeName } from './cel-value.ts'

/** What is known of each variable: its schema, or nothing. */
type Scope = ReadonlyMap<string, Schema | undefined>

interface UndefinedField {
  name: string
  /** Offset in the expression of the name. */
  position: number
}

const macros = new Set(['all', 'exists', 'exists_one', 'existsOne', 'filter', 'map', 'sortBy'])
const string: Schema = { type: 'string' }

/**
 * The first field that a rule reads and its schema does not have, so that a misspelt rule is refused when the
 * definition is applied and not when it first runs. Follows `self` and `oldSelf` through members, indexes and the
 * variables of macros; what it cannot follow it does not judge.
 */
export function findUndefinedField(ast: ASTNode, schema: Schema, isRoot: boolean): UndefinedField | undefined {
  const self = isRoot ? withRootFields(schema) : schema
  const found: UndefinedField[] = []
  visit(
    ast,
    new Map([
      ['self', self],
      ['oldSelf', self],
    ]),
    found,
  )
  return found[0]
}

/** At the root a rule sees apiVersion, kind and of metadata only the two names, whatever the schema says. */
function withRootFields(schema: Schema): Schema {
  const metadata: Schema = { type: 'object', properties: { name: string, generateName: string } }
  return { ...schema, properties: { ...schema.properties, apiVersion: string, kind: string, metadata } }
}

/** Visits a node and everything below it; returns the schema of its value where that is known. */
function visit(node: ASTNode, scope: Scope, found: UndefinedField[]): Schema | undefined {
  switch (node.op) {
    case 'id':
      return scope.get(node.args)
    case '.':
    case '.?': {
      const [base, name] = node.args
      return memberOf(visit(base, scope, found), name, node, found)
    }
    case '[]':
    case '[?]': {
      const [base, index] = node.args
      visit(index, scope, found)
      return elementOf(visit(base, scope, found))
    }
    case 'rcall':
      return visitMethod(node.args, scope, found)
    case 'call':
      for (const argument of node.args[1]) visit(argument, scope, found)
      return undefined
    default:
      for (const child of nodesIn(node.args)) visit(child, scope, found)
      return undefined
  }
}

function visitMethod(
  [name, receiver, parameters]: [string, ASTNode, ASTNode[]],
  scope: Scope,
  found: UndefinedField[],
): Schema | undefined {
  const over = visit(receiver, scope, found)
  const [variable, ...bodies] = parameters
  if (macros.has(name) && variable?.op === 'id') {
    // Over a map the variable is a key: a string, of which nothing more needs to be known.
    const element = over?.type === 'array' ? over.items : undefined
    const inner = new Map(scope).set(variable.args, element)
    for (const body of bodies) visit(body, inner, found)
    return name === 'filter' ? over : undefined
  }
  for (const parameter of parameters) visit(parameter, scope, found)
  return undefined
}

function memberOf(base: Schema | undefined, name: string, node: ASTNode, found: UndefinedField[]): Schema | undefined {
  if (base === undefined || base['x-kubernetes-embedded-resource'] === true) return undefined
  const { properties, additionalProperties } = base
  if (additionalProperties !== undefined) return elementOf(base)
  const match = Object.entries(properties ?? {}).find(([property]) => escapeName(property) === name)
  if (match !== undefined) return match[1]
  if (base.type !== undefined) found.push({ name, position: node.pos })
  return undefined
}

function elementOf(base: Schema | undefined): Schema | undefined {
  if (base?.type === 'array') return base.items
  return typeof base?.additionalProperties === 'object' ? base.additionalProperties : undefined
}

function nodesIn(value: unknown): ASTNode[] {
  if (Array.isArray(value)) return value.flatMap(nodesIn)
  return isNode(value) ? [value] : []
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value
}
