/** What a user of the console may do. Pure. */

/** Each may do what the ones before it may. */
export const roles = ['viewer', 'operator', 'administrator'] as const;

export type Role = (typeof roles)[number];

/** Whether somebody of a role may do what needs another. */
export const suffices = (role: Role, needed: Role): boolean => roles.indexOf(role) >= roles.indexOf(needed);
