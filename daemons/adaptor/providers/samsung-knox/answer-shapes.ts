import { z } from 'zod';

import { Fault } from '../../../../shared/runtime/faults.ts';
import { successCode } from './error-catalogue.ts';

/**
 * The shapes of Knox's answers, read tolerantly: codes are numbers or texts, one thing may stand alone where several
 * would be a list, blanks may surround values, sections may be missing, unknown keys are skipped. The two generations
 * are not told apart: Gen1 wraps the state of a transaction in a list, Gen2 does not.
 */

const text = z.union([z.string(), z.number()]).transform((value) => String(value).trim());
const optionalText = text.nullish().transform((value) => value ?? '');
/** Samsung calls it a description; where it is something else, it is not shown. */
const description = z
  .unknown()
  .optional()
  .transform((value) => (typeof value === 'string' ? value.trim() : ''));
const error = { code: optionalText, message: optionalText, data: description };

/** One thing or a list of them; nothing is an empty list. */
const listOf = <Item extends z.ZodType>(item: Item) =>
  z.preprocess(
    (value) => (Array.isArray(value) ? (value as unknown[]) : [value].filter((one) => one != null)),
    z.array(item),
  );

const device = z.object({ imei: optionalText, serialNumber: optionalText, ...error });

const transaction = z.object({
  transactionId: optionalText,
  state: optionalText.transform((state) => state.toLowerCase()),
  ...error,
  devices: listOf(device),
});

const answer = transaction.extend({
  totalCount: optionalText,
  // Gen1 and Gen2.
  totalPage: optionalText,
  totalPages: optionalText,
  transactions: z.unknown().optional(),
});

const transactions = listOf(transaction);

export type KnoxTransaction = z.output<typeof transaction>;
export type KnoxDevice = z.output<typeof device>;

export interface KnoxAnswer {
  /** What stands at the top: a transaction, an error, or nothing beside a list. */
  readonly top: KnoxTransaction;
  /** Undefined where the answer has no list of transactions. */
  readonly listed: readonly KnoxTransaction[] | undefined;
  /** Pages that the answer counts, itself included. */
  readonly pages: number;
}

/**
 * Reads any answer into one form.
 *
 * @throws Fault UNKNOWN_ANSWER with the place and never the content
 */
export function readShapes(document: unknown): KnoxAnswer {
  const { totalCount, totalPage, totalPages, transactions: list, ...top } = parse(answer, document);
  const isList = list != null || totalCount === '0';
  return {
    top,
    listed: isList ? parse(transactions, list) : undefined,
    pages: Number(totalPages || totalPage) || 1,
  };
}

function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const place = read.error.issues[0]?.path.join('.');
  throw new Fault('UNKNOWN_ANSWER', place ? `not as expected at ${place}` : 'not an object');
}

/**
 * A device has failed when it carries an error: the state of the transaction is `Complete` all the same (as a carrier's
 * client and Samsung's troubleshooting page show it).
 */
export const hasFailed = ({ code, message }: KnoxDevice): boolean =>
  code === '' ? message !== '' && message !== 'SUCCESS' : code !== successCode;
