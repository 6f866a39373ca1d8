import type { ASTNode } from '@marcbachmann/cel-js'

import { asText, elementOf, fromEvent, loops, scalar, type CallCost, type Extent } from './function-costs.ts'
import { filterLanguage, type Language } from './language.ts'

/** Loops inside loops: two compare each element with each other one; no use for more is known. */
const maxLoopNesting = 2
/** The library leaves them out of what is written as a map, without a word. */
const lostKeys: ReadonlySet<unknown> = new Set(['__proto__', 'constructor', 'prototype'])

interface Place {
  readonly variables: ReadonlyMap<string, Extent>
  /** How often this place is visited at worst. */
  readonly times: number
  readonly nesting: number
}

export interface CostEstimate {
  /**
   * Upper bound of the steps that one event costs; a step is about as much work as looking at one node of the
   * expression.
   */
  readonly units: number
  /** What is not allowed at any cost, in plain words. */
  readonly refusals: readonly string[]
}

/**
 * How much work an expression can be for the worst event inside `eventLimits`, without running it. The library sets no
 * limit of its own. `unitsOf`: what is done with its value costs that; absent: nothing.
 */
export function estimateCost(
  expression: ASTNode,
  language: Language = filterLanguage,
  unitsOf: (result: Extent) => number = () => 0,
): CostEstimate {
  const estimator = new Estimator(language)
  const result = estimator.visit(expression, { variables: new Map([['event', fromEvent]]), times: 1, nesting: 0 })
  estimator.units += unitsOf(result)
  return estimator
}

class Estimator implements CostEstimate {
  units = 0
  readonly refusals: string[] = []
  readonly #language: Language

  constructor(language: Language) {
    this.#language = language
  }

  /** Adds what this node and all below it cost; returns how big its value can be. */
  visit(node: ASTNode, place: Place): Extent {
    this.#add(1, place)
    switch (node.op) {
      case 'value':
        return extentOfLiteral(node.args)
      case 'id':
        return place.variables.get(node.args) ?? scalar
      case '.':
      case '.?':
        return this.#visitMember(node.args[0], node.args[1], place)
      case 'call':
        return this.#visitCall(node.args, place)
      case 'rcall':
        return this.#visitMethod(node.args, place)
      case 'list':
        return this.#visitAggregate(node.args.length, node.args, place)
      case 'map':
        this.#checkKeys(node.args)
        return this.#visitAggregate(node.args.length, node.args.flat(), place)
      case '!_':
      case '-_':
        return this.visit(node.args, place)
      case '?:': {
        const [condition, whenTrue, whenFalse] = node.args
        this.visit(condition, place)
        return eitherOf(this.visit(whenTrue, place), this.visit(whenFalse, place))
      }
      default:
        return this.#visitPair(node.op, this.visit(node.args[0], place), this.visit(node.args[1], place), place)
    }
  }

  #add(units: number, { times }: Place): void {
    this.units += times * units
  }

  #refuse(reason: string): void {
    this.refusals.push(reason)
  }

  /** The type check finds a field that no event has, except inside `has`, which then would be false for ever. */
  #visitMember(base: ASTNode, name: string, place: Place): Extent {
    const whole = this.visit(base, place)
    if (base.op !== 'id' || base.args !== 'event') return whole
    const { fields } = this.#language
    const field = fields.get(name)
    if (field === undefined) this.#refuse(`an event has no field "${name}", only ${[...fields.keys()].join(', ')}`)
    return field ?? whole
  }

  #checkKeys(entries: readonly ASTNode[][]): void {
    for (const [key] of entries) {
      if (key?.op === 'value' && lostKeys.has(key.args)) this.#refuse(`a map cannot have the key "${String(key.args)}"`)
    }
  }

  #visitPair(op: string, left: Extent, right: Extent, place: Place): Extent {
    switch (op) {
      case '==':
      case '!=':
        this.#add(Math.min(left.weight, right.weight), place)
        return scalar
      case 'in':
        this.#add(Math.min(right.weight + right.items, right.items * (left.weight + 1)), place)
        return scalar
      case '+': {
        const both = plus(left, right)
        const sum = left.isText === true || right.isText === true ? { ...both, ...asText(both.text) } : both
        // Texts are chained, and copied once when they are looked at.
        this.#add(sum.items + sum.text / 1_024, place)
        return sum
      }
      case '[]':
      case '[?]':
        return left
      case '&&':
      case '||':
      case '-':
      case '*':
      case '/':
      case '%':
        return scalar
      default: // the orderings
        this.#add(Math.min(left.text, right.text) / 64, place)
        return scalar
    }
  }

  #visitCall([name, parameters]: [string, ASTNode[]], place: Place): Extent {
    const extents = parameters.map((parameter) => this.visit(parameter, place))
    if (name === 'has') return scalar
    return this.#charge(name, this.#language.functions.get(name)?.(extents[0] ?? scalar, scalar, extents.length), place)
  }

  #visitMethod([name, receiver, parameters]: [string, ASTNode, ASTNode[]], place: Place): Extent {
    const on = this.visit(receiver, place)
    if (loops.has(name)) return this.#visitLoop(name, on, parameters, place)
    const extents = parameters.map((parameter) => this.visit(parameter, place))
    return this.#charge(name, this.#language.methods.get(name)?.(on, extents[0] ?? scalar, extents.length), place)
  }

  #charge(name: string, cost: CallCost | undefined, place: Place): Extent {
    if (cost === undefined) {
      const instead = name === 'matches' ? '; use startsWith, endsWith, contains or ==' : ''
      this.#refuse(`the function ${name} is not available to ${this.#language.users}${instead}`)
      return scalar
    }
    this.#add(cost.units, place)
    return cost.extent
  }

  #visitLoop(name: string, over: Extent, [variable, ...bodies]: ASTNode[], place: Place): Extent {
    const nesting = place.nesting + 1
    if (nesting === maxLoopNesting + 1) this.#refuse(`loops are nested deeper than ${maxLoopNesting}`)
    const variables = new Map(place.variables)
    if (variable?.op === 'id') {
      if (variable.args === 'event') this.#refuse('the variable of a loop is called event; give it another name')
      variables.set(variable.args, elementOf(over))
    }
    const inside = { variables, times: place.times * Math.max(1, over.items), nesting }
    const results = bodies.map((body) => this.visit(body, inside))
    if (name === 'filter') return over
    const element = results.at(-1)
    if (name !== 'map' || element === undefined) return scalar
    const items = Math.max(over.items, element.items)
    const visits = Math.max(1, over.items)
    const { text, longest, weight } = element
    return { items, text: visits * text, longest, weight: visits * weight }
  }

  #visitAggregate(items: number, parts: ASTNode[], place: Place): Extent {
    const extents = parts.map((part) => this.visit(part, place))
    return extents.reduce(eitherOf, { items, text: 0, longest: 0, weight: 1 })
  }
}

function extentOfLiteral(value: unknown): Extent {
  const length = typeof value === 'string' || value instanceof Uint8Array ? value.length : 0
  const characters = Math.max(length, 1)
  const extent = { items: 0, text: characters, longest: characters, weight: 1 + length / 64 }
  return typeof value === 'string' ? { ...extent, isText: true } : extent
}

/**
 * One of the two, or both in one value. Sums, because some visits may have the larger ones of `a`, and the others those
 * of `b`.
 */
function eitherOf(a: Extent, b: Extent): Extent {
  return {
    items: Math.max(a.items, b.items),
    text: a.text + b.text,
    longest: Math.max(a.longest, b.longest),
    weight: a.weight + b.weight,
  }
}

function plus(a: Extent, b: Extent): Extent {
  return {
    items: a.items + b.items,
    text: a.text + b.text,
    longest: a.longest + b.longest,
    weight: a.weight + b.weight,
  }
}
