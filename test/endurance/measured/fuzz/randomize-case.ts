import type { Chance } from './chance.ts'

export function randomizeCase(text: string, chance: Chance): string {
  return text.replace(/[a-z]/g, (letter) => (chance.flip() ? letter.toUpperCase() : letter))
}
