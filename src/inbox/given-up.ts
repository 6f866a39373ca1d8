/**
 * Of an owner's oldest dead letters, when room is made for an event that is given up from the beginning: so many that
 * some leave room wherever events have no more than the most sinks, and so few that looking costs others nothing.
 */
export const lookedAtForRoom = 64
