/** What a page lists, and what one call names, at most. */
export const maxPage = 1_000

/** What is asked for at once while a receiver is emptied, at most. */
export const maxHandedPage = 100
