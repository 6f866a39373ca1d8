import type { ASTNode } from '@marcbachmann/cel-js'

import { eventFieldNames } from './cel-environment.ts'
import {
  elementOf,
  fromEvent,
  functionCosts,
  loops,
  methodCosts,
  scalar,
  type CallCost,
  type Extent,
} from './function-costs.ts'

/** Loops inside loops: two compare each element with each other one; no use for more is known. */
const maxLoopNesting = 2

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
 * limit of its own.
 */
export function estimateCost(expression: ASTNode): CostEstimate {
  const estimator = new Estimator()
  estimator.visit(expression, { variables: new Map([['event', fromEvent]]), times: 1, nesting: 0 })
  return estimator
}

class Estimator implements CostEstimate {
  units = 0
  readonly refusals: string[] = []

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
        this.#checkEventField(node.args[0], node.args[1])
        return this.visit(node.args[0], place)
      case 'call':
        return this.#visitCall(node.args, place)
      case 'rcall':
        return this.#visitMethod(node.args, place)
      case 'list':
      case 'map':
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
  #checkEventField(base: ASTNode, name: string): void {
    if (base.op !== 'id' || base.args !== 'event' || eventFieldNames.includes(name)) return
    this.#refuse(`an event has no field "${name}", only ${eventFieldNames.join(', ')}`)
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
        const sum = plus(left, right)
        this.#add(sum.items + sum.text / 64, place)
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
    return this.#charge(name, functionCosts.get(name)?.(extents[0] ?? scalar, scalar, extents.length), place)
  }

  #visitMethod([name, receiver, parameters]: [string, ASTNode, ASTNode[]], place: Place): Extent {
    const on = this.visit(receiver, place)
    if (loops.has(name)) return this.#visitLoop(name, on, parameters, place)
    const extents = parameters.map((parameter) => this.visit(parameter, place))
    return this.#charge(name, methodCosts.get(name)?.(on, extents[0] ?? scalar, extents.length), place)
  }

  #charge(name: string, cost: CallCost | undefined, place: Place): Extent {
    if (cost === undefined) {
      const instead = name === 'matches' ? '; use startsWith, endsWith, contains or ==' : ''
      this.#refuse(`the function ${name} is not available to filters${instead}`)
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
  return { items: 0, text: characters, longest: characters, weight: 1 + length / 64 }
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
