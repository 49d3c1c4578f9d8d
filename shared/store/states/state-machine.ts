import { bug } from '../../runtime/faults.ts';

/** Which states may follow each state. */
export type Moves<State extends string> = Readonly<Record<State, readonly State[]>>;

/**
 * The one way from a state to the next. A move that the table does not have is a bug of ours, never a warning.
 *
 * @throws Fault BUG
 */
export function checkMove<State extends string>(
  machine: string,
  moves: Moves<State>,
  from: State,
  to: State,
): void {
  if (!moves[from].includes(to)) throw bug(`${machine}: no move from "${from}" to "${to}"`);
}
