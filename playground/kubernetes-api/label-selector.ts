import { badRequest } from './status-error.ts'

type Labels = Readonly<Record<string, string>>
export type LabelSelector = (labels: Labels) => boolean

/**
 * Parses a label selector in its set-based syntax: `a=b`, `a==b`, `a!=b`, `a in (x,y)`, `a notin (x,y)`, `a`, `!a`,
 * `a>1`, `a<1`, joined by commas. As in a real server, `!=` and `notin` also match where the label is absent.
 * @throws StatusError 400 with a real server's text when it does not parse
 */
export function parseLabelSelector(text: string): LabelSelector {
  const tokens = tokenize(text)
  const requirements: LabelSelector[] = []
  while (tokens.length > 0) {
    requirements.push(parseRequirement(tokens))
    const next = tokens.shift()
    if (next === undefined) break
    if (next !== ',') throw unparsable(`found '${next}', expected: ',' or 'end of string'`)
    if (tokens.length === 0) throw unparsable(`found '', expected: identifier after ','`)
  }
  return (labels) => requirements.every((holds) => holds(labels))
}

function tokenize(text: string): string[] {
  return text.match(/[(),]|==|!=|[!=<>]|[^\s(),!=<>]+/g) ?? []
}

const punctuation = new Set(['(', ')', ',', '==', '!=', '!', '=', '<', '>'])

function parseRequirement(tokens: string[]): LabelSelector {
  const first = tokens.shift() ?? ''
  if (first === '!') {
    const absent = identifier(tokens.shift())
    return (labels) => !Object.hasOwn(labels, absent)
  }
  if (punctuation.has(first)) throw unparsable(`found '${first}', expected: !, identifier, or 'end of string'`)
  const operator = tokens[0]
  if (operator === undefined || operator === ',') return (labels) => Object.hasOwn(labels, first)
  tokens.shift()
  return operatorRequirement(first, operator, tokens)
}

function operatorRequirement(key: string, operator: string, tokens: string[]): LabelSelector {
  switch (operator) {
    case '=':
    case '==': {
      const value = optionalValue(tokens)
      return (labels) => labels[key] === value
    }
    case '!=': {
      const value = optionalValue(tokens)
      return (labels) => labels[key] !== value
    }
    case 'in': {
      const values = parseValues(tokens)
      return (labels) => values.has(labels[key] ?? '') && Object.hasOwn(labels, key)
    }
    case 'notin': {
      const values = parseValues(tokens)
      return (labels) => !Object.hasOwn(labels, key) || !values.has(labels[key] ?? '')
    }
    case '<':
    case '>': {
      const bound = Number(optionalValue(tokens))
      if (!Number.isInteger(bound)) throw unparsable(`for 'Gt', 'Lt' operators, the value must be an integer`)
      const above = operator === '>'
      return (labels) => {
        const value = Number(labels[key] ?? Number.NaN)
        return above ? value > bound : value < bound
      }
    }
    default:
      throw unparsable(`unable to parse requirement: found '${operator}', expected: in, notin, =, ==, !=, gt, lt`)
  }
}

function optionalValue(tokens: string[]): string {
  if (tokens[0] === undefined || tokens[0] === ',') return ''
  return identifier(tokens.shift())
}

function identifier(token: string | undefined): string {
  if (token === undefined || punctuation.has(token)) throw unparsable(`found '${token ?? ''}', expected: identifier`)
  return token
}

function parseValues(tokens: string[]): Set<string> {
  const open = tokens.shift() ?? ''
  if (open !== '(') throw unparsable(`unable to parse requirement: found '${open}' expected: '('`)
  const values = new Set<string>()
  for (;;) {
    const token = tokens.shift()
    if (token === undefined) throw unparsable(`unable to parse requirement: found '', expected: ',' or ')'`)
    if (token === ')') return values
    if (token !== ',') values.add(token)
  }
}

function unparsable(message: string): Error {
  return badRequest(message)
}
