import type { ManyResult } from '../shared/operator/many.ts';
import { exitCodes } from '../shared/runtime/exit-codes.ts';
import { Fault } from '../shared/runtime/faults.ts';
import { table, type Output } from './output.ts';

/** Commands that act on one thing by its number, or with --all on many. */

/** @throws Fault BAD_INPUT when it is not clear what is meant */
export function requireOneOrAll(
  number: string | undefined,
  options: { readonly all?: boolean } & Readonly<Record<string, unknown>>,
  filters: readonly string[],
): void {
  if ((number === undefined) !== (options.all === true))
    throw new Fault('BAD_INPUT', 'give either a number, or --all');
  const [given] = filters.filter((name) => options[name] !== undefined);
  if (number !== undefined && given !== undefined)
    throw new Fault('BAD_INPUT', `--${given} goes with --all only`);
}

/** Tells what was done; with what was not, the exit code is that of a failure. */
export function printMany(
  output: Output,
  what: string,
  result: ManyResult & { readonly more: boolean },
): void {
  const { done, refused, left, more } = result;
  const total = done.length + refused.length + left.length;
  output.print(result, [
    `Done with ${done.length} of ${total} ${what}(s)`,
    ...(refused.length === 0
      ? []
      : [
          '',
          ...table(
            [what, 'code', 'detail'],
            refused.map(({ id, code, detail }) => [id, code, detail]),
          ),
        ]),
    ...(left.length === 0 ? [] : ['', `Not tried any more: ${left.length}`]),
    ...(more ? ['', 'More match: give the command again for the next ones'] : []),
  ]);
  if (done.length < total) process.exitCode = exitCodes.failed.code;
}
