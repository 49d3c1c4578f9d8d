/** How it stands with what a probe looks at; `unknown`: it could not be measured. The worst first. */
export const probeStates = ['red', 'amber', 'unknown', 'green'] as const;
export type ProbeState = (typeof probeStates)[number];

/** Ways on which people are told that a probe has changed. */
export type NoticeChannel = 'mail' | 'webhook';

export type NoticeState = 'waiting' | 'sent' | 'failed';
