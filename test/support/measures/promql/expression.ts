/** The part of PromQL that the alerts use. Anything else is a syntax error, so that no rule can slip past its test. */
export type Expression =
  | { type: 'number'; value: number }
  | { type: 'selector'; matchers: Matcher[]; rangeMs?: number }
  | { type: 'call'; name: FunctionName; argument: Expression }
  | { type: 'aggregate'; operator: AggregateName; by: string[]; operand: Expression }
  | { type: 'binary'; operator: BinaryName; left: Expression; right: Expression }

export interface Matcher {
  label: string
  operator: '=' | '!=' | '=~' | '!~'
  value: string
}

const functionNames = ['abs', 'absent', 'increase', 'rate', 'max_over_time'] as const
export type FunctionName = (typeof functionNames)[number]
const aggregateNames = ['sum', 'min', 'max'] as const
export type AggregateName = (typeof aggregateNames)[number]
const comparisons = ['==', '!=', '>', '<', '>=', '<='] as const
export type ComparisonName = (typeof comparisons)[number]
export type BinaryName = 'or' | '/' | ComparisonName

const tokenPattern = /\s*(?:([a-zA-Z_:][\w:]*)|(\d+(?:\.\d+)?)|("(?:[^"\\]|\\.)*")|(=~|!~|==|!=|>=|<=|[><=(){}[\],/]))/y
const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Binding strength, as in PromQL. */
const strength: Readonly<Record<string, number>> = {
  or: 1,
  ...Object.fromEntries(comparisons.map((name) => [name, 2])),
  '/': 3,
}

/** Throws a SyntaxError for what is no PromQL, and for PromQL beyond the part above. */
export function parseExpression(text: string): Expression {
  const parser = new Parser(tokensOf(text), text)
  const expression = parser.binary(0)
  parser.end()
  return expression
}

function tokensOf(text: string): string[] {
  const tokens: string[] = []
  tokenPattern.lastIndex = 0
  while (tokenPattern.lastIndex < text.trimEnd().length) {
    const at = tokenPattern.lastIndex
    const match = tokenPattern.exec(text)
    if (match === null) throw new SyntaxError(`${text}: cannot read "${text.slice(at, at + 20)}"`)
    tokens.push(match[0].trim())
  }
  return tokens
}

class Parser {
  readonly #tokens: readonly string[]
  readonly #text: string
  #at = 0

  constructor(tokens: readonly string[], text: string) {
    this.#tokens = tokens
    this.#text = text
  }

  binary(least: number): Expression {
    let left = this.#operand()
    for (;;) {
      const operator = this.#tokens[this.#at] ?? ''
      const own = strength[operator]
      if (own === undefined || own <= least) return left
      this.#at += 1
      left = { type: 'binary', operator: operator as BinaryName, left, right: this.binary(own) }
    }
  }

  end(): void {
    if (this.#at < this.#tokens.length) this.#fail('the end')
  }

  #operand(): Expression {
    const token = this.#next()
    if (/^\d/.test(token)) return { type: 'number', value: Number(token) }
    if (token === '(') return this.#closed(this.binary(0))
    if (isOneOf(aggregateNames, token)) return this.#aggregate(token)
    if (isOneOf(functionNames, token)) {
      this.#expect('(')
      return { type: 'call', name: token, argument: this.#closed(this.binary(0)) }
    }
    if (this.#tokens[this.#at] === '(') this.#fail('a function that alerts may use')
    return this.#selector(token)
  }

  #aggregate(operator: AggregateName): Expression {
    this.#expect('by')
    const by = this.#list('(', ')', () => this.#next())
    this.#expect('(')
    return { type: 'aggregate', operator, by, operand: this.#closed(this.binary(0)) }
  }

  #selector(name: string): Expression {
    if (!/^[a-z_]/i.test(name)) this.#fail('a metric')
    const matchers: Matcher[] = [{ label: '__name__', operator: '=', value: name }]
    if (this.#tokens[this.#at] === '{') matchers.push(...this.#list('{', '}', () => this.#matcher()))
    if (this.#tokens[this.#at] !== '[') return { type: 'selector', matchers }
    this.#expect('[')
    const amount = Number(this.#next())
    const unit = unitMs[this.#next()] ?? this.#fail('s, m, h or d')
    this.#expect(']')
    return { type: 'selector', matchers, rangeMs: amount * unit }
  }

  #matcher(): Matcher {
    const label = this.#next()
    const operator = this.#next()
    if (!isOneOf(['=', '!=', '=~', '!~'] as const, operator)) this.#fail('a matcher')
    return { label, operator, value: JSON.parse(this.#next()) as string }
  }

  #list<T>(open: string, close: string, member: () => T): T[] {
    this.#expect(open)
    const members: T[] = []
    while (this.#tokens[this.#at] !== close) {
      if (members.length > 0) this.#expect(',')
      members.push(member())
    }
    this.#expect(close)
    return members
  }

  #closed(expression: Expression): Expression {
    this.#expect(')')
    return expression
  }

  #next(): string {
    const token = this.#tokens[this.#at] ?? this.#fail('more')
    this.#at += 1
    return token
  }

  #expect(token: string): void {
    if (this.#tokens[this.#at] !== token) this.#fail(token)
    this.#at += 1
  }

  #fail(expected: string): never {
    throw new SyntaxError(`${this.#text}: expected ${expected} instead of ${this.#tokens[this.#at] ?? 'the end'}`)
  }
}

function isOneOf<T extends string>(words: readonly T[], word: string): word is T {
  return (words as readonly string[]).includes(word)
}
