import { signal } from '@preact/signals'

import type { ActionRequest, ActionResult } from '../../contract/page/actions.ts'
import { act, type Answer } from '../live/ask.ts'

/** Something that a person wants done: asked first where it changes something, then done once, then told. */
export interface Task {
  readonly title: string
  /** What will happen, with how many; absent: it is done at once. */
  readonly question?: string
  /** The word on the button. */
  readonly verb: string
  /** What has to be typed before it may be done. */
  readonly toType?: string
  /** A choice that goes with it. */
  readonly option?: { readonly label: string; readonly explains: string }
  /** One of several, the first unless another is chosen. */
  readonly choice?: { readonly label: string; readonly of: readonly string[] }
  /** What is going on meanwhile. */
  readonly doing: string
  readonly request: (given: Given) => ActionRequest
}

/** What the person gave with the answer. */
interface Given {
  readonly typed: string
  readonly isChosen: boolean
  readonly choice: string
}

export type TaskState =
  | { readonly at: 'asking'; readonly task: Task }
  | { readonly at: 'doing'; readonly task: Task }
  | { readonly at: 'told'; readonly task: Task; readonly answer: Answer<ActionResult> }

/** The one under way; shown by the dialog. */
export const taskState = signal<TaskState | undefined>(undefined)

export function begin(task: Task): void {
  if (task.question === undefined) void carryOut(task, { typed: '', isChosen: false, choice: '' })
  else taskState.value = { at: 'asking', task }
}

export async function carryOut(task: Task, given: Given): Promise<void> {
  taskState.value = { at: 'doing', task }
  const answer = await act(task.request(given))
  if (taskState.value?.task === task) taskState.value = { at: 'told', task, answer }
  finished.value++
}

/** Counts what has been done: lists that show what is kept are asked for again. */
export const finished = signal(0)
