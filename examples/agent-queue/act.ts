import { GoogleGenAI } from '@google/genai'

const gemini = new GoogleGenAI({}) // takes GEMINI_API_KEY from the environment

/** Called again for the same interaction when it throws or this process ends. */
export async function act(id: string): Promise<void> {
  const interaction = await gemini.interactions.get(id)
  // Your tools: run what its function calls ask for, and give the results to an interaction that continues it.
  console.log(`${id}: ${interaction.status}`)
}
