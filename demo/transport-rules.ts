import { z } from 'zod';

/**
 * How a simulated server misbehaves on request, whatever it speaks. A rule holds for calls whose `METHOD path` matches,
 * and so many times; the first rule that holds decides.
 */
const transportRule = z.strictObject({
  /** Regular expression on `METHOD /path`; every call when it is left out. */
  match: z.string().default(''),
  /** How often the rule holds; always when it is left out. */
  times: z.number().int().min(1).optional(),
  /** Answers late; the call was done before the wait. */
  delaySeconds: z.number().min(0).optional(),
  /** Reads the call, does it, and never answers. */
  stall: z.literal(true).optional(),
  /** Closes the connection without doing what was asked. */
  hangUpBefore: z.literal(true).optional(),
  /** Does what was asked, then closes the connection without an answer. */
  hangUpAfter: z.literal(true).optional(),
  /** Does what was asked, and breaks off in the middle of the answer. */
  cutBody: z.literal(true).optional(),
  /** Does what was asked, and answers with so many megabytes. */
  flood: z.number().min(1).optional(),
  /** Answers with this status, and does nothing. */
  status: z.number().int().min(200).max(599).optional(),
  /** With `status`: header Retry-After, in seconds, or as it stands (a date). */
  retryAfter: z.union([z.number().int(), z.string()]).optional(),
  /** With `status`: header Location. */
  location: z.string().optional(),
  /** With `status`: a body of the provider, as it stands. */
  body: z.unknown().optional(),
  /** An HTML page, as gateways answer. Without `status` the call is done, and its answer is lost. */
  notJson: z.literal(true).optional(),
});
export type TransportRule = z.infer<typeof transportRule>;

export const transportRules = z.array(transportRule).default([]);

/** Counts how often each rule has held. A rule that is taken out of the file and put back begins anew. */
export class RuleCounter {
  #used = new Map<string, number>();

  /** The rule for a call, if any. */
  next(rules: readonly TransportRule[], call: string): TransportRule | undefined {
    const keys = rules.map((rule) => JSON.stringify(rule));
    this.#used = new Map([...this.#used].filter(([key]) => keys.includes(key)));
    const index = rules.findIndex(
      (rule, n) => new RegExp(rule.match).test(call) && this.#usesOf(keys[n]) < (rule.times ?? Infinity),
    );
    const [rule, key] = [rules[index], keys[index]];
    if (key !== undefined) this.#used.set(key, this.#usesOf(key) + 1);
    return rule;
  }

  #usesOf(key = ''): number {
    return this.#used.get(key) ?? 0;
  }
}
