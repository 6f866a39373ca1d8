import type * as z from 'zod'

/**
 * One request of the admin API: what the receiver reads, what `gwh` sends and checks, and what the reference page says
 * all come from it.
 */
export interface AdminRoute<Given extends z.ZodType = z.ZodType, Answer extends z.ZodType = z.ZodType> {
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** For the reference page. */
  readonly about: string
  /**
   * The query of a GET, the body of a POST. Its messages go to the caller: they name the field, and what to give
   * instead.
   */
  readonly given: Given
  /** Sent in place of those messages, whatever is wrong. */
  readonly refusal?: string
  /** Above it the answer is 413. */
  readonly maxBodyBytes: number
  /**
   * Loose: what a newer receiver adds is let through, a field that is missing or of another type is an error for the
   * caller. Of a stream: one line of it.
   */
  readonly answer: Answer
}

/** What is asked with, as it is written. */
export type GivenTo<Route extends AdminRoute> = z.input<Route['given']>
/** The same as it was read: checked, with defaults, times in milliseconds since the epoch. */
export type ReadBy<Route extends AdminRoute> = z.output<Route['given']>
export type AnswerOf<Route extends AdminRoute> = z.output<Route['answer']>

/** Every answer without success: which field, what was wrong, what to give instead. */
export interface AdminError {
  error: string
}

/** Any value lets a request in: a web page cannot set it. */
export const adminHeader = 'x-gwh-admin'
/** On every answer: the version of the receiver. */
export const versionHeader = 'x-gwh-version'
/** A thousand deliveries, by name. */
export const maxBodyBytes = 64 * 1024
