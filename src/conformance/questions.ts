import { answersQuestion } from './questions/answers.ts'
import { batchListQuestion } from './questions/batch-list.ts'
import { consistencyQuestion } from './questions/consistency.ts'
import { deliveriesQuestion } from './questions/deliveries.ts'
import { jobsQuestion } from './questions/jobs.ts'
import { projectQuestion, rateQuestion, refusalsQuestion } from './questions/limits.ts'
import { rotationQuestion, secretsQuestion } from './questions/secrets.ts'
import { statesQuestion } from './questions/states.ts'
import type { Question } from './session.ts'

/** In their order: what uses up the calls of a minute comes last. */
export const questions: readonly Question[] = [
  answersQuestion,
  secretsQuestion,
  rotationQuestion,
  refusalsQuestion,
  consistencyQuestion,
  statesQuestion,
  deliveriesQuestion,
  jobsQuestion,
  batchListQuestion,
  projectQuestion,
  rateQuestion,
]

/** Of these a question finds out something only where the service lets it. */
export const sometimesFound = ['reenableByUpdate', 'rotateAutoDisabled'] as const
