/**
 * What becomes of input that may be wrong: its value, or what is wrong with it, which is data and no exception. The
 * problem is a phrase for people unless a type says otherwise; it never quotes a secret.
 */
export type Result<Value, Problem = string> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly problem: Problem }

export function ok<Value>(value: Value): { readonly ok: true; readonly value: Value } {
  return { ok: true, value }
}

export function problem<Problem>(what: Problem): { readonly ok: false; readonly problem: Problem } {
  return { ok: false, problem: what }
}
