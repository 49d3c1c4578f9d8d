import { z } from 'zod';

import { answer } from './fields.ts';

/** What a program gets when a request failed (RFC 9457). Pure. */
export const problem = answer('Problem', {
  title: z.string().describe('Of the status.'),
  status: z.int().min(400).max(599),
  detail: z.string().describe('What happened, and to what.'),
  code: z
    .string()
    .describe('Stays the same over versions: what a program decides by.')
    .meta({ examples: ['NOT_ALLOWED'] }),
  action: z.string().describe('What to do about it.'),
});

export type Problem = z.infer<typeof problem>;

/** Statuses of failures, and what each means. */
export const problemStatuses = {
  400: 'The request is not valid: a field is missing, unknown or wrong, or the body is no JSON.',
  401: 'There is no token, or it is unknown, expired or revoked.',
  403: 'The role of the token does not allow that.',
  404: 'There is nothing of that name or number.',
  409: 'The state of the thing does not allow that.',
  413: 'The body is larger than is taken.',
  415: 'The body is not application/json.',
  422: 'It cannot be done with this, however often it is tried.',
  429: 'There were too many requests; the header Retry-After has the seconds to wait.',
  500: 'The console has failed; its log has more.',
  503: 'Not at the moment: the store or a disk is not available. Try again later.',
} as const;

export type ProblemStatus = keyof typeof problemStatuses;
