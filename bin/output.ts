/** What commands print: text for people on stdout, or with --json one JSON document, and nothing else. */

export interface Output {
  /** `value` with --json, else the lines. */
  print(value: unknown, lines: readonly string[] | string): void;
}

export const outputOf = (json: boolean): Output => ({
  print: (value, lines) => {
    const text = typeof lines === 'string' ? lines : lines.join('\n');
    process.stdout.write(`${json ? JSON.stringify(value, null, 2) : escapeControls(text)}\n`);
  },
});

/** Names and messages come from others: nothing in them may steer the terminal. */
export const escapeControls = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}]/gu, (char) =>
    char === '\n' ? char : `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`,
  );

type Cell = string | number | null | undefined;

/** Columns as wide as their widest cell; a row has as many cells as there are titles. */
export function table(titles: readonly string[], rows: readonly (readonly Cell[])[]): string[] {
  const cells = [titles, ...rows].map((row) => row.map((cell) => String(cell ?? '')));
  const widths = titles.map((_, column) => Math.max(...cells.map((row) => widthOf(row[column] ?? ''))));
  const lines = cells.map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - widthOf(cell)))
      .join('  ')
      .trimEnd(),
  );
  return [...lines.slice(0, 1), widths.map((width) => '─'.repeat(width)).join('  '), ...lines.slice(1)];
}

/** Characters, not UTF-16 units. */
const widthOf = (text: string): number => Array.from(text).length;

/** `2026-01-14 11:02:39`: to the second, UTC. */
export const shortTime = (iso: string | null): string =>
  iso === null ? '' : iso.slice(0, 19).replace('T', ' ');
