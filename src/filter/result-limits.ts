/** What a transform may make of one event, and any function of it on the way there. */
export const maxResultBytes = 64 * 1024
